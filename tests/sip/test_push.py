"""
pn-* parameters and Feature-Caps (RFC 8599 sections 4.1.1, 8).
"""

from __future__ import annotations

import pytest

from sippn.errors import BadRequest
from sippn.sip import (
    PN_PARAMS,
    URI,
    FeatureCaps,
    Headers,
    PushParams,
    escape_pvalue,
    push_params,
    read_feature_caps,
    without_push_params,
    write_feature_caps,
)


def params(text: str) -> PushParams | None:
    """Read the push parameters of a Contact with these parameters."""
    return push_params(URI.parse(f"sip:a@h{text}"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        (";ob;transport=tcp", None),
        (";pn-purr=x", None),
        (";pn-silent=1", None),
        (";pn-provider=acme;pn-param=p;pn-prid=Ab:c", PushParams("acme", "p", "Ab:c")),
        (";PN-PRID=x;Pn-Provider=FCM", PushParams("fcm", "", "x")),
        (";pn-provider", PushParams("", "", None)),
        (";pn-provider=", PushParams("", "", None)),
        (";pn-provider=webpush", PushParams("webpush", "", None)),
        (";pn-prid=x", PushParams(None, "", "x")),
        (';pn-provider=acme;pn-prid="x"', PushParams("acme", "", "x")),
        (
            ";pn-provider=a;pn-param=T.b.voip&remote;pn-prid=AA:voip&BB:remote",
            PushParams("a", "T.b.voip&remote", "AA:voip&BB:remote"),
        ),
        (";pn-provider=a;pn-prid=*", PushParams("a", "", "*")),
    ],
)
def test_parameters_are_found(text: str, expected: PushParams | None) -> None:
    """G-01, appendix B 2, 3, 17, 25: any case, any order, quoted; a PRID keeps its letters."""
    assert params(text) == expected


def test_prid_is_unescaped_exactly_once() -> None:
    """G-03, T12: ``a%41`` is ``aA``, ``%2541`` is ``%41``."""
    assert params(";pn-prid=a%41") == params(";pn-prid=aA")
    assert params(";pn-prid=%2541") == PushParams(None, "", "%41")


def test_web_push_url_survives() -> None:
    """Appendix B 16: every sign of it, through our own escaping as well."""
    url = "https://h/p?a=b;c=%2F"
    assert params(f";pn-prid={escape_pvalue(url)}") == PushParams(None, "", url)
    assert params(";pn-prid=https:%2F%2Fh/p%3Fa%3Db%3Bc%3D%252F") == PushParams(None, "", url)


@pytest.mark.parametrize(
    "text",
    [
        ";pn-prid",
        ";pn-prid=",
        ';pn-prid=""',
        ";pn-prid=a;pn-prid=b",
        ";pn-prid=a;PN-PRID=a",
        ";pn-provider=a;pn-provider",
        ";pn-param=a;pn-param=b",
        ";pn-prid=a%00b",
        ";pn-prid=a%0d%0aVia:",
        ";pn-prid=a%4",
        ";pn-prid=%ff",
        ";pn-param=%80",
    ],
)
def test_broken_ones_are_refused(text: str) -> None:
    """T12: empty, twice, NUL; what is no UTF-8 could not be stored."""
    with pytest.raises(BadRequest):
        params(text)


def test_prid_is_bounded() -> None:
    """T12: 4 KiB, after unescaping, in octets; a URI made elsewhere may be longer."""
    long = URI("sip", "a", None, "h", None, (("pn-prid", "x" * 4096),))
    assert push_params(long) is not None
    for prid in ("x" * 4097, "é" * 2049):
        with pytest.raises(BadRequest):
            push_params(URI("sip", "a", None, "h", None, (("pn-prid", prid),)))


def test_errors_and_reprs_show_no_prid() -> None:
    """T7: an error's text is a reason phrase."""
    assert "tok" not in repr(params(";pn-provider=a;pn-prid=tok"))
    with pytest.raises(BadRequest) as caught:
        params(";pn-prid=tok%00")
    assert "tok" not in str(caught.value)


def test_everything_about_push_is_stripped() -> None:
    """T6, T7: what others could push with goes, pn-purr stays for the UA's own dialog."""
    uri = URI.parse("sip:a@h;ob;PN-Prid=x;pn-anything=1;pn-purr=p;app-id=i;pn-tok=t;lr")
    assert str(without_push_params(uri)) == "sip:a@h;ob;pn-purr=p;lr"


def test_nothing_else_is_stripped() -> None:
    """app-id without the legacy dialect belongs to somebody else."""
    uri = URI.parse("sip:a@h;ob;app-id=i")
    assert without_push_params(uri) is uri


def test_dialects_are_known() -> None:
    """Binding identity ignores every one of them."""
    assert {"pn-provider", "pn-prid", "pn-param", "pn-silent", "app-id"} <= PN_PARAMS
    assert "pn-purr" not in PN_PARAMS


@pytest.mark.parametrize(
    ("caps", "text"),
    [
        (FeatureCaps("fcm"), '*;+sip.pns="fcm"'),
        (
            FeatureCaps("apns", pnsreg=130, purr="a-B_c"),
            '*;+sip.pns="apns";+sip.pnsreg="130";+sip.pnspurr="a-B_c"',
        ),
        (FeatureCaps("webpush", vapid="BAx"), '*;+sip.pns="webpush";+sip.vapid="BAx"'),
    ],
)
def test_feature_caps_are_written_and_read(caps: FeatureCaps, text: str) -> None:
    """F-01, F-02: with its asterisk, all in one value."""
    assert write_feature_caps(caps) == text
    assert read_feature_caps(Headers([("Feature-Caps", text)])) == [caps]


@pytest.mark.parametrize("value", ["", 'a"b', "a b", "a\r\n", "é"])
def test_what_is_no_tag_value_is_not_written(value: str) -> None:
    """G-04."""
    with pytest.raises(ValueError, match="tag-value"):
        write_feature_caps(FeatureCaps(value))


def test_feature_caps_are_read_leniently() -> None:
    """F-02: no asterisk, unquoted, any order, joined, misprinted; nonsense is passed over."""
    headers = Headers(
        [
            ("Feature-Caps", '+sip.pnsreq=120;+SIP.PNS=APNS, *;+sip.pns="fcm"'),
            ("Feature-Caps", '*;sip.vapid="k";sip.pns="webpush";+sip.pnsreg="x"'),
            ("Feature-Caps", "*"),
            ("Feature-Caps", '*;+sip.other="1"'),
            ("Feature-Caps", "*;;"),
        ]
    )
    assert read_feature_caps(headers) == [
        FeatureCaps("apns", pnsreg=120),
        FeatureCaps("fcm"),
        FeatureCaps("webpush", vapid="k"),
    ]
    assert read_feature_caps(Headers([("Feature-Caps", '*;+sip.pns="a", "')])) == []


def test_purr_does_not_show() -> None:
    """T2: a PURR is for the UA alone."""
    assert "sesame" not in repr(FeatureCaps("fcm", purr="sesame"))

"""
pn-* parameters and Feature-Caps (RFC 8599 sections 4.1.1, 8).
"""

from __future__ import annotations

import pytest

from sippn.sip import (
    PN_PARAMS,
    URI,
    FeatureCaps,
    Headers,
    PushParams,
    is_push_param,
    read_feature_caps,
    without_push_params,
    write_feature_caps,
)


def test_repr_shows_no_prid() -> None:
    """T7: whoever holds a PRID can push."""
    assert "tok" not in repr(PushParams("acme", "app", "tok"))
    assert repr(PushParams("acme", "", None)).endswith("prid=None)")


@pytest.mark.parametrize("name", sorted(PN_PARAMS))
def test_every_dialects_parameters_are_stripped(name: str) -> None:
    """P-004, T6, T7: whatever a dialect says about push stays here, in any case of its letters."""
    assert is_push_param(name)
    uri = URI.parse(f"sip:a@h;ob;{name.upper()}=x;lr")
    assert str(without_push_params(uri)) == "sip:a@h;ob;lr"


def test_unknown_push_parameters_are_stripped_and_a_purr_stays() -> None:
    """P-071: pn-purr is for the others in the dialog; any other pn-* is for nobody."""
    uri = URI.parse("sip:a@h;ob;PN-Prid=x;pn-anything=1;pn-purr=p;app-id=i;pn-tok=t;lr")
    assert str(without_push_params(uri)) == "sip:a@h;ob;pn-purr=p;lr"


def test_keys_of_a_subscription_are_stripped() -> None:
    """G-08, T7: the keys that a UA reads its pushes with are for nobody else, ours and others."""
    uri = URI.parse("sip:a@h;ob;sippn-wp-p256dh=B;SIPPN-WP-Auth=a;sippn-wp-more=1;pn-enckey=B;lr")
    assert str(without_push_params(uri)) == "sip:a@h;ob;lr"


@pytest.mark.parametrize(
    "name",
    ["ob", "pn", "pnx", "app", "app-ids", "x-pn-prid", "gr", "sippn", "sippn-w", "sippn-wpx"],
)
def test_nothing_else_is_stripped(name: str) -> None:
    """P-053: what is not about push reaches the UA as it was."""
    uri = URI.parse(f"sip:a@h;{name}=1")
    assert without_push_params(uri) is uri


def test_dialects_are_known() -> None:
    """P-029: binding identity ignores every one of them."""
    assert {"pn-provider", "pn-prid", "pn-param", "pn-silent", "app-id"} <= PN_PARAMS
    assert {"pn-enckey", "pn-encsec", "pn-enccode"} <= PN_PARAMS
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
    """F-02: Feature-Caps are read without asterisk or quotes, in any order, misprinted."""
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

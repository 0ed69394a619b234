"""What RFC 8599 itself says (sections 4.1 and 8)."""

from __future__ import annotations

import pytest

from sippn.binding import PushRequest, PushTarget
from sippn.dialect import read_push
from sippn.errors import BadRequest
from sippn.sip import URI, escape_pvalue
from tests.dialect.contacts import problem, read, target

ACME = PushTarget("acme", "app", "Ab:c")


@pytest.mark.parametrize(
    "text", ["", ";ob;transport=tcp", ";pn-purr=x", ";pn-silent=1", ";app-id=x"]
)
def test_contact_that_says_nothing_about_push(text: str) -> None:
    """P-010: a Contact without pn-provider is a plain one, whatever other parameters it has."""
    assert read(text) is None
    assert read("", text) is None


def test_push_is_asked_for() -> None:
    """U-02: a Contact with pn-provider, pn-param and pn-prid names whom to push."""
    assert read(";pn-provider=acme;pn-param=app;pn-prid=Ab:c") == PushRequest("acme", "acme", ACME)


@pytest.mark.parametrize(
    "text",
    [
        ";PN-PRID=Ab:c;Pn-Provider=ACME;pN-pARAM=app",
        ';pn-provider="acme";pn-param="app";pn-prid="Ab:c"',
        ";pn-prid=%41b%3Ac;transport=tcp;pn-param=%61pp;ob;pn-provider=%61cme",
    ],
)
def test_any_way_to_write_the_same(text: str) -> None:
    """G-01: names and pn-provider are read in any case and order; a PRID's letters count."""
    assert target(text) == ACME
    assert target(text.replace("b", "B")) != ACME


@pytest.mark.parametrize("text", [";pn-provider", ";pn-provider=", ';pn-provider=""'])
def test_all_services_are_asked_about(text: str) -> None:
    """U-08: pn-provider without a value asks for all push notification services there are."""
    assert read(text) == PushRequest("", "")


def test_one_service_is_asked_about() -> None:
    """U-08: pn-provider with a value and without pn-prid asks for that service alone."""
    assert read(";pn-provider=WebPush;pn-param=x") == PushRequest("webpush", "webpush")


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
        ";pn-tok=a;pn-tok=b",
        ";pn-type=apple;pn-tok=",
        ";pn-prid=a%00b",
        ";pn-prid=a%0d%0aVia:",
        ";pn-prid=a%4",
        ";pn-prid=%ff",
        ";pn-param=%80",
    ],
)
@pytest.mark.parametrize("place", [0, 1])
def test_broken_ones_are_refused(text: str, place: int) -> None:
    """G-02: a PRID that is empty, and any parameter twice or broken, gets a 400."""
    both = ";pn-provider=acme" if "provider" not in text else ";pn-prid=x"
    with pytest.raises(BadRequest):
        read(*(both + text, "") if not place else ("", both + text))


def test_values_are_bounded() -> None:
    """G-07: a PRID may have 4 KiB after unescaping, counted in octets, and no more."""

    def read_prid(prid: str) -> PushRequest | None:
        params = (("pn-provider", "acme"), ("pn-prid", prid))
        return read_push(URI("sip", "a", None, "h", None, params), ())

    assert read_prid("x" * 4096) is not None
    for prid in ("x" * 4097, "é" * 2049):
        with pytest.raises(BadRequest):
            read_prid(prid)


def test_long_contact_is_read() -> None:
    """G-07: a Contact with two Linphone tokens, a dozen of its hints and more fits in."""
    hints = "".join(f";pn-{name}-str={name * 20}" for name in "abcdefghijkl")
    tokens = f"{'A' * 160}:voip&{'B' * 160}:remote"
    found = target(f";pn-provider=apns;pn-param=ABCD1234.org.x.voip&remote;pn-prid={tokens}{hints}")
    assert found.prid == tokens
    assert len(found.hints) == 12


def test_prid_is_unescaped_exactly_once() -> None:
    """G-03: a PRID is unescaped exactly once: ``a%41`` is ``aA``, ``%2541`` is ``%41``."""
    assert target(";pn-provider=acme;pn-prid=a%41").prid == "aA"
    assert target(";pn-provider=acme;pn-prid=%2541").prid == "%41"
    assert target("", ';pn-provider=acme;pn-prid="%2541"').prid == "%41"


def test_web_push_url_survives() -> None:
    """G-03: each sign of a web push URL gets through, its own escapes as well."""
    url = "https://h/p?a=b;c=%2F"
    assert target(f";pn-provider=webpush;pn-prid={escape_pvalue(url)}").prid == url
    wire = ";pn-provider=webpush;pn-prid=https:%2F%2Fh/p%3Fa%3Db%3Bc%3D%252F"
    assert target(wire) == PushTarget("webpush", "", url)


def test_web_push_has_no_param() -> None:
    """P-012: pn-param, which Web Push must not have, is passed over."""
    found = target(";pn-provider=webpush;pn-param=app;pn-prid=https://h/p")
    assert found == PushTarget("webpush", "", "https://h/p")


def test_prid_of_nobody() -> None:
    """P-010: a PRID without pn-provider is no wish that could be granted, and a problem."""
    assert read(";pn-prid=SECRET") == PushRequest("", "", None, "pn-prid without pn-provider")
    assert problem(";pn-provider;pn-prid=SECRET") == "pn-prid without pn-provider"


@pytest.mark.parametrize("word", ["a%20b", "%C3%A9", "%22", "a/b", "x" * 65])
def test_service_that_feature_caps_cannot_say(word: str) -> None:
    """G-04: a pn-provider that is no tag-value could never be promised, and is a problem."""
    assert "Feature-Caps" in problem(f";pn-provider={word};pn-prid=SECRET")


@pytest.mark.parametrize("prid", ["SECRET", "SECRET:voip&SECRET:remote", "SECRET%00", "SECRET%4"])
@pytest.mark.parametrize("kind", ["apns", "fcm", "wp", "", "%20"])
def test_errors_and_reprs_show_no_prid(kind: str, prid: str) -> None:
    """Q-05: neither a repr, nor a problem, nor an error's text has a PRID or a token in it."""
    for text in (f";pn-provider={kind};pn-prid={prid}", f";pn-type={kind};pn-tok={prid}"):
        try:
            shown = repr(read(text + ";pn-silent=SECRET;pn-enckey=SECRET"))
        except BadRequest as error:
            shown = repr(error)
        assert "SECRET" not in shown

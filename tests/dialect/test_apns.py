"""APNs in all its spellings (RFC 8599 section 10; REQUIREMENTS 1.8, 1.10, D-01 to D-03, D-09)."""

from __future__ import annotations

import pytest

from sippn.binding import PushKind, PushTarget, service_for
from tests.dialect.contacts import problem, target

BOTH = (("voip", "AA"), ("remote", "BB"))


def apns(param: str, prid: str, provider: str = "apns") -> PushTarget:
    """The target of a Contact in the words of the RFC."""
    return target(f";pn-provider={provider};pn-param={param};pn-prid={prid}")


def test_rfc_form() -> None:
    """D-09: the exact RFC form gives the bundle id, the service, and its token."""
    found = apns("DEF123GHIJ.com.example.app.voip", "AA")
    assert (found.provider, found.param) == ("apns", "DEF123GHIJ.com.example.app.voip")
    assert (found.app, found.tokens) == ("com.example.app", (("voip", "AA"),))
    assert not found.sandbox


@pytest.mark.parametrize(
    ("param", "app"),
    [
        ("ABCD1234.org.linphone.phone.voip", "org.linphone.phone"),
        ("com.example.app.voip", "com.example.app"),
        ("COM.example.app.voip", "COM.example.app"),
        ("ABCDEFG.app.voip", "ABCDEFG.app"),
        ("ABCDEFGHIJKLM.app.voip", "ABCDEFGHIJKLM.app"),
        ("abcd123456.app.voip", "abcd123456.app"),
        ("ABCDE12345.App.voip", "App"),
    ],
)
def test_team_id_may_be_missing_or_made_up(param: str, app: str) -> None:
    """D-01, D-09: only what looks like a team id is one, so the bundle id is found without it."""
    assert apns(param, "AA").app == app


@pytest.mark.parametrize(
    "param", ["TEAM123456.com.example.app", "com.example.app", "com.example.app.dev", "app"]
)
def test_service_may_be_missing(param: str) -> None:
    """D-01: a pn-param of the draft, without a service, is for ordinary pushes."""
    found = apns(param, "AA")
    assert found.tokens == (("remote", "AA"),)
    assert found.app == param.removeprefix("TEAM123456.")
    assert not found.sandbox


@pytest.mark.parametrize("param", ["voip&remote", "remote&voip", "Voip&REMOTE&", "voip&&remote"])
@pytest.mark.parametrize("prid", ["AA:voip&BB:remote", "BB:remote&AA:voip", "AA:VOIP&BB:Remote&"])
def test_two_tokens(param: str, prid: str) -> None:
    """D-02: both tokens of Linphone are known by their services, in any order and case."""
    found = apns(f"ABCD1234.com.x.{param}", prid)
    assert sorted(found.tokens) == sorted(BOTH)
    assert found.app == "com.x"
    assert service_for(found, PushKind.CALL) == ("voip", "AA")
    assert service_for(found, PushKind.REFRESH) == ("remote", "BB")


@pytest.mark.parametrize(
    ("services", "prid", "tokens"),
    [
        ("voip", "AA", (("voip", "AA"),)),
        ("voip", "AA&", (("voip", "AA"),)),
        ("voip", "&AA&AA", (("voip", "AA"),)),
        ("voip", "AA:voip&", (("voip", "AA"),)),
        ("voip", "AA:voip&BB:remote", BOTH),
        ("remote", "AA:voip&BB:remote", BOTH),
        ("voip&remote", "AA:voip", (("voip", "AA"),)),
        ("voip&remote", "AA:voip&BB", BOTH),
        ("voip&remote", "AA:voip&AA:voip&BB:remote&BB:remote", BOTH),
        ("voip&remote", "AA:voip&CC:voip&BB:remote", BOTH),
        ("voip&remote", ":voip&BB:remote", (("remote", "BB"),)),
        ("voip&remote&watch", "AA:voip&CC:watch", (("voip", "AA"), ("watch", "CC"))),
        ("voip", "A:A", (("voip", "A:A"),)),
    ],
)
def test_labels_are_tolerated(services: str, prid: str, tokens: tuple[object, ...]) -> None:
    """D-02: a missing label, a trailing ampersand, duplicates and undeclared labels do no harm."""
    assert apns(f"ABCD1234.com.x.{services}", prid).tokens == tokens


def test_lone_token_of_two_services() -> None:
    """D-02: a single token without a label, of an app with two services, is not for VoIP alone."""
    assert apns("ABCD1234.com.x.voip&remote", "AA").tokens == (("remote", "AA"),)


@pytest.mark.parametrize("param", ["TEAM123456.com.x.VoIP", "com.x.VOIP.Dev"])
def test_service_in_any_case(param: str) -> None:
    """D-02, R-04: a VoIP token is one however its app spells the service."""
    target = apns(param, "AA")
    assert (target.app, target.tokens) == ("com.x", (("voip", "AA"),))


@pytest.mark.parametrize("prid", ["AA&BB", "&", ":voip", "AA&BB&CC"])
def test_token_without_a_service(prid: str) -> None:
    """D-02: tokens that could be for either of two services are pushed for none, and said so."""
    said = problem(f";pn-provider=apns;pn-param=ABCD1234.com.x.voip&remote;pn-prid={prid}")
    assert said == "no token of the PRID says which service it is for"


@pytest.mark.parametrize("provider", ["apns.dev", "APNS.DEV", "apple.dev"])
def test_sandbox_by_provider(provider: str) -> None:
    """D-01: pn-provider apns.dev is APNs' test environment."""
    found = apns("ABCD1234.com.x.voip", "AA", provider)
    assert (found.provider, found.app, found.sandbox) == ("apns", "com.x", True)


@pytest.mark.parametrize("services", ["voip", "remote", "voip&remote"])
def test_sandbox_by_param(services: str) -> None:
    """D-01: a pn-param that ends in .dev behind its service is of the test environment."""
    found = apns(f"ABCD1234.com.x.{services}.dev", "AA:voip")
    assert (found.app, found.sandbox) == ("com.x", True)
    found = apns(f"ABCD1234.com.x.{services}.prod", "AA:voip")
    assert (found.app, found.sandbox) == ("com.x", False)


def test_what_is_part_of_a_bundle_id() -> None:
    """D-09: words that merely look like a service or an environment stay in the bundle id."""
    assert apns("ABCD1234.com.dev.voip", "AA").app == "com.dev"
    assert apns("ABCD1234.com.voip.x", "AA").app == "com.voip.x"
    assert apns("ABCD1234.com.my&app!", "AA").app == "com.my&app!"


def test_tokens_are_bounded() -> None:
    """D-02: a PRID that lists more services than any app has is understood as none of them."""
    names = "&".join(f"s{number}" for number in range(9))
    tokens = "&".join(f"T{number}:s{number}" for number in range(9))
    assert problem(f";pn-provider=apns;pn-param=ABCD1234.com.x.{names};pn-prid={tokens}")
    eight = (names[:-3], tokens[:-6])
    assert len(apns(f"ABCD1234.com.x.{eight[0]}", eight[1]).tokens) == 8

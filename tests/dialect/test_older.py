"""What was spoken before RFC 8599, and how it mixes with it (REQUIREMENTS 1.10, D-03, D-04)."""

from __future__ import annotations

import pytest

from sippn.binding import PushRequest, PushTarget
from tests.dialect.contacts import problem, read, target

RFC = ";pn-provider=fcm;pn-param=project;pn-prid=NEW"


@pytest.mark.parametrize(
    ("app_id", "app", "service", "sandbox"),
    [
        ("org.linphone.phone.voip.dev", "org.linphone.phone", "voip", True),
        ("org.linphone.phone.voip.prod", "org.linphone.phone", "voip", False),
        ("org.linphone.phone.voip", "org.linphone.phone", "voip", False),
        ("org.linphone.phone.remote.dev", "org.linphone.phone", "remote", True),
        ("org.linphone.phone.dev", "org.linphone.phone", "remote", True),
        ("org.linphone.phone.prod", "org.linphone.phone", "remote", False),
        ("org.linphone.phone", "org.linphone.phone", "remote", False),
    ],
)
def test_apple(app_id: str, app: str, service: str, sandbox: bool) -> None:
    """D-03: pn-type=apple is APNs, its app-id a bundle id, a service and an environment."""
    request = read(f";app-id={app_id};pn-type=apple;pn-tok=AA")
    tokens = ((service, "AA"),)
    whom = PushTarget("apns", app_id, "AA", tokens, app, sandbox)
    assert request == PushRequest("apple", "apns", whom, "", "app-id")


@pytest.mark.parametrize("kind", ["google", "firebase", "android", "Google"])
def test_google(kind: str) -> None:
    """D-03: pn-type=google is FCM, its app-id the sender id; Feature-Caps say its own word."""
    request = read(f";app-id=123456;pn-type={kind};pn-tok=tok:en")
    whom = PushTarget("fcm", "123456", "tok:en")
    assert request == PushRequest(kind.lower(), "fcm", whom, "", "app-id")


@pytest.mark.parametrize("kind", ["google", "firebase", "android"])
def test_wrong_names_among_the_right_ones(kind: str) -> None:
    """D-04: pn-provider=firebase and android mean FCM, and Feature-Caps can say them back."""
    whom = PushTarget("fcm", "project", "NEW")
    assert read(RFC.replace("=fcm", f"={kind}")) == PushRequest(kind, "fcm", whom)
    assert read(f";pn-provider={kind}") == PushRequest(kind, "fcm")


@pytest.mark.parametrize("kind", ["wp", "w10", "WP"])
def test_windows_phones(kind: str) -> None:
    """D-03: pn-type=wp and w10 are understood, and nobody can push them any more."""
    said = f"{kind.lower()} is a push notification service that is no more"
    assert problem(f";app-id=x;pn-type={kind};pn-tok=SECRET") == said
    assert problem(f";pn-provider={kind};pn-prid=SECRET") == said


def test_two_tokens_of_an_older_linphone() -> None:
    """D-02, D-03: a pn-tok may hold two labelled tokens as well."""
    found = target(";app-id=org.x.voip.dev;pn-type=apple;pn-tok=AA:voip&BB:remote")
    assert (found.tokens, found.app) == ((("voip", "AA"), ("remote", "BB")), "org.x")


def test_both_are_sent() -> None:
    """D-03: of pn-prid and pn-tok, which Siprix sends both, the RFC's counts."""
    older = ";app-id=org.x.voip;pn-type=apple;pn-tok=OLD"
    request = PushRequest("fcm", "fcm", PushTarget("fcm", "project", "NEW"))
    assert read(RFC + older) == read(older + RFC) == read(RFC, older) == request
    assert read(older, RFC) == request


def test_half_of_each() -> None:
    """D-03: where only half is in the RFC's words, the other half is taken from the older."""
    whom = PushTarget("fcm", "123", "NEW")
    older = ";app-id=123;pn-type=google;pn-tok=OLD"
    assert read(f"{older};pn-prid=NEW") == PushRequest("google", "fcm", whom, "", "app-id")
    assert target(f"{older};pn-provider=acme") == PushTarget("acme", "123", "OLD")
    assert target(f"{older};pn-provider") == PushTarget("fcm", "123", "OLD")
    assert target(f"{older};pn-param=project") == PushTarget("fcm", "project", "OLD")


def test_query_beside_older_words() -> None:
    """U-05: without any token there is nobody to push, so pn-provider asks what there is."""
    assert read(";pn-provider=fcm;pn-type=google;app-id=1") == PushRequest("fcm", "fcm")


@pytest.mark.parametrize("text", [";pn-type=apple;app-id=org.x", ";pn-type", ";pn-type=acme:param"])
def test_older_words_without_a_token(text: str) -> None:
    """D-03: older words without a token name nobody, so the REGISTER is a plain one."""
    request = read(text)
    assert request is not None
    assert (request.pns, request.provider, request.target) == ("", "", None)
    assert request.problem == "pn-type without pn-tok or pn-prid"


@pytest.mark.parametrize("text", [";pn-tok=SECRET", ";app-id=x;pn-tok=SECRET;pn-type="])
def test_older_token_of_nobody(text: str) -> None:
    """D-03: a pn-tok without pn-type is pushed by nobody, and said so."""
    assert read(text) == PushRequest("", "", None, "pn-tok without pn-type", "app-id")


@pytest.mark.parametrize(
    ("kind", "param"),
    [("acme:acme-param", "acme-param"), ("ACME", ""), ("acme:", ""), ("acme:a:b", "a:b")],
)
def test_slides(kind: str, param: str) -> None:
    """D-09: the slides' pn-type=acme:acme-param names both service and parameter."""
    whom = PushTarget("acme", param, "x")
    expected = PushRequest("acme", "acme", whom, "", "pn-type")
    assert read(f";pn-type={kind};pn-prid=x") == expected
    assert read(f';pn-type="{kind}";pn-prid="x"') == expected
    assert read(f";pn-type={kind.replace(':', '%3A')};pn-prid=x") == expected


def test_draft_03() -> None:
    """D-09: the draft's form, with quotes and what it had for encryption, is understood."""
    found = target(
        ';pn-provider=acme;pn-param=acme-param;pn-prid="00fc13adff78512";pn-enckey="BA4=";pn-encsec=x'
    )
    assert (found.param, found.prid) == ("acme-param", "00fc13adff78512")
    assert found.hints == (("pn-enckey", "BA4="), ("pn-encsec", "x"))


def test_draft_that_has_the_proxy_call_a_url() -> None:
    """D-09: pn-uri and pn-methods are not heeded: nobody makes this server call a URL."""
    text = ';pn-methods="INVITE";pn-uri="https://evil.example/SECRET"'
    assert target(RFC + text) == target(RFC)
    assert read(text) is None

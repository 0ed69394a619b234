"""Whom a push goes to, and why somebody gets none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from sippn.binding import (
    Binding,
    Capability,
    PushKind,
    PushState,
    PushTarget,
    Record,
)
from sippn.cli.aims import aim_of_token, aims_of_record
from sippn.cli.wish import CannotTry, Wish
from sippn.testing.pns import MemoryPushProvider

NOW = 1_800_000_000.0
VOIP = PushTarget("apns", "T.com.x.voip", "AA", (("voip", "AA"),), "com.x")
FCM = PushTarget("fcm", "project", "f:APA")
APNS = PushTarget("apns", "T.com.x.voip", "no-hex", (("voip", "no-hex"),), "com.x")


def target(
    provider: str, param: str, prid: str, tokens: tuple[tuple[str, str], ...] = ()
) -> PushTarget:
    """As a Contact names it."""
    app = "com.example.phone" if provider == "apns" else ""
    return PushTarget(provider, param, prid, tokens, app)


def wish(whom: str = "sip:alice@example.com", **of: Any) -> Wish:
    """What is asked for."""
    return Wish(whom, Path("sippn.toml"), **of)


def push(*served: str) -> MemoryPushProvider:
    """A provider of these PNSs."""
    return MemoryPushProvider([Capability(name) for name in served or ("apns", "fcm")])


def binding(target: PushTarget | None = FCM, **of: Any) -> Binding:
    """One that has an hour left."""
    made = Binding(
        id="abcdefghijklmnop",
        contact="sip:alice@192.0.2.1",
        flow="",
        expires_at=NOW + 3600,
        registered_at=NOW - 600,
        call_id="c",
        cseq=1,
        user_agent="Phone/1.0",
        push_target=target,
    )
    return evolve(made, **of)


def record(*bindings: Binding) -> Record:
    """Alice's."""
    return Record("sip:alice@example.com", 1, bindings, None)


def test_each_binding_is_an_aim() -> None:
    """N-10: all bindings of the AOR are pushed, and named without their tokens."""
    mobile, tablet = binding(), binding(VOIP, id="zyxwvutsrqponmlk")
    found = aims_of_record(record(mobile, tablet), wish(), push(), NOW)
    assert [aim.target for aim in found] == [FCM, VOIP]
    assert [aim.why_not for aim in found] == ["", ""]
    assert found[0].says == (
        "binding abcdefgh, fcm project, Phone/1.0, registered 10 min ago, expires in 60 min"
    )
    assert "AA" not in found[1].says


@pytest.mark.parametrize(
    ("one", "kind", "why"),
    [
        (binding(None), PushKind.CALL, "no push parameters"),
        (binding(push_state=PushState.DEAD), PushKind.CALL, "its token is dead"),
        (binding(push_state=PushState.ELSEWHERE), PushKind.CALL, "a proxy between"),
        (binding(expires_at=NOW - 300), PushKind.CALL, "ended 5 min ago"),
        (binding(VOIP), PushKind.REFRESH, "its only token is for VoIP"),
        (binding(PushTarget("webpush", "", "https://h/x")), PushKind.CALL, "webpush h (is the"),
        (binding(PushTarget("acme", "app", "t")), PushKind.CALL, "serves acme app (is it the"),
    ],
)
def test_binding_that_is_not_pushed_says_why(one: Binding, kind: PushKind, why: str) -> None:
    """N-10: nobody has to guess why a phone gets no push."""
    [found] = aims_of_record(record(one), wish(kind=kind), push(), NOW)
    assert why in found.why_not


def test_token_that_apple_never_gave_may_be_why() -> None:
    """N-10: of APNs there are two reasons why no provider serves a phone, and both are said."""
    nobody = push("apns")
    nobody.can = lambda *_: False
    [found] = aims_of_record(record(binding(APNS)), wish(), nobody, NOW)
    assert found.why_not == (
        "no provider of the configuration serves apns com.x (is its bundle id in"
        " [push.provider.apps], and its token hexadecimal?)"
    )


def test_binding_that_may_be_woken_after_its_end_is_pushed() -> None:
    """N-10, S-32: with push.sleep_after_expiry an expired binding gets its push."""
    one = binding(expires_at=NOW - 300, asleep_until=NOW + 300)
    [found] = aims_of_record(record(one), wish(), push(), NOW)
    assert not found.why_not


def test_binding_that_is_named_is_pushed_though_it_is_dead() -> None:
    """N-10: who names a binding wants to see what the push service says of its token."""
    other = binding(id="other")
    dead = binding(push_state=PushState.DEAD, expires_at=NOW - 1)
    [found] = aims_of_record(record(other, dead), wish(binding="abcd"), push(), NOW)
    assert (found.target, found.why_not) == (FCM, "")


@pytest.mark.parametrize(
    ("named", "why"), [("x", "no binding of it begins"), ("a", "several of its bindings begin")]
)
def test_binding_that_is_named_must_be_one(named: str, why: str) -> None:
    """N-10: it may be named by how its id begins, if that is enough."""
    bindings = record(binding(), binding(id="another"))
    with pytest.raises(CannotTry, match=why):
        aims_of_record(bindings, wish(binding=named), push(), NOW)


def test_token_is_read_as_a_phone_would_send_it() -> None:
    """N-10, N-29: a PRID with two tokens is two tokens, whoever types it."""
    asked = wish("AA:voip&BB:remote", provider="apns", param="ABCD1234.com.x.voip&remote")
    found = aim_of_token(asked, push(), "example.com")
    assert found.target is not None
    assert found.target.tokens == (("voip", "AA"), ("remote", "BB"))
    assert found.target.app == "com.x"
    assert (found.aor, found.says) == ("sip:push-test@example.com", "a token of apns com.x")


def test_token_of_the_test_environment_is_said_to_be_one() -> None:
    """N-10: --sandbox is what a phone says with apns.dev."""
    asked = wish("AA", provider="apns", param="ABCD1234.com.x.voip", sandbox=True)
    found = aim_of_token(asked, push(), "example.com")
    assert found.target is not None
    assert found.target.sandbox
    assert found.says == "a token of apns com.x, sandbox"


def test_hints_go_with_the_token() -> None:
    """N-10: further push parameters are those of the Contact."""
    asked = wish("t;o=k%n", provider="fcm", param="p", hints=("pn-silent=1", "pn-x=a b;c"))
    found = aim_of_token(asked, push(), "example.com")
    assert found.target is not None
    assert found.target.prid == "t;o=k%n"
    assert found.target.hints == (("pn-silent", "1"), ("pn-x", "a b;c"))


def test_provider_need_not_be_said_where_there_is_one() -> None:
    """N-10: the only push service of the configuration is meant; an https URL is of web push."""
    found = aim_of_token(wish("t", param="p"), push("fcm"), "example.com")
    assert found.target is not None
    assert found.target.provider == "fcm"
    found = aim_of_token(wish("https://h/x"), push("fcm", "webpush"), "example.com")
    assert found.target is not None
    assert found.target.provider == "webpush"


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (wish("t"), "say so with --provider: the configuration serves apns, fcm"),
        (wish("t", provider="apns"), "apns needs the app in pn-param"),
        (wish("t", provider="wp"), "is no more"),
        (wish("t\x00", provider="fcm"), "Control"),
        (wish("t", provider="fcm", hints=("silent",)), "write NAME=VALUE"),
    ],
)
def test_token_that_makes_no_sense_is_refused(asked: Wish, why: str) -> None:
    """N-10: what is wrong is said in a sentence."""
    with pytest.raises(CannotTry, match=why):
        aim_of_token(asked, push(), "example.com")


@pytest.mark.parametrize(
    ("whom", "aor"),
    [
        ("sip:alice@example.com", "sip:alice@example.com"),
        ("SIPS:alice@example.com", "SIPS:alice@example.com"),
        ("alice@example.com", "sip:alice@example.com"),
        ("0f744707", None),
        ("https://u@push.example.net/x", None),
        ("dGVzdA:APA91b", None),
    ],
)
def test_aor_is_told_from_a_token(whom: str, aor: str | None) -> None:
    """N-10: an AOR has a scheme or a host, a token has neither; a URL is a token."""
    assert wish(whom).aor == aor

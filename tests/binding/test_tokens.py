"""UAs that have a token for each service, as those of APNs do (REQUIREMENTS N-29, D-02)."""

from __future__ import annotations

import pytest
from attrs import evolve

from sippn.binding import (
    Binding,
    Decision,
    PushKind,
    PushState,
    PushTarget,
    Refresh,
    RegisteredContact,
    address_for,
    disown_prid,
    prid_key,
    prid_keys,
    service_for,
)
from sippn.binding.identity import same_prid
from sippn.testing.desk import T0, Desk, contact

KINDS = list(PushKind)
VOIP, REMOTE = ("voip", "AA"), ("remote", "BB")
BOTH = PushTarget("apns", "T.com.x.voip&remote", "AA:voip&BB:remote", (VOIP, REMOTE), "com.x")
CALLS = PushTarget("apns", "T.com.x.voip", "AA", (VOIP,), "com.x")
REST = PushTarget("apns", "T.com.x.remote", "BB", (REMOTE,), "com.x")
PLAIN = PushTarget("fcm", "project", "AA")


def phone(target: PushTarget, host: str = "192.0.2.2", instance: str = "") -> RegisteredContact:
    """A Contact that wants *target* pushed, and is refreshed by pushes."""
    plain = contact(f"sip:alice@{host}", instance)
    return evolve(plain, wanted=target, push_target=target, refresh=Refresh.PUSHED)


# which token


@pytest.mark.parametrize(
    ("target", "by_kind"),
    [
        (BOTH, {PushKind.CALL: VOIP}),
        (REST, {}),
        (CALLS, dict.fromkeys(KINDS, None) | {PushKind.CALL: VOIP}),
        (PLAIN, dict.fromkeys(KINDS, ("", "AA"))),
    ],
)
def test_token_of_a_push(
    target: PushTarget, by_kind: dict[PushKind, tuple[str, str] | None]
) -> None:
    """N-29, R-04: a call goes to the VoIP token, all else to another one or nowhere."""
    for kind in KINDS:
        assert service_for(target, kind) == by_kind.get(kind, REMOTE)
        assert (address_for(target, kind) is None) == (service_for(target, kind) is None)


def test_manner_of_alerting_is_no_part_of_the_address() -> None:
    """N-28: the accounts of an app share a push, however each wants its user alerted."""
    other = evolve(BOTH, prid="BB:remote&AA:voip", param="T2.com.x.remote&voip", delay=1.0)
    other = evolve(other, hints=(("pn-silent", "1"),), tokens=(REMOTE, VOIP))
    for kind in KINDS:
        assert address_for(other, kind) == address_for(BOTH, kind)


@pytest.mark.parametrize(
    "other",
    [
        evolve(BOTH, provider="acme"),
        evolve(BOTH, app="com.y"),
        evolve(BOTH, sandbox=True),
        evolve(BOTH, tokens=(("voip", "CC"), REMOTE)),
        evolve(BOTH, tokens=(("other", "AA"), REMOTE)),
    ],
)
def test_what_would_reach_another_ua_is_another_address(other: PushTarget) -> None:
    """A wrong pn-param or the wrong environment reaches nobody: that push serves no other."""
    assert address_for(other, PushKind.CALL) != address_for(BOTH, PushKind.CALL)
    assert address_for(PLAIN, PushKind.CALL) != address_for(
        evolve(PLAIN, param="p2"), PushKind.CALL
    )


# who is who


@pytest.mark.parametrize("other", [CALLS, REST, BOTH, evolve(CALLS, tokens=(("remote", "AA"),))])
def test_any_token_tells_a_ua(other: PushTarget) -> None:
    """S-10: a UA may leave out a token, change their order, or name none of its services."""
    assert same_prid(BOTH, other)
    assert same_prid(other, BOTH)
    assert prid_keys(other) <= prid_keys(BOTH)


def test_other_tokens_are_other_uas() -> None:
    """S-10, Q-01: no part of a PRID stands for it."""
    for other in (
        PushTarget("apns", BOTH.param, "A:voip&B:remote", (("voip", "A"), ("remote", "B"))),
        PushTarget("apns", BOTH.param, "voip"),
        PushTarget("fcm", BOTH.param, BOTH.prid, BOTH.tokens),
    ):
        assert not same_prid(BOTH, other)
        assert prid_keys(BOTH).isdisjoint(prid_keys(other))


def test_token_of_an_older_release_is_still_its_ua() -> None:
    """S-10: one that stored the PRID whole, as the UA sent it."""
    assert same_prid(evolve(BOTH, tokens=(), app=""), BOTH)


def test_record_is_found_by_each_token() -> None:
    """P-045: what the PNS says of either token concerns the binding."""
    desk = Desk()
    desk.register((phone(BOTH), 3600))
    assert desk.record is not None
    assert desk.record.keys == {prid_key("apns", "AA"), prid_key("apns", "BB")}
    assert {len(key) for key in desk.record.keys} == {32}


def test_ua_that_leaves_a_token_out_keeps_its_binding() -> None:
    """S-10: found by the other one, without an instance and with another Call-ID."""
    desk = Desk()
    desk.register((phone(BOTH), 3600))
    desk.register((phone(REST, "198.51.100.1"), 3600), call_id="another")
    assert list(desk.held) == ["b1"]


# what the PNS disowns


def disowned(desk: Desk, target: PushTarget, kind: PushKind) -> Binding:
    """The first binding once the PNS has disowned what a push of *kind* to *target* went to."""
    decision = disown_prid(desk.record, target, kind, desk.now, desk.now)
    desk.record = decision.record or desk.record
    assert desk.record is not None
    return desk.record.bindings[0]


def test_other_token_of_a_dead_one_lives_on() -> None:
    """N-05, N-29: calls go to the token that is left, as far as that is good for them."""
    desk = Desk()
    desk.register((phone(BOTH), 3600))
    binding = disowned(desk, BOTH, PushKind.CALL)
    assert binding.push_target is not None
    assert (binding.push_state, binding.push_target.tokens) == (PushState.ACTIVE, (REMOTE,))
    assert service_for(binding.push_target, PushKind.CALL) == REMOTE
    assert binding.refresh_at is not None
    assert desk.record is not None
    assert desk.record.keys == {prid_key("apns", "BB")}
    binding = disowned(desk, binding.push_target, PushKind.MESSAGE)
    assert (binding.push_state, binding.refresh_at) == (PushState.DEAD, None)


def test_phone_without_its_remote_token_is_not_refreshed() -> None:
    """N-05, R-04: no VoIP push for that; a call still wakes it."""
    desk = Desk()
    desk.register((phone(BOTH), 3600))
    binding = disowned(desk, BOTH, PushKind.REFRESH)
    assert binding.push_target is not None
    assert binding.push_target.tokens == (VOIP,)
    assert (binding.push_state, binding.refresh_at) == (PushState.ACTIVE, None)


@pytest.mark.parametrize(
    ("target", "kind", "left"),
    [
        (REST, PushKind.CALL, (VOIP,)),
        (CALLS, PushKind.CALL, (REMOTE,)),
        (CALLS, PushKind.REFRESH, (VOIP, REMOTE)),
        (evolve(CALLS, app="com.y"), PushKind.CALL, (VOIP, REMOTE)),
        (evolve(CALLS, sandbox=True), PushKind.CALL, (VOIP, REMOTE)),
        (evolve(CALLS, provider="acme"), PushKind.CALL, (VOIP, REMOTE)),
    ],
)
def test_token_is_dead_wherever_it_is(
    target: PushTarget, kind: PushKind, left: tuple[tuple[str, str], ...]
) -> None:
    """N-05: another binding of its UA may have it beside others; another app's is another."""
    desk = Desk()
    desk.register((phone(BOTH), 3600))
    push_target = disowned(desk, target, kind).push_target
    assert push_target is not None
    assert push_target.tokens == left


def test_register_brings_all_tokens_back() -> None:
    """Vector 10: it proves them alive, and a verdict on an older push says nothing of them."""
    desk = Desk()
    desk.register((phone(BOTH), 3600))
    disowned(desk, BOTH, PushKind.CALL)
    desk.register((phone(BOTH), 3600))
    assert desk.record is not None
    assert desk.record.bindings[0].push_target == BOTH
    late = disown_prid(desk.record, BOTH, PushKind.CALL, before=T0, now=desk.now)
    assert late == Decision(None)

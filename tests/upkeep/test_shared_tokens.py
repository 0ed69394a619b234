"""Refresh pushes of UAs that have a token for each service, and of those with accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from attrs import evolve

from sippn.binding import PushKind, PushState, PushTarget, Verdict, service_for
from sippn.testing.results import succeeded

if TYPE_CHECKING:
    from tests.upkeep.conftest import Scene

ALICE, BOB = "sip:alice@example.com", "sip:bob@example.com"
VOIP, REMOTE = ("voip", "AA"), ("remote", "BB")
BOTH = PushTarget("apns", "T.com.x.voip&remote", "AA:voip&BB:remote", (VOIP, REMOTE), "com.x")
REST = PushTarget("apns", "T.com.x.remote", "BB", (REMOTE,), "com.x")


def look_when_all_are_due(scene: Scene) -> None:
    """Let time pass until each account is."""
    scene.until(max(scene.stored(aor).refresh_at or 0 for aor in (ALICE, BOB)))
    assert succeeded(scene.look()) == 2


def test_refresh_goes_to_the_token_that_need_not_ring(scene: Scene) -> None:
    """N-29, R-04: never to the VoIP token, which is there beside it."""
    scene.until(scene.register(target=BOTH).refresh_at)
    scene.look()
    (job,) = scene.pns.jobs
    assert service_for(job.target, job.kind) == REMOTE


@pytest.mark.parametrize(
    "other",
    [
        REST,
        evolve(BOTH, delay=2.0, hints=(("pn-msg-str", "IM_MSG"),)),
        evolve(BOTH, prid="BB:remote&AA:voip", tokens=(REMOTE, VOIP)),
        evolve(BOTH, tokens=(("voip", "CC"), REMOTE)),
    ],
)
def test_accounts_with_one_token_share_a_push(scene: Scene, other: PushTarget) -> None:
    """N-28: whatever else each account says, it wakes the app, which refreshes them all."""
    scene.register(ALICE, target=BOTH)
    scene.register(BOB, target=other)
    look_when_all_are_due(scene)
    assert len(scene.pns.jobs) == 1
    scene.register(ALICE, target=BOTH)
    assert scene.pns.withdrawn == []
    scene.register(BOB, target=other)
    assert scene.pns.withdrawn == scene.pns.jobs


@pytest.mark.parametrize(
    "other",
    [
        evolve(REST, app="com.y"),
        evolve(REST, sandbox=True),
        evolve(REST, tokens=(("remote", "CC"),)),
        PushTarget("acme", "", "BB"),
    ],
)
def test_what_reaches_somebody_else_is_not_shared(scene: Scene, other: PushTarget) -> None:
    """N-28: who registers another's token under a wrong pn-param costs it no push."""
    scene.register(ALICE, target=BOTH)
    scene.register(BOB, target=other)
    look_when_all_are_due(scene)
    assert len(scene.pns.jobs) == 2


def test_dead_token_ends_the_refreshes_and_not_the_calls(scene: Scene) -> None:
    """N-05, N-29: the VoIP token is good still; of who has none the PRID is dead."""
    scene.register(ALICE, target=BOTH)
    scene.register(BOB, target=REST)
    look_when_all_are_due(scene)
    scene.pns.answer(Verdict.DEAD)
    alice, bob = scene.stored(ALICE), scene.stored(BOB)
    assert alice.push_target is not None
    assert service_for(alice.push_target, PushKind.CALL) == VOIP
    assert (alice.push_state, bob.push_state) == (PushState.ACTIVE, PushState.DEAD)
    assert alice.refresh_at is bob.refresh_at is None
    scene.clock.advance(300)
    assert succeeded(scene.look()) == 0

"""
Tests for :mod:`sippn.wake.pushes`: iPhones, what a push says, two tokens, budgets.
"""

from __future__ import annotations

import pytest
from attrs import evolve

from sippn.binding import (
    PushKind,
    PushOutcome,
    PushTarget,
    Verdict,
)
from sippn.errors import Unreachable
from sippn.events import WakeEnded
from sippn.testing.results import failed, succeeded
from sippn.wake import Caller
from tests.wake.scene import (
    BACK,
    FROM,
    IPHONE,
    PHONE,
    RINGS,
    TABLET,
    TARGET,
    Scene,
    by,
    nothing_is_left,
    voip_call,
)


def test_voip_push_is_one_for_each_call(scene: Scene) -> None:
    """S-04: CallKit has to show each call, so each has an APNs VoIP push of its own."""
    waits = [scene.queue.wake(voip_call(call_id)) for call_id in ("one", "two", "two")]
    assert [job.call_id for job in scene.pns.jobs] == ["one", "two"]
    keys = [job.collapse_key for job in scene.pns.jobs]
    assert len(set(keys)) == 2
    assert all(key.startswith("call-b1-") and len(key.encode()) <= 64 for key in keys)
    scene.register(evolve(IPHONE, cseq=2))
    assert all(succeeded(wait).cseq == 2 for wait in waits)
    scene.clock.advance(1)
    assert nothing_is_left(scene)


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        (RINGS, PushKind.MESSAGE),
        (RINGS, PushKind.MID_DIALOG),
        (evolve(RINGS, tokens=(("remote", "BB"),)), PushKind.CALL),
        (evolve(RINGS, tokens=()), PushKind.CALL),
        (evolve(RINGS, provider="fcm"), PushKind.CALL),
        (TARGET, PushKind.CALL),
    ],
    ids=["message", "mid-dialog", "remote alone", "no services", "fcm", "one token"],
)
def test_all_else_is_one_push_for_a_device(
    scene: Scene, target: PushTarget, kind: PushKind
) -> None:
    """S-04: a device that need not show each call is pushed once, however many wait."""
    for call_id in ("one", "two", "three"):
        wait = evolve(voip_call(call_id, kind=kind), binding=evolve(PHONE, push_target=target))
        scene.queue.wake(wait)
    assert len(scene.pns.jobs) == 1
    assert scene.pns.jobs[0].collapse_key == f"{kind.value}-b1"


def test_push_names_the_caller_as_he_came(scene: Scene) -> None:
    """N-27: what a payload may say of the caller is the From of the request, as it is."""
    scene.queue.wake(voip_call("one"))
    (job,) = scene.pns.jobs
    assert (job.caller, job.reason) == (FROM, "")
    assert "Bob" not in repr(job)


def test_dead_voip_token_leaves_the_other(scene: Scene) -> None:
    """N-05, N-29: a call whose VoIP token is dead goes on with the other one, and wakes by it."""
    first, second = (scene.queue.wake(voip_call(call_id)) for call_id in ("one", "two"))
    scene.pns.answer(Verdict.DEAD)
    assert not first.called
    scene.pns.answer(Verdict.DEAD)
    left = evolve(RINGS, tokens=(("remote", "BB"),))
    assert [job.target for job in scene.pns.jobs[2:]] == [left]
    assert [target for target, _, _ in scene.disowned] == [RINGS, RINGS]
    scene.register(evolve(IPHONE, cseq=2))
    assert succeeded(first).cseq == succeeded(second).cseq == 2


def test_token_may_be_dead_at_once(scene: Scene) -> None:
    """N-05: a provider that need not ask its PNS answers at once; the other token is tried too."""
    scene.pns.at_once = PushOutcome(Verdict.DEAD)
    held = scene.queue.wake(voip_call("one"))
    assert failed(held, Unreachable).status == 480
    assert [job.target.tokens for job in scene.pns.jobs] == [RINGS.tokens, (("remote", "BB"),)]
    assert nothing_is_left(scene)


def test_both_tokens_dead_is_480(scene: Scene) -> None:
    """N-05: when the last token is dead nobody waits for anything."""
    held = scene.queue.wake(voip_call("one"))
    scene.pns.answer(Verdict.DEAD)
    scene.pns.answer(Verdict.DEAD)
    assert failed(held, Unreachable).status == 480
    assert len(scene.pns.jobs) == 2
    assert nothing_is_left(scene)


def test_other_token_is_of_use_only_where_it_can_be_pushed(scene: Scene) -> None:
    """N-05: no push is asked for that no provider would take."""
    scene.pns.can = lambda target, _: len(target.tokens) == 2
    held = scene.queue.wake(voip_call("one"))
    scene.pns.answer(Verdict.DEAD)
    assert failed(held, Unreachable).status == 480
    assert len(scene.pns.jobs) == 1


def test_time_that_is_left_is_that_of_the_wait(scene: Scene) -> None:
    """N-05: the second token has the rest of the wait, not a new one."""
    held = scene.queue.wake(voip_call("one"))
    scene.clock.advance(5)
    scene.pns.answer(Verdict.DEAD)
    assert scene.pns.jobs[1].deadline == 20
    scene.clock.advance(15)
    assert failed(held, Unreachable).status == 480


def test_known_caller_has_a_budget(scene: Scene) -> None:
    """Q-03: an authenticated user causes so many pushes an hour, and then 480 without one."""
    for _ in range(4):
        scene.wake()
        scene.register()
    refused = failed(scene.wake(), Unreachable)
    assert dict(refused.headers)["Retry-After"] == "300"
    assert len(scene.pns.jobs) == 4
    assert isinstance(scene.news[-1], WakeEnded)
    assert scene.news[-1].why == "the push budget of the caller is spent"


def test_device_is_counted_by_where_pushes_go(scene: Scene) -> None:
    """Q-03: two accounts of a device are one battery; its two tokens have one budget each."""
    for number in range(6):
        account = evolve(PHONE, id=f"b{number}")
        scene.wake(account, f"sip:u{number}@example.com", by(Caller(f"u{number}")))
        scene.register(evolve(BACK, id=f"b{number}"), f"sip:u{number}@example.com")
    refused = scene.wake(wait=by(Caller("carol")))
    assert failed(refused, Unreachable).status == 480
    assert not scene.wake(TABLET, wait=by(Caller("carol"))).called


def test_trusted_peer_is_not_budgeted(scene: Scene) -> None:
    """Q-03: the operator's PBX rings a phone as often as it has to."""
    for _ in range(20):
        scene.wake(wait=by(Caller("192.0.2.200", trusted=True)))
        scene.register()
    assert len(scene.pns.jobs) == 20

"""
Tests for :mod:`sippn.wake.queue`, and for what :mod:`sippn.wake.pushes` does for it.
"""

from __future__ import annotations

import pytest
from attrs import evolve
from twisted.internet.defer import CancelledError
from twisted.logger import LogEvent, capturedLogs, formatEvent

from sippn.binding import (
    Binding,
    Decision,
    PushKind,
    PushOutcome,
    Verdict,
)
from sippn.errors import Unreachable
from sippn.events import RequestParked, WakeEnded, WakeReleased
from sippn.testing.results import failed, succeeded
from sippn.wake import Caller
from tests.wake.scene import (
    ALICE,
    BACK,
    BOB,
    CALL,
    PHONE,
    RINGS,
    TABLET,
    TARGET,
    Scene,
    by,
    nothing_is_left,
)


def test_request_gets_the_refreshed_binding(scene: Scene) -> None:
    """P-041, P-002: what is let go carries the flow of the REGISTER that woke it."""
    held = scene.wake()
    assert not held.called
    scene.register()
    assert succeeded(held) is BACK
    scene.clock.advance(1)
    assert nothing_is_left(scene)


def test_push_says_what_it_is_for(scene: Scene) -> None:
    """S-01: a job names its kind, its target, the request and its deadline."""
    scene.clock.advance(5)
    scene.wake()
    (job,) = scene.pns.jobs
    assert (job.kind, job.target, job.aor) == (PushKind.CALL, TARGET, ALICE)
    assert (job.method, job.call_id, job.deadline) == ("INVITE", "call-1", 25)


def test_one_push_for_many_requests(scene: Scene) -> None:
    """S-04, P-003: however many requests wait for one sleeping UA, its PNS is asked once."""
    first, second, other = scene.wake(), scene.wake(), scene.wake(TABLET)
    assert [job.target for job in scene.pns.jobs] == [TARGET, TABLET.push_target]
    scene.register()
    assert succeeded(first) is succeeded(second) is BACK
    assert not other.called


def test_one_push_for_two_accounts_of_a_device(scene: Scene) -> None:
    """P-003: two AORs with one PRID share the push, and each waits for its own REGISTER."""
    mine, other = scene.wake(), scene.wake(evolve(PHONE, id="b9"), BOB)
    assert len(scene.pns.jobs) == 1
    scene.register()
    assert succeeded(mine) is BACK
    assert not other.called
    scene.register(evolve(BACK, id="b9"), BOB)
    assert succeeded(other).id == "b9"


def test_later_call_pushes_anew(scene: Scene) -> None:
    """S-04: once the UA is back the push is spent; it may be asleep again."""
    scene.wake()
    scene.register()
    scene.wake()
    assert len(scene.pns.jobs) == 2


def test_kinds_are_pushed_apart(scene: Scene) -> None:
    """S-13 d: a call is pushed as a call even when a message is waiting already."""
    scene.wake(wait=evolve(CALL, kind=PushKind.MESSAGE, method="MESSAGE"))
    scene.wake()
    assert [job.kind for job in scene.pns.jobs] == [PushKind.MESSAGE, PushKind.CALL]


def test_register_before_the_call_releases_nothing(scene: Scene) -> None:
    """P-041: the news of a REGISTER that was committed before the call came is old to it."""
    held = scene.wake(BACK)
    scene.register(BACK)
    assert not held.called
    again = evolve(BACK, cseq=3, registered_at=1002.0)
    scene.register(again)
    assert succeeded(held) is again


def test_three_registers_release_once(scene: Scene) -> None:
    """S-08, S-13 g: linphone registers three times after one push; one INVITE."""
    held = scene.wake()
    fired: list[Binding] = []
    held.addCallback(fired.append)
    for _ in range(3):
        scene.register()
    assert fired == [BACK]


@pytest.mark.parametrize(
    ("binding", "aor"),
    [(evolve(BACK, id="b2"), ALICE), (BACK, BOB), (evolve(BACK, id="*"), ALICE)],
    ids=["another binding", "another AOR", "a pattern"],
)
def test_nobody_else_releases(scene: Scene, binding: Binding, aor: str) -> None:
    """Q-01: the same PRID under another AOR or another binding releases nothing."""
    held = scene.wake()
    scene.register(binding, aor)
    assert not held.called
    scene.register()
    assert succeeded(held) is BACK


def test_silent_ua_is_unreachable(scene: Scene) -> None:
    """P-046: a UA that stays silent costs the caller a 480, and leaves nothing behind."""
    held = scene.wake()
    scene.clock.advance(19.9)
    assert not held.called
    scene.clock.advance(0.1)
    assert failed(held, Unreachable).status == 480
    assert nothing_is_left(scene)


@pytest.mark.parametrize("verdict", [Verdict.DEAD, Verdict.FAILED, Verdict.REFUSED, Verdict.BUSY])
def test_failed_push_ends_every_wait_on_it(scene: Scene, verdict: Verdict) -> None:
    """P-045: when the push will wake nobody, nobody waits for the timer."""
    first, second = scene.wake(), scene.wake()
    scene.pns.answer(verdict)
    assert failed(first, Unreachable).status == failed(second, Unreachable).status == 480
    assert nothing_is_left(scene)


def test_log_has_the_words_of_the_pns(scene: Scene) -> None:
    """N-07: an operator whose credentials are refused finds out why."""
    with capturedLogs() as lines:
        held = scene.wake()
        scene.pns.answer(PushOutcome(Verdict.REFUSED, detail="HTTP 403"))
        failed(held, Unreachable)
    assert formatEvent(lines[-1]).endswith("the push failed: refused (HTTP 403)")


def test_accepted_push_ends_nothing(scene: Scene) -> None:
    """P-041: that the PNS took the push does not mean that the UA is there."""
    held = scene.wake()
    scene.pns.answer(Verdict.ACCEPTED)
    assert not held.called
    scene.wake()
    assert len(scene.pns.jobs) == 1, "an accepted push is still outstanding"


def test_dead_prid_is_disowned_as_of_the_push(scene: Scene) -> None:
    """N-05, T3: a REGISTER after the push was sent proves the PRID alive."""
    failed_wait = scene.wake()
    scene.clock.advance(1)
    scene.pns.answer(Verdict.DEAD)
    failed(failed_wait, Unreachable)
    assert scene.disowned == [(TARGET, PushKind.CALL, 1000.0)]


def test_dead_prid_is_disowned_as_of_the_pns(scene: Scene) -> None:
    """Appendix A: the PNS says since when the PRID is gone; the word is the PNS's."""
    failed_wait = scene.wake()
    scene.pns.answer(PushOutcome(Verdict.DEAD, gone_since=17.0))
    failed(failed_wait, Unreachable)
    assert scene.disowned == [(TARGET, PushKind.CALL, 17.0)]


SHARED = {
    "in another order": evolve(RINGS, tokens=RINGS.tokens[::-1], param="T.app.remote&voip"),
    "with another token for what is no call": evolve(
        RINGS, tokens=(("voip", "AA"), ("remote", "CC"))
    ),
    "with hints": evolve(RINGS, hints=(("pn-call-str", "IC_MSG"),)),
}
APART = {
    "another token": evolve(RINGS, tokens=(("voip", "ZZ"), ("remote", "BB"))),
    "another app": evolve(RINGS, app="other"),
    "a test environment": evolve(RINGS, sandbox=True),
    "another PNS": evolve(RINGS, provider="fcm"),
}


@pytest.mark.parametrize("how", SHARED)
def test_one_push_for_one_token(scene: Scene, how: str) -> None:
    """N-28, N-29, S-04: two accounts of a device, whose calls have one token."""
    scene.wake(evolve(PHONE, push_target=RINGS))
    scene.wake(evolve(PHONE, id="b9", push_target=SHARED[how]), BOB)
    assert [job.target for job in scene.pns.jobs] == [RINGS]


@pytest.mark.parametrize("how", APART)
def test_push_of_its_own(scene: Scene, how: str) -> None:
    """S-04, T3: who names the same PRID wrongly makes nobody else's push fail."""
    scene.wake(evolve(PHONE, push_target=RINGS))
    scene.wake(evolve(PHONE, id="b9", push_target=APART[how]), BOB)
    assert len(scene.pns.jobs) == 2


def test_push_of_another_kind_is_another_push(scene: Scene) -> None:
    """S-04: what wakes for a BYE does not ring, so a call beside it is pushed for itself."""
    phone = evolve(PHONE, push_target=RINGS)
    scene.wake(phone, wait=evolve(CALL, kind=PushKind.MID_DIALOG, method="BYE"))
    scene.wake(phone)
    assert [job.kind for job in scene.pns.jobs] == [PushKind.MID_DIALOG, PushKind.CALL]


def test_removed_binding_is_unreachable(scene: Scene) -> None:
    """S-13 c: a de-REGISTER while a request waits ends the wait."""
    held, other = scene.wake(), scene.wake(TABLET)
    scene.queue.location_changed(ALICE, Decision(None, removed=(PHONE,)))
    failed(held, Unreachable)
    assert not other.called


def test_cancel_withdraws_one(scene: Scene) -> None:
    """S-12: a caller who hangs up takes only its own request out of the queue."""
    mine, theirs = scene.wake(), scene.wake()
    mine.cancel()
    failed(mine, CancelledError)
    assert scene.pns.withdrawn == []
    scene.register()
    assert succeeded(theirs) is BACK


def test_last_cancel_withdraws_the_push(scene: Scene) -> None:
    """S-12: a push that has not left is dropped with the last who wanted it."""
    held = scene.wake()
    held.cancel()
    failed(held, CancelledError)
    assert len(scene.pns.withdrawn) == 1
    assert nothing_is_left(scene)


def test_register_before_the_push_left_drops_it(scene: Scene) -> None:
    """S-13 a: the UA came by itself; nobody needs the push."""
    succeeded_wait = scene.wake()
    scene.register()
    assert succeeded(succeeded_wait) is BACK
    scene.clock.advance(0.5)
    assert len(scene.pns.withdrawn) == 1


def test_push_is_let_go_for_an_account_that_waits_still(scene: Scene) -> None:
    """P-003, S-13 a: one account is back, the other waits: the push is still wanted."""
    mine, other = scene.wake(), scene.wake(evolve(PHONE, id="b9"), BOB)
    scene.register()
    assert succeeded(mine) is BACK
    scene.clock.advance(1)
    assert scene.pns.withdrawn == []
    scene.pns.answer(Verdict.DEAD)
    failed(other, Unreachable)


def test_letting_go_may_end_another(scene: Scene) -> None:
    """S-08: what a released request does to the next one happens once, and to nobody twice."""
    first, second = scene.wake(), scene.wake()
    first.addCallback(lambda _: second.cancel())
    scene.register()
    succeeded(first)
    failed(second, CancelledError)
    scene.clock.advance(1)
    assert nothing_is_left(scene)


def test_broken_provider_costs_a_480(scene: Scene, nothing_fails_unseen: list[LogEvent]) -> None:
    """P-045: a provider that raises is logged, and the caller is answered at once."""
    held = scene.wake()
    scene.pns.break_on(ZeroDivisionError())
    failed(held, Unreachable)
    assert len(nothing_fails_unseen) == 1
    assert "token-1" not in str(nothing_fails_unseen)
    nothing_fails_unseen.clear()


def test_stranger_has_a_budget(scene: Scene) -> None:
    """T1, A9: a stranger causes so many pushes an hour, and 480 without a push after that."""
    stranger = Caller("192.0.2.66", stranger=True)
    for _ in range(2):
        scene.wake(wait=by(stranger))
        scene.register()
    refused = failed(scene.wake(wait=by(stranger)), Unreachable)
    assert dict(refused.headers)["Retry-After"]
    assert len(scene.pns.jobs) == 2
    scene.wake(wait=by(Caller("bob")))
    assert len(scene.pns.jobs) == 3, "those we know are not held by it"


def test_strangers_share_the_budget_of_a_device(scene: Scene) -> None:
    """T1: many strangers together wake a device no oftener than its budget lets them."""
    for number in range(3):
        scene.wake(wait=by(Caller(f"192.0.2.{number}", stranger=True)))
        scene.register()
    failed(scene.wake(wait=by(Caller("192.0.2.200", stranger=True))), Unreachable)
    assert len(scene.pns.jobs) == 3


def test_stranger_who_shares_a_push_pays_nothing(scene: Scene) -> None:
    """T1: the budget counts pushes, not calls."""
    stranger = Caller("192.0.2.66", stranger=True)
    waits = [scene.wake(wait=by(stranger)) for _ in range(5)]
    assert not any(wait.called for wait in waits)
    assert len(scene.pns.jobs) == 1


def test_log_says_why_it_did_not_ring(scene: Scene) -> None:
    """N-07: the operator finds the reason in the log, and no PRID."""
    with capturedLogs() as lines:
        failed_wait = scene.wake()
        scene.clock.advance(20)
        failed(failed_wait, Unreachable)
    (line,) = [formatEvent(event) for event in lines]
    assert line == f"INVITE call-1 did not reach {ALICE}: no binding refresh within 20 s"


def test_says_what_happened(scene: Scene) -> None:
    """N-07: parked, released and ended are told, with how long it took."""
    scene.wake(wait=evolve(CALL, call_id="one"))
    scene.clock.advance(2)
    scene.register()
    failed_wait = scene.wake(wait=evolve(CALL, call_id="two"))
    scene.clock.advance(20)
    failed(failed_wait, Unreachable)
    assert scene.news == [
        RequestParked(0, "one", "INVITE", ALICE, "b1", 20),
        WakeReleased(2, "one", ALICE, "b1", 2),
        RequestParked(2, "two", "INVITE", ALICE, "b1", 20),
        WakeEnded(22, "two", ALICE, "b1", "no binding refresh within 20 s"),
    ]
    assert "token-1" not in repr(scene.news)

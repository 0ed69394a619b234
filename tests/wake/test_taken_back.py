"""
Tests for :mod:`sippn.wake.pushes`: calls that are over, and whose phones may know of them.
"""

from __future__ import annotations

import pytest
from attrs import evolve
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import LogEvent

from sippn.binding import Binding, PushJob, PushKind, PushOutcome, Verdict, service_for
from sippn.errors import Unreachable
from sippn.testing.results import failed, succeeded
from sippn.wake import Caller, Wait
from tests.wake.scene import (
    BACK,
    BOB,
    CALL,
    IPHONE,
    PHONE,
    RINGS,
    Asked,
    Scene,
    by,
    nothing_is_left,
    voip_call,
)

VOIP_ALONE = evolve(PHONE, push_target=evolve(RINGS, tokens=(("voip", "AA"),)))
LOST = PushOutcome(Verdict.FAILED, detail="the connection was lost")
UNSENT = PushOutcome(Verdict.FAILED, unsent=True)


def sent_and_given_up(scene: Scene, wait: Wait) -> PushJob:
    """The push that takes a call back whose own had left."""
    held = scene.queue.wake(wait)
    call = scene.pns.jobs[-1]
    scene.departures.left(call.id)
    scene.pns.answer(Verdict.ACCEPTED)
    held.cancel()
    failed(held, CancelledError)
    cancel = scene.pns.jobs[-1]
    assert (cancel.kind, cancel.collapse_key) == (PushKind.CANCEL, call.collapse_key)
    assert (cancel.call_id, cancel.caller) == (call.call_id, call.caller)
    return cancel


@pytest.mark.parametrize(
    "why",
    [
        'SIP;cause=200;text="Call completed elsewhere"',
        'SIP;cause=487;text="Request terminated"',
        'SIP;cause=603;text="Decline"',
    ],
)
@pytest.mark.parametrize("binding", [PHONE, IPHONE])
def test_push_that_takes_a_call_back_says_why(scene: Scene, binding: Binding, why: str) -> None:
    """S-12: what was answered elsewhere is no missed call, and the app is told so."""
    cancel = sent_and_given_up(scene, evolve(voip_call("one", Asked(why)), binding=binding))
    assert cancel.reason == why


def test_call_that_nobody_asks_about_is_taken_back_without_a_reason(scene: Scene) -> None:
    """S-12: no reason is no word too many."""
    assert sent_and_given_up(scene, CALL).reason == ""


def test_asker_is_told_whom_no_push_reaches(scene: Scene) -> None:
    """S-12: an iOS app without a second token cannot be told; its call is shown when it comes."""
    asker = Asked()
    binding = evolve(PHONE, push_target=evolve(RINGS, tokens=(("voip", "AA"),)))
    scene.pns.can = lambda target, kind: service_for(target, kind) is not None
    wait = evolve(voip_call("one", asker), binding=binding)
    held = scene.queue.wake(wait)
    scene.departures.left(scene.pns.jobs[0].id)
    held.cancel()
    failed(held, CancelledError)
    assert asker.of == [wait]
    assert len(scene.pns.jobs) == 1


def given_up(scene: Scene, held: Deferred[Binding]) -> None:
    """The caller hangs up."""
    held.cancel()
    failed(held, CancelledError)


def told(scene: Scene, binding: Binding, outcome: PushOutcome, *, left: bool = True) -> Asked:
    """Who called *binding*, and whose push came to *outcome* in the end."""
    scene.pns.can = lambda target, kind: service_for(target, kind) is not None
    asker = Asked()
    held = scene.queue.wake(evolve(voip_call("one", asker), binding=binding))
    if left:
        scene.departures.left(scene.pns.jobs[0].id)
    scene.pns.answer(outcome)
    failed(held, Unreachable)
    return asker


@pytest.mark.parametrize(
    "outcome", [LOST, PushOutcome(Verdict.BUSY), PushOutcome(Verdict.REFUSED)], ids=str
)
def test_push_that_failed_may_have_reached_its_phone(scene: Scene, outcome: PushOutcome) -> None:
    """S-12: where one attempt may have come through, the call is taken back though it failed."""
    told(scene, PHONE, outcome)
    call, cancel = scene.pns.jobs
    assert (cancel.kind, cancel.collapse_key) == (PushKind.CANCEL, call.collapse_key)


def test_phone_that_no_push_tells_is_shown_what_failed(scene: Scene) -> None:
    """S-12: an iPhone may ring for a push of which no answer came; it is shown its call."""
    assert [wait.call_id for wait in told(scene, VOIP_ALONE, LOST).of] == ["one"]
    assert len(scene.pns.jobs) == 1


@pytest.mark.parametrize("binding", [PHONE, VOIP_ALONE], ids=["can be told", "cannot"])
def test_phone_that_was_not_pushed_is_told_nothing(scene: Scene, binding: Binding) -> None:
    """S-12: what has certainly not left is no phone's business, however it ended."""
    assert told(scene, binding, UNSENT, left=False).of == []
    assert len(scene.pns.jobs) == 1
    assert nothing_is_left(scene)


def test_dead_token_is_not_told(scene: Scene) -> None:
    """N-05, S-12: where the PNS says that nobody has the token, nobody has got the push."""
    assert told(scene, PHONE, PushOutcome(Verdict.DEAD)).of == []
    assert len(scene.pns.jobs) == 1


def test_who_shares_a_push_that_failed_goes_on(scene: Scene) -> None:
    """P-045, S-12: a call that has more time is pushed anew, and nothing says it is over."""
    first = scene.wake()
    scene.clock.advance(5)
    second = scene.wake(wait=evolve(CALL, call_id="call-2"))
    scene.departures.left(scene.pns.jobs[0].id)
    scene.pns.answer(LOST)
    failed(first, Unreachable)
    assert [(job.kind, job.call_id) for job in scene.pns.jobs[1:]] == [(PushKind.CALL, "call-2")]
    given_up(scene, second)
    assert [(job.kind, job.call_id) for job in scene.pns.jobs[2:]] == [(PushKind.CANCEL, "call-1")]


@pytest.mark.parametrize("verdict", Verdict)
def test_iphone_is_shown_its_call(scene: Scene, verdict: Verdict) -> None:
    """S-12: whatever the PNS says of the push to its other token, it has a call to show."""
    asker = Asked()
    wait = voip_call("one", asker)
    sent_and_given_up(scene, wait)
    assert asker.of == [wait]
    scene.pns.answer(verdict)
    assert asker.of == [wait]


@pytest.mark.parametrize(
    ("verdict", "shown"), [(Verdict.ACCEPTED, False), (Verdict.DEAD, True), (Verdict.FAILED, True)]
)
def test_android_is_shown_its_call_only_if_no_push_tells_it(
    scene: Scene, verdict: Verdict, shown: bool
) -> None:
    """S-12, Vector 12: it need not show a call, so who comes meanwhile is left alone."""
    asker = Asked()
    wait = evolve(CALL, asker=asker)
    sent_and_given_up(scene, wait)
    assert asker.of == []
    scene.pns.answer(verdict)
    assert asker.of == ([wait] if shown else [])


def test_provider_that_breaks_tells_nobody(
    scene: Scene, nothing_fails_unseen: list[LogEvent]
) -> None:
    """S-12: a provider with a bug costs the phone its push, and not its call."""
    asker = Asked()
    wait = voip_call("one", asker)
    sent_and_given_up(scene, wait)
    scene.pns.break_on(ZeroDivisionError())
    assert asker.of == [wait]
    nothing_fails_unseen.clear()


def test_next_call_overtakes_what_takes_the_last_one_back(scene: Scene) -> None:
    """S-12, S-04: both have one collapse key; the call must not be replaced by what is over."""
    asker = Asked()
    cancel = sent_and_given_up(scene, evolve(CALL, asker=asker))
    scene.wake(wait=evolve(CALL, call_id="call-2"))
    assert scene.pns.withdrawn == [cancel]
    assert scene.pns.jobs[-1].collapse_key == cancel.collapse_key
    assert asker.of == []


@pytest.mark.parametrize("pushed", [True, False])
def test_what_was_overtaken_is_made_up_for(scene: Scene, pushed: bool) -> None:
    """S-12: where the next call is over as well, the last that the phone may know is taken back."""
    sent_and_given_up(scene, CALL)
    second = scene.wake(wait=evolve(CALL, call_id="call-2"))
    if pushed:
        scene.departures.left(scene.pns.jobs[-1].id)
    given_up(scene, second)
    job = scene.pns.jobs[-1]
    assert (job.kind, job.call_id) == (PushKind.CANCEL, "call-2" if pushed else "call-1")
    scene.pns.answer(Verdict.ACCEPTED)
    assert nothing_is_left(scene)


def test_call_to_another_phone_overtakes_nothing(scene: Scene) -> None:
    """S-12: it is about pushes to one token."""
    sent_and_given_up(scene, CALL)
    scene.wake(IPHONE, BOB)
    assert scene.pns.withdrawn == []


def test_old_push_is_not_taken_back_beside_a_new_one(scene: Scene) -> None:
    """S-12, S-04: who shares a push longer than it lives ends nobody else's call."""
    first = scene.wake()
    scene.departures.left(scene.pns.jobs[0].id)
    scene.clock.advance(19)
    second = scene.wake(wait=evolve(CALL, call_id="call-2"))
    scene.clock.advance(5)
    failed(first, Unreachable)
    third = scene.wake(wait=evolve(CALL, call_id="call-3"))
    given_up(scene, second)
    assert [job.call_id for job in scene.pns.jobs] == ["call-1", "call-3"]
    given_up(scene, third)
    job = scene.pns.jobs[-1]
    assert (job.kind, job.call_id) == (PushKind.CANCEL, "call-1")


def test_phone_that_is_back_is_told_nothing(scene: Scene) -> None:
    """S-12: whose UA came has its call, and no push is taken back."""
    asker = Asked()
    scene.queue.wake(evolve(CALL, asker=asker))
    scene.departures.left(scene.pns.jobs[0].id)
    scene.register(BACK)
    scene.clock.advance(1)
    assert (asker.of, len(scene.pns.jobs)) == ([], 1)


def test_overtaken_call_of_a_phone_that_is_back_is_forgotten(scene: Scene) -> None:
    """S-12: one account of a device is back; that the push for it fails is no news to the other."""
    sent_and_given_up(scene, CALL)
    first, second = scene.wake(), scene.wake(evolve(PHONE, id="b9"), BOB)
    scene.register(BACK)
    assert succeeded(first) is BACK
    scene.pns.answer(LOST)
    failed(second, Unreachable)
    assert scene.pns.jobs[-1].kind is PushKind.CALL


@pytest.mark.parametrize("caller", [Caller("bob"), Caller("192.0.2.66", stranger=True)])
def test_taking_back_is_counted_and_never_refused(scene: Scene, caller: Caller) -> None:
    """S-12, Q-03: it drains a battery as a call does; but whose call was let through may end it."""
    most = 2 if caller.stranger else 4
    for _ in range(most - 1):
        scene.wake(wait=by(caller))
        scene.register()
    sent_and_given_up(scene, by(caller))
    failed(scene.wake(wait=by(caller)), Unreachable)
    scene.clock.advance(3600)
    sent_and_given_up(scene, by(caller))
    for _ in range(most - 2):
        scene.wake(wait=by(caller))
        scene.register()
    failed(scene.wake(wait=by(caller)), Unreachable)

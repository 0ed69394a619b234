"""Tests for :mod:`sippn.upkeep`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from attrs import evolve
from twisted.internet.defer import Deferred, fail
from twisted.logger import LogEvent, capturedLogs, formatEvent

from sippn.binding import AOR, Decision, PushKind, PushOutcome, PushState, Record, Verdict
from sippn.binding.records import LINGER
from sippn.errors import StoreUnavailable
from sippn.events import RefreshRequested
from sippn.testing.desk import T0
from sippn.testing.results import failed, succeeded
from sippn.upkeep import refreshing

if TYPE_CHECKING:
    from tests.upkeep.conftest import Scene

ALICE, BOB = "sip:alice@example.com", "sip:bob@example.com"

# a push


def test_phone_is_pushed_before_its_binding_expires(scene: Scene) -> None:
    """S-30, P-026, B 20: once, and the job says what for."""
    due = scene.register().refresh_at
    scene.until(due, -0.1)
    assert succeeded(scene.look()) == 0
    scene.until(due)
    assert succeeded(scene.look()) == 1
    (job,) = scene.pns.jobs
    assert (job.kind, job.target.prid, job.aor) == (PushKind.REFRESH, "p1", ALICE)
    assert (job.collapse_key, job.method, job.call_id) == ("reg-of-alice", "", "")
    assert succeeded(scene.look()) == 0
    assert scene.news == [RefreshRequested(scene.clock.seconds(), ALICE, "of-alice", 1)]


def test_push_leaves_after_its_attempt_is_stored(scene: Scene) -> None:
    """S-31: else a node that crashes, or that lost the race, pushes as well."""
    scene.until(scene.register().refresh_at)
    scene.store.waits = True
    looked = scene.look()
    assert scene.pns.jobs == []
    scene.store.answer()
    assert succeeded(looked) == 1
    assert len(scene.pns.jobs) == 1
    assert scene.stored().refresh_attempt == 1


def test_register_that_comes_in_between_is_not_pushed(scene: Scene) -> None:
    """P-028, S-13 a: the record is read again; what was claimed is an AOR, not a duty."""
    scene.until(scene.register().refresh_at)
    scene.store.waits = True
    registering = scene.location.update(ALICE, _refreshed)
    looked = scene.look()
    scene.store.answer()
    succeeded(registering)
    scene.clock.advance(0)
    assert succeeded(looked) == 1
    assert scene.pns.jobs == []
    assert len(scene.store.batches) == 2


def test_push_service_may_keep_it_while_the_binding_lasts(scene: Scene) -> None:
    """S-30: a phone that was away for an hour is still in time; the last push says it is that."""
    expires_at = scene.register(seconds=36_000).expires_at
    for last in (False, False, False, True):
        scene.until(scene.stored().refresh_at)
        scene.look()
        job = scene.pns.jobs[-1]
        left = expires_at - scene.wall()
        assert job.life(scene.clock.seconds()) == pytest.approx(left, abs=0.01)
        assert (job.urgent, job.collapse_key) == (last, f"reg-{scene.stored().id}")
        scene.pns.answer()


def test_push_is_asked_for_a_minute_or_until_the_next(scene: Scene) -> None:
    """S-30: and not once the binding has expired."""
    scene.register(seconds=36_000)
    scene.until(scene.stored().refresh_at)
    for left in (60, 60, 60, 30):
        scene.look()
        job = scene.pns.jobs[-1]
        assert job.deadline - scene.clock.seconds() == pytest.approx(left, abs=0.01)
        scene.pns.answer()
        if left == 60:
            scene.until(scene.stored().refresh_at)
    assert len(scene.pns.jobs) == 4
    scene.register(BOB, "p2", 300)
    scene.until(scene.stored(BOB).refresh_at)
    scene.look()
    pause = (scene.stored(BOB).refresh_at or 0) - scene.wall()
    assert scene.pns.jobs[-1].deadline - scene.clock.seconds() == pytest.approx(pause)
    assert pause < 15


def test_silent_phone_is_pushed_four_times_and_never_again(scene: Scene) -> None:
    """S-30, P-028: back-off, the last 30 s before expiry, and its binding goes."""
    expires_at = scene.register().expires_at
    pushed: list[float] = []
    while scene.store.load(ALICE) is not None:
        due = scene.store.stored(ALICE).due_at
        scene.until(due)
        scene.look()
        while scene.pns.unanswered:
            scene.pns.answer()
            pushed.append(round(expires_at - scene.wall()))
    assert len(pushed) == 4
    assert 359 <= pushed[0] <= 360 + 3240 / 3
    assert pushed[-1] == 30
    assert scene.wall() == pytest.approx(expires_at + LINGER, abs=1)


def test_back_off_ends_with_the_register(scene: Scene) -> None:
    """S-30, B 20: attempt 0 again, and a whole life to go."""
    scene.until(scene.register().refresh_at)
    scene.look()
    again = scene.register()
    assert again.refresh_attempt == 0
    assert again.refresh_at is not None
    scene.until(again.refresh_at, -0.1)
    assert succeeded(scene.look()) == 0
    assert len(scene.pns.jobs) == 1


# withdrawing


def test_register_withdraws_what_has_not_left(scene: Scene) -> None:
    """S-13 a: the phone was faster."""
    scene.until(scene.register().refresh_at)
    scene.look()
    scene.register()
    assert scene.pns.withdrawn == scene.pns.jobs
    assert len(scene.upkeep._pushes) == 0


def test_register_withdraws_the_latest_push(scene: Scene) -> None:
    """S-13 a: the time of the one before is over meanwhile, and takes nothing with it."""
    scene.until(scene.register().refresh_at)
    scene.look()
    scene.pns.answer()
    scene.until(scene.stored().refresh_at)
    scene.look()
    scene.clock.advance(20)
    scene.register()
    assert scene.pns.withdrawn == scene.pns.jobs[1:]


def test_removal_withdraws_it_too(scene: Scene) -> None:
    """P-028: a binding that is gone is not pushed for."""
    scene.until(scene.register().refresh_at)
    scene.look()
    scene.register(seconds=0)
    assert scene.pns.withdrawn == scene.pns.jobs


def test_register_of_another_withdraws_nothing(scene: Scene) -> None:
    """One phone's REGISTER says nothing of another's."""
    scene.until(scene.register().refresh_at)
    scene.look()
    scene.register(BOB, "p2")
    assert scene.pns.withdrawn == []


def test_register_after_the_push_is_only_noted(scene: Scene) -> None:
    """Nothing to withdraw; and nothing is left of it."""
    scene.until(scene.register().refresh_at)
    scene.look()
    scene.pns.answer()
    scene.register()
    assert scene.pns.withdrawn == []
    assert len(scene.upkeep._pushes) == 0


# sharing


def test_one_push_for_all_accounts_of_a_phone(scene: Scene) -> None:
    """N-28, P-003: one push asks a phone to refresh all its accounts."""
    for aor in (ALICE, BOB):
        scene.register(aor)
    scene.until(max(scene.stored(aor).refresh_at or 0 for aor in (ALICE, BOB)))
    assert succeeded(scene.look()) == 2
    assert len(scene.pns.jobs) == 1
    told = [event.aor for event in scene.news if isinstance(event, RefreshRequested)]
    assert sorted(told) == [ALICE, BOB]
    assert [scene.stored(aor).refresh_attempt for aor in (ALICE, BOB)] == [1, 1]


def test_push_is_dropped_when_the_last_account_is_back(scene: Scene) -> None:
    """P-003: a refresh push is needed until the last account of its phone is back."""
    for aor in (ALICE, BOB):
        scene.register(aor)
    scene.until(max(scene.stored(aor).refresh_at or 0 for aor in (ALICE, BOB)))
    scene.look()
    scene.register(ALICE)
    assert scene.pns.withdrawn == []
    scene.register(BOB)
    assert scene.pns.withdrawn == scene.pns.jobs


def due_later(scene: Scene, seconds: float, life: int = 3600) -> None:
    """Alice's account was pushed for; Bob's, on the same phone, is due *seconds* later."""
    scene.until(scene.register(ALICE, seconds=life).refresh_at)
    scene.register(BOB, seconds=7200)
    record = scene.store.stored(BOB)
    at = scene.wall() + seconds
    bobs = evolve(record.bindings[0], refresh_at=at)
    record = evolve(record, version=record.version + 1, bindings=(bobs,), due_at=at)
    scene.store.overwrite(record)
    scene.look()
    scene.pns.answer()
    scene.until(at)


@pytest.mark.parametrize(
    ("life", "seconds", "pushes"), [(3600, 59, 1), (3600, 61, 2), (300, 12, 1), (300, 22, 2)]
)
def test_push_is_shared_while_it_is_waited_for(
    scene: Scene, life: int, seconds: float, pushes: int
) -> None:
    """N-28: what the PNS took is on its way for a minute, or until Alice's next is due."""
    due_later(scene, seconds, life)
    scene.look()
    assert len(scene.pns.jobs) == pushes


def test_account_that_the_phone_left_out_is_pushed_for(scene: Scene) -> None:
    """P-003: an account that its phone has not refreshed is pushed for, whatever others are."""
    due_later(scene, 20)
    scene.register(ALICE)
    scene.look()
    assert len(scene.pns.jobs) == 2


def test_push_that_failed_is_not_shared(scene: Scene) -> None:
    """It wakes nobody."""
    for aor in (ALICE, BOB):
        scene.register(aor)
    due = sorted(scene.stored(aor).refresh_at or 0 for aor in (ALICE, BOB))
    scene.until(due[0])
    scene.look()
    scene.pns.answer(Verdict.FAILED)
    scene.until(due[1])
    scene.look()
    assert len(scene.pns.jobs) == 2


def test_nothing_is_kept_of_a_push_whose_time_is_over(scene: Scene) -> None:
    """Nothing may grow with phones that stay away."""
    scene.until(scene.register().refresh_at)
    scene.look()
    scene.pns.answer()
    assert len(scene.upkeep._pushes) == 1
    scene.clock.advance(refreshing.WORTH)
    assert len(scene.upkeep._pushes) == 0
    assert scene.upkeep._pushes._shared == {}
    assert scene.clock.getDelayedCalls() == []


# outcomes


@pytest.mark.parametrize("since", [None, T0 + 10])
def test_dead_prid_is_disowned(scene: Scene, since: float | None) -> None:
    """N-05, P-045: under every AOR, and pushed no more."""
    for aor in (ALICE, BOB):
        scene.register(aor)
    scene.until(scene.stored().refresh_at)
    scene.look()
    scene.pns.answer(PushOutcome(Verdict.DEAD, gone_since=since))
    for aor in (ALICE, BOB):
        assert scene.stored(aor).push_state is PushState.DEAD
        assert scene.stored(aor).refresh_at is None


def test_prid_that_registered_after_the_verdict_lives(scene: Scene) -> None:
    """T3: the PNS speaks of a time before."""
    scene.clock.advance(100)
    scene.until(scene.register().refresh_at)
    scene.look()
    scene.pns.answer(PushOutcome(Verdict.DEAD, gone_since=T0 + 50))
    assert scene.stored().push_state is PushState.ACTIVE


@pytest.mark.parametrize("verdict", [Verdict.FAILED, Verdict.REFUSED, Verdict.BUSY])
def test_push_that_failed_is_told_and_tried_again(scene: Scene, verdict: Verdict) -> None:
    """S-30: at the next attempt; no line of the log has the PRID (T7)."""
    scene.until(scene.register(prid="s3cret").refresh_at)
    with capturedLogs() as logs:
        scene.look()
        scene.pns.answer(PushOutcome(verdict, detail="HTTP 500"))
    (line,) = [formatEvent(event) for event in logs]
    assert f"{ALICE} was not asked to refresh" in line
    assert f"{verdict.name.lower()} (HTTP 500)" in line
    assert "s3cret" not in repr(logs)
    scene.until(scene.stored().refresh_at)
    scene.look()
    assert len(scene.pns.jobs) == 2


def test_provider_that_breaks_costs_one_push(
    scene: Scene, nothing_fails_unseen: list[LogEvent]
) -> None:
    """A plugin may raise anything."""
    scene.until(scene.register().refresh_at)
    scene.look()
    scene.pns.break_on(ZeroDivisionError())
    assert len(nothing_fails_unseen) == 1
    nothing_fails_unseen.clear()
    assert not scene.upkeep._pushes._unanswered


# many


def test_herd_is_bounded(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """T14, D4: what there is no room for waits in the store, and is not counted as pushed."""
    monkeypatch.setattr(scene.upkeep._pushes, "_most", 100)
    for number in range(250):
        scene.register(f"sip:{number}@example.com", f"p{number}")
    scene.clock.advance(3400)
    for room in (100, 0):
        assert succeeded(scene.look()) == room
        assert len(scene.pns.unanswered) == 100
    for left in (100, 50, 0):
        while scene.pns.unanswered:
            scene.pns.answer()
        assert succeeded(scene.look()) == left
    assert len({job.aor for job in scene.pns.jobs}) == len(scene.pns.jobs) == 250


def test_expired_bindings_go_whoever_they_are(scene: Scene) -> None:
    """The mechanism is one: a refresh and an expiry are looked for at once."""
    scene.register()
    scene.clock.advance(3600 + LINGER + 1)
    assert succeeded(scene.look()) == 1
    assert scene.store.load(ALICE) is None
    assert scene.pns.jobs == []


def test_aor_that_breaks_keeps_no_other_waiting(
    scene: Scene, nothing_fails_unseen: list[LogEvent]
) -> None:
    """It is told, and due again when its lease is over."""
    for aor in (ALICE, BOB):
        scene.register(aor, f"p-{aor[4]}")
    scene.clock.advance(3242)

    def broken(record: Record | None) -> Record | Deferred[Record | None] | None:
        return fail(ZeroDivisionError()) if record and record.aor == ALICE else record

    scene.store.reading = broken
    assert succeeded(scene.look()) == 2
    assert [job.aor for job in scene.pns.jobs] == [BOB]
    (told,) = nothing_fails_unseen
    assert ALICE in formatEvent(told)
    nothing_fails_unseen.clear()
    scene.store.reading = lambda record: record
    scene.clock.advance(31)
    scene.look()
    assert [job.aor for job in scene.pns.jobs] == [BOB, ALICE]


def test_store_that_is_down_is_told_once(scene: Scene) -> None:
    """E2: nobody is pushed on its account, and the next look finds them all."""
    aors: list[AOR] = [f"sip:{number}@example.com" for number in range(3)]
    for aor in aors:
        scene.register(aor, f"p{aor[4]}")
    scene.clock.advance(3400)
    scene.store.waits = True
    looked = scene.look()
    while not looked.called:  # in however many batches they went
        scene.store.refuse(StoreUnavailable("disk full"))
        scene.clock.advance(0)
    failed(looked, StoreUnavailable)
    assert scene.pns.jobs == []
    scene.store.waits = False
    scene.clock.advance(31)
    assert succeeded(scene.look()) == 3
    assert len(scene.pns.jobs) == 3


def _refreshed(record: Record | None) -> Decision:
    assert record is not None
    later = [evolve(b, expires_at=b.expires_at + 3600, refresh_at=None) for b in record.bindings]
    stored = evolve(record, version=record.version + 1, bindings=tuple(later), due_at=None)
    return Decision(stored, tuple(later))

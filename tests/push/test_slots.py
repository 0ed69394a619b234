"""Tests for :mod:`sippn.push.slots`."""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred

from sippn.binding import PushKind
from sippn.push import Line, Slots
from sippn.push.waiting import NoRoomError
from sippn.testing.results import failed, succeeded


def test_slots_are_given_out_until_none_is_left() -> None:
    """W3: what is in flight is never more than the limit."""
    slots = Slots(2)
    taken = [slots.take(PushKind.CALL) for _ in range(3)]
    succeeded(taken[0])
    succeeded(taken[1])
    assert not taken[2].called
    assert (slots.taken, slots.waiting) == (2, 1)


def test_refreshes_leave_slots_for_calls() -> None:
    """S-30: a herd of them at a PNS that takes its time must not delay a call."""
    slots = Slots(8)
    herd = [slots.take(PushKind.REFRESH) for _ in range(9)]
    assert [taken.called for taken in herd] == [True] * 6 + [False] * 3
    for kind in (PushKind.CALL, PushKind.MESSAGE):
        succeeded(slots.take(kind))
    call = slots.take(PushKind.CALL)
    assert not call.called
    slots.give_back()
    succeeded(call)
    slots.give_back()
    slots.give_back()
    assert (slots.taken, slots.waiting) == (6, 3)
    slots.give_back()
    succeeded(herd[6])


def test_newcomer_waits_behind_his_like() -> None:
    """The order of arrival holds within a kind, whatever is free for others."""
    slots = Slots(4)
    refreshes = [slots.take(PushKind.REFRESH) for _ in range(4)]
    assert [taken.called for taken in refreshes] == [True, True, True, False]
    cancel = slots.take(PushKind.CANCEL)
    slots.give_back()
    succeeded(refreshes[3])
    assert not cancel.called


def test_who_comes_back_at_once_goes_to_the_end() -> None:
    """A provider that answers at once, and is asked again by the same, starves nobody."""
    slots, came = Slots(1), list[str]()
    slots.take(PushKind.CALL)

    def again(_: None) -> None:
        came.append("first")
        slots.give_back()
        slots.take(PushKind.CALL).addCallback(lambda _: came.append("again"))

    slots.take(PushKind.CALL).addCallback(again)
    slots.take(PushKind.CALL).addCallback(lambda _: came.append("second"))
    slots.give_back()
    slots.give_back()
    assert came == ["first", "second", "again"]


def test_few_slots_are_for_all() -> None:
    """One connection to a gateway: nothing to keep, or no refresh would ever leave."""
    for number in (1, 3):
        slots = Slots(number)
        assert all(slots.take(PushKind.REFRESH).called for _ in range(number))


def test_slot_given_back_goes_to_who_waits() -> None:
    """The count stays right from hand to hand."""
    slots = Slots(1)
    slots.take(PushKind.CALL)
    second, third = slots.take(PushKind.REFRESH), slots.take(PushKind.CALL)
    slots.give_back()
    succeeded(third)
    assert not second.called
    slots.give_back()
    succeeded(second)
    slots.give_back()
    assert (slots.taken, slots.waiting) == (0, 0)


def test_waiter_that_left_takes_no_slot() -> None:
    """A cancelled job must not hold a slot for ever."""
    slots = Slots(1)
    slots.take(PushKind.CALL)
    waiter = slots.take(PushKind.CALL)
    waiter.cancel()
    failed(waiter, CancelledError)
    slots.give_back()
    assert (slots.taken, slots.waiting) == (0, 0)
    succeeded(slots.take(PushKind.CALL))


def test_zero_is_no_limit() -> None:
    """DESIGN section 5: 0 = off."""
    slots = Slots(0)
    for _ in range(1000):
        succeeded(slots.take(PushKind.REFRESH))


def test_too_many_waiting_are_turned_away() -> None:
    """The line before the slots is bounded."""
    slots = Slots(1, Line(1))
    slots.take(PushKind.CALL)
    waiting = slots.take(PushKind.CALL)
    failed(slots.take(PushKind.CALL), NoRoomError)
    assert not waiting.called


def test_long_line_of_instant_users_does_not_recurse() -> None:
    """A provider that answers at once, asked for all who waited while another hung."""
    slots = Slots(1)
    slots.take(PushKind.CALL)
    done: list[int] = []

    def use(_: None, number: int) -> None:
        done.append(number)
        slots.give_back()

    waiters: list[Deferred[None]] = [
        slots.take(PushKind.CALL).addCallback(use, number) for number in range(5000)
    ]
    slots.give_back()
    for waiter in waiters:
        succeeded(waiter)
    assert done == list(range(5000))
    assert slots.taken == 0

"""
A9: 40 INVITEs in 2 s at one sleeping device.
"""

from __future__ import annotations

import pytest

from sippn.binding import PushKind
from sippn.testing.house import House
from sippn.testing.results import succeeded
from tests.flows.push_services import AA, ANDROID, BB, IPHONE, VOIP_ALONE, Services
from tests.threats.scene import ALICE, SECRET, phone, sleeper

CALLS = 40
STRANGER_AN_HOUR = 20
PARKED = 5


@pytest.mark.parametrize("strangers", [True, False])
def test_forty_invites_are_one_push(house: House, strangers: bool) -> None:
    """
    A9: one push, and forty final answers, each by the time that it would have waited.

    When the last of them is over, one more takes the first back: the call is no more.
    """
    sleeper(house, "alice", "token-a")
    calls = []
    for number in range(CALLS):
        caller = (
            house.phone(f"x{number}", domain="elsewhere.example")
            if strangers
            else phone(house, f"u{number % 20}")
        )
        calls.append(caller.call(ALICE))
        house.run(2 / CALLS)
    assert [job.kind for job in house.pns.jobs] == [PushKind.CALL]
    house.run(20)
    finals = [succeeded(call.failed).status for call in calls]
    assert finals == [480] * CALLS
    house.run(60)
    assert [job.kind for job in house.pns.jobs] == [PushKind.CALL, PushKind.CANCEL]


def test_those_that_waited_are_all_answered_by_the_phone(house: House) -> None:
    """A9: five wait, and reach it; the others have been told to come back."""
    alice = sleeper(house, "alice", "token-a")
    calls = [house.phone(f"x{n}", domain="elsewhere.example").call(ALICE) for n in range(CALLS)]
    house.run(2)
    house.get(alice.wake())
    house.run()
    answered = [call for call in calls if call.answered.called]
    refused = [succeeded(call.failed) for call in calls if call.failed.called]
    assert len(answered) + len(refused) == CALLS
    assert len(answered) == len(alice.incoming) == 5
    assert {response.status for response in refused} == {480}
    assert {response.headers.get("Retry-After") for response in refused} == {"5"}
    assert len(house.pns.jobs) == 1


def test_stranger_causes_so_many_pushes_an_hour(house: House) -> None:
    """A9: at most 20 to one device, in any sixty minutes, by however many calls."""
    alice, stranger = sleeper(house, "alice", "t"), house.phone("x", domain="elsewhere.example")
    times = []
    for _ in range(120):
        before = len(house.pns.jobs)
        call = stranger.call(ALICE)
        house.run()
        times += [house.clock.seconds()] * (len(house.pns.jobs) - before)
        if call.failed.called:
            house.run(60)
            continue
        house.get(alice.wake())
        house.run()
        house.get(call.hang_up())
        alice.sleep()
        house.run(60)
    assert len(times) > STRANGER_AN_HOUR
    later = times[STRANGER_AN_HOUR:]
    assert all(b - a >= 3600 for a, b in zip(times, later, strict=False))


@pytest.mark.parametrize("seconds", [0.5, 5])
def test_taking_it_back_counts(house: House, seconds: float) -> None:
    """A9: a push that says that a call is over drains a battery as one that says it begins."""
    sleeper(house, "alice", "t")
    stranger = house.phone("x", domain="elsewhere.example")
    for _ in range(60):
        call = stranger.call(ALICE)
        house.run(seconds)
        call.cancel()
        house.run(1)
    assert house.clock.seconds() < 3600
    assert len(house.pns.jobs) <= STRANGER_AN_HOUR


def forty(services: Services) -> list[int]:
    """What 40 strangers hear who call alice within 2 s, when all is over."""
    calls = []
    for number in range(CALLS):
        caller = services.house.phone(f"x{number}", domain="elsewhere.example")
        calls.append(caller.call(ALICE))
        services.run(2 / CALLS, 0.01)
    services.run(30)
    return [succeeded(call.failed).status for call in calls]


@pytest.mark.parametrize("words", [IPHONE, VOIP_ALONE])
def test_iphone_shows_each_call_that_waits(services: Services, words: str) -> None:
    """A9, S-04: one VoIP push for each Call-ID, and at most ``limits.parked_per_callee``."""
    services.asleep(words, password=SECRET)
    assert forty(services) == [480] * CALLS
    voip = [push for push in services.apns.pushes if push.push_type == "voip"]
    others = [push for push in services.apns.pushes if push.push_type != "voip"]
    assert [push.token for push in voip] == [AA] * PARKED
    assert {push.token for push in others} == ({BB} if words == IPHONE else set())
    assert len(services.apns.pushes) <= STRANGER_AN_HOUR


def test_android_is_pushed_once(services: Services) -> None:
    """A9: one message for forty calls, and one that says that the last is over."""
    services.asleep(ANDROID, password=SECRET)
    assert forty(services) == [480] * CALLS
    assert [push.data["kind"] for push in services.server.fcm.pushes] == ["call", "cancel"]


def test_stranger_costs_an_iphone_no_more(services: Services) -> None:
    """A9, T1: by however many calls, a stranger causes at most 20 pushes an hour, of all kinds."""
    services.asleep(IPHONE, password=SECRET)
    stranger = services.house.phone("x", domain="elsewhere.example")
    for _ in range(60):
        call = stranger.call(ALICE)
        services.run(1)
        call.cancel()
        services.run(1)
    assert len(services.apns.pushes) == STRANGER_AN_HOUR

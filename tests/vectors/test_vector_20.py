"""
Vector 20: the pushes that keep a sleeping phone registered.
"""

from __future__ import annotations

import pytest
from attrs import evolve

from sippn.binding import PushKind, service_for
from sippn.service import ServerSettings
from sippn.storage.memory import MemoryStore
from sippn.testing.house import House
from tests.vectors.scene import APNS, FCM, asleep, pass_by, phone_that_says

HOUR, DUE, LAST = 3600, 3240, 3570
SPREAD = 2160  # a third of the rest earlier, at most, so that not all come at once
VOIP = ";pn-provider=apns;pn-param=TEAM123456.org.test.app.voip;pn-prid=aa11"


def times(house: House, seconds: int) -> list[float]:
    """When refresh pushes left in the *seconds* to come; each is taken, and does nothing."""
    known, found = len(house.pns.jobs), []
    for _ in range(seconds):
        house.clock.advance(1)
        while house.pns.unanswered:
            house.push_accepted()
            found.append(house.clock.seconds())
    assert {job.kind for job in house.pns.jobs[known:]} <= {PushKind.REFRESH}
    return found


@pytest.mark.parametrize("words", [FCM, APNS])
def test_first_push_leaves_in_time(house: House, words: str) -> None:
    """Vector 20, P-025, P-026: of an hour's life a tenth is left, at least, at the first push."""
    asleep(house, phone_that_says(house, words))
    assert times(house, SPREAD - 1) == []
    assert times(house, DUE + 1 - SPREAD) != []


def test_silent_phone_is_pushed_again(house: House) -> None:
    """Vector 20, P-026, P-028: a silent phone is pushed again, the last 30 s before expiry."""
    asleep(house, phone_that_says(house, FCM))
    first, second, third, last = times(house, 2 * HOUR)
    assert second - first < third - second < last - third
    assert last == pytest.approx(LAST, abs=2)


def test_register_stops_it(house: House) -> None:
    """Vector 20, U-06: a phone that has registered is not pushed again for the same expiry."""
    alice = asleep(house, phone_that_says(house, FCM))
    while not times(house, 1):
        assert house.clock.seconds() <= DUE + 1
    assert house.get(alice.wake()).status == 200
    alice.sleep()
    assert times(house, SPREAD - 1) == []


@pytest.mark.parametrize("down", [1, 60, 200])
def test_it_survives_a_restart(settings: ServerSettings, down: int) -> None:
    """Vector 20, P-026: what came due while the server was down is pushed when it is back."""
    store = MemoryStore()
    settings = evolve(settings, storage=lambda _: store)
    before = House.built(settings)
    asleep(before, phone_that_says(before, FCM.replace("fcm", "acme")))
    times(before, SPREAD - 10)
    before.server.stopService()
    after = House.built(settings)
    after.run(DUE + down)
    assert [job.kind for job in after.pns.jobs] == [PushKind.REFRESH]
    after.server.stopService()


def test_voip_token_gets_none(house: House) -> None:
    """Vector 20, D-02: a binding with a VoIP token alone is never pushed to refresh it."""
    asleep(house, phone_that_says(house, VOIP))
    assert times(house, 2 * HOUR) == []


def test_voip_token_beside_another_gets_none(house: House) -> None:
    """Vector 20, D-02: of two tokens it is the remote one that is pushed to refresh."""
    asleep(house, phone_that_says(house, APNS))
    assert times(house, 2 * HOUR) != []
    assert {service_for(job.target, job.kind) for job in house.pns.jobs} == {("remote", "bb22")}


def test_who_refreshes_itself_is_left_alone(house: House) -> None:
    """Vector 20, P-027: a UA with +sip.pnsreg is pushed 120 s before expiry, and not before."""
    asleep(house, phone_that_says(house, FCM, ";+sip.pnsreg"))
    assert times(house, HOUR - 121) == []
    assert times(house, 120) != []


def test_who_refreshes_itself_in_time_is_never_pushed(house: House) -> None:
    """Vector 20, P-027: as long as it registers before that, such a UA is not pushed at all."""
    alice = phone_that_says(house, FCM, ";+sip.pnsreg")
    house.get(alice.register())
    for _ in range(3):
        pass_by(house, HOUR - 130)
        house.get(alice.register())
    assert house.pns.jobs == []

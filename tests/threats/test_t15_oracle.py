"""
T15: how fast and by what words somebody is told that nobody is there says who is.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from attrs import evolve, frozen

from sippn.binding import PushOutcome, RoutePlan, Verdict
from sippn.errors import NotFound
from sippn.proxy import DomainPolicy
from sippn.service import ServerSettings
from sippn.sip import Request
from sippn.testing.house import House
from sippn.testing.results import succeeded
from tests.threats.scene import ALICE, DOMAIN, Sender, phone, sleeper

WAIT = {"INVITE": 20.0, "MESSAGE": 10.0}
NOBODY = f"sip:nobody@{DOMAIN}"
RANDOM = {"To", "Via", "From", "Call-ID", "CSeq"}

Deed = Callable[[House], str]


@pytest.fixture
def settings(settings: ServerSettings, request: pytest.FixtureRequest) -> ServerSettings:
    """As on a public listener; where a test says so, open."""
    conceal = "open_house" not in request.fixturenames
    return evolve(settings, proxy=evolve(settings.proxy, conceal=conceal))


@pytest.fixture
def open_house() -> None:
    """Nothing is concealed."""


def unknown(house: House) -> str:
    """A user who does not exist."""
    del house
    return NOBODY


def never_registered(house: House) -> str:
    """One who exists, and has no phone on."""
    del house
    return f"sip:u1@{DOMAIN}"


def gone(house: House) -> str:
    """One who has taken his registration back."""
    bob = phone(house, "bob")
    house.get(bob.register())
    house.get(bob.unregister())
    return f"sip:bob@{DOMAIN}"


def asleep(house: House) -> str:
    """One whose phone is pushed, and does not come."""
    sleeper(house, "alice", "token-a")
    return ALICE


def asleep_and_dead(house: House) -> str:
    """One whose PRID the push service does not know any more."""
    sleeper(house, "alice", "token-a")
    phone(house, "bob").call(ALICE)
    house.run()
    house.pns.answer(Verdict.DEAD)
    house.run(30)
    return ALICE


def asleep_and_refused(house: House) -> str:
    """One whose push fails at once."""
    sleeper(house, "alice", "token-a")
    house.pns.at_once = PushOutcome(Verdict.REFUSED)
    return ALICE


def over_budget(house: House) -> str:
    """One whom strangers have had pushed so often that they may not any more."""
    alice = sleeper(house, "alice", "token-a")
    for _ in range(20):
        caller = house.phone("x", domain="elsewhere.example")
        call = caller.call(ALICE)
        house.run()
        house.get(alice.wake())
        house.run()
        house.get(call.hang_up())
        alice.sleep()
        house.run()
    pushes = len(house.pns.jobs)
    assert pushes == 20
    return ALICE


ABSENT = (unknown, never_registered, gone, asleep, asleep_and_dead, asleep_and_refused, over_budget)


@frozen
class Told:
    """
    What somebody can see of an answer.

    :ivar after: seconds.
    :ivar provisional: what came before it.
    """

    after: float
    provisional: tuple[int, ...]
    status: int
    reason: str
    fields: tuple[tuple[str, str], ...]
    octets: int


def told(house: House, method: str, target: str) -> Told:
    """What a stranger is told who asks for *target*, in steps of an eighth of a second."""
    sender = Sender.at(house)
    began, known = house.clock.seconds(), 0
    octets = sender.write(
        method, target, ("Contact", "<sip:x@192.0.2.9>"), To="<sip:somebody@elsewhere.example>"
    )
    sender.endpoint.send(octets, house.address)
    house.run()
    while not [answer for answer in sender.answers() if answer.status >= 200]:
        house.run(0.125)
        known += 1
        assert known < 400
    *before, last = sender.answers()
    return Told(
        house.clock.seconds() - began,
        tuple(answer.status for answer in before),
        last.status,
        last.reason,
        tuple((name, "" if name in RANDOM else value) for name, value in last.headers),
        len(last.headers.get("To") or ""),
    )


@pytest.mark.parametrize("method", ["INVITE", "MESSAGE"])
@pytest.mark.parametrize("absent", ABSENT)
def test_absent_are_all_alike(settings: ServerSettings, absent: Deed, method: str) -> None:
    """T15: a stranger hears the same, at the same time, field by field."""
    house, other = House.built(settings), House.built(settings)
    found = told(house, method, absent(house))
    expected = told(other, method, asleep(other))
    assert found == expected
    assert (found.status, found.after) == (480, WAIT[method])
    for one in (house, other):
        one.server.stopService()


class Directory(DomainPolicy):
    """A plugin that knows who exists, and says 404 of all others."""

    def determine_targets(self, request: Request, plan: RoutePlan) -> RoutePlan:
        """As ever, but for one name.  :raises NotFound: it is that."""
        if request.request_uri.user == "nobody":
            raise NotFound("There is no such user")
        return super().determine_targets(request, plan)


def test_policy_that_knows_who_exists_tells_no_stranger(settings: ServerSettings) -> None:
    """T15: a 404 that is decided before anybody is looked up is concealed as well."""
    directory = Directory(lambda host: host == DOMAIN, lambda _host, _port: False)
    house = House.built(evolve(settings, policies=(lambda _: directory,)))
    assert told(house, "INVITE", NOBODY) == told(house, "INVITE", asleep(house))
    call = phone(house, "bob").call(NOBODY)
    house.run()
    assert succeeded(call.failed).status == 404
    house.server.stopService()


@pytest.mark.parametrize("method", ["OPTIONS", "SUBSCRIBE", "BYE", "INFO"])
def test_what_wakes_nobody_says_nothing_either(house: House, method: str) -> None:
    """T15: who sleeps is not pushed for it, and who is not there is waited for as long."""
    found = [told(house, method, one) for one in (asleep(house), NOBODY, f"sip:u1@{DOMAIN}")]
    assert found[0] == found[1] == found[2]
    assert house.pns.jobs == []


def test_places_are_as_many(house: House) -> None:
    """T15: who calls and calls is refused after as many, whether anybody is there or not."""
    found = []
    for target in (asleep(house), NOBODY):
        callers = [house.phone(f"x{n}", domain="elsewhere.example") for n in range(7)]
        calls = [caller.call(target) for caller in callers]
        house.run()
        refused = [succeeded(call.failed) for call in calls if call.failed.called]
        found.append([(one.status, one.headers.get("Retry-After")) for one in refused])
        house.run(30)
    assert found[0] == found[1] == [(480, "5")] * 2


def test_place_is_given_back(house: House) -> None:
    """T15: a caller who waits for nobody and gives up waits no more."""
    for _ in range(10):
        call = house.phone("x", domain="elsewhere.example").call(NOBODY)
        house.run(1)
        call.cancel()
        house.run()
        assert succeeded(call.failed).status == 487
    assert len(house.server._proxy._means.parking) == 0


def test_who_comes_is_reached(house: House) -> None:
    """T15: nothing is concealed from whoever is called and there."""
    alice = sleeper(house, "alice", "token-a")
    call = house.phone("x", domain="elsewhere.example").call(ALICE)
    house.run(3)
    house.get(alice.wake())
    house.run()
    assert succeeded(call.answered).status == 200


def test_those_who_are_known_are_told_at_once(house: House) -> None:
    """T15: bob has proved who he is."""
    for target in (NOBODY, f"sip:u1@{DOMAIN}"):
        call = phone(house, "bob").call(target)
        house.run()
        assert succeeded(call.failed).status in {404, 480}


@pytest.mark.usefixtures("open_house")
def test_it_can_be_left_open(house: House) -> None:
    """T15: an option: a stranger is told at once as well."""
    assert told(house, "INVITE", NOBODY).after == 0
    assert told(house, "INVITE", asleep(house)).after == WAIT["INVITE"]

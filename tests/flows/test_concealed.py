"""
T15: a stranger does not learn from an answer, nor from its time, who there is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import ip_network

import pytest
from attrs import evolve

from sippn.auth import AuthSettings
from sippn.binding import PushKind, PushTarget, RoutePlan, Verdict
from sippn.errors import NotFound
from sippn.proxy import DomainPolicy, ProxySettings, WaitSettings
from sippn.service import ServerSettings
from sippn.sip import Request, Response
from sippn.testing.calls_received import answer_at_once, reject, ring
from sippn.testing.house import House
from sippn.testing.results import succeeded
from sippn.wake.settings import ParkingLimits
from tests.flows.preferred import pass_by, phone_with

ALICE = "sip:alice@example.com"
NOBODY = "sip:no-such-user@example.com"
Scene = Callable[[House], str]


class Directory(DomainPolicy):
    """A plugin that knows who exists."""

    def determine_targets(self, request: Request, plan: RoutePlan) -> RoutePlan:
        """Nobody but alice does."""
        if request.request_uri.user != "alice":
            raise NotFound("No Such User")
        return plan


@pytest.fixture
def settings(settings: ServerSettings) -> ServerSettings:
    """Callers are strangers, and hear 182 while they wait."""
    directory = Directory(lambda _: True, lambda _host, _port: False)
    return evolve(
        settings,
        proxy=ProxySettings(conceal=True, provisional=182, wait=WaitSettings(message=8)),
        parking=ParkingLimits(pushes_per_hour_stranger=3),
        policies=(lambda _: directory,),
    )


def asleep(house: House) -> str:
    """Her phone sleeps on."""
    phone_with(house, "", ring, prid="token-a")
    return ALICE


def nobody(_: House) -> str:
    """There is no such user."""
    return NOBODY


def unregistered(_: House) -> str:
    """She has no phone."""
    return ALICE


def unpushable(house: House) -> str:
    """No provider serves her phone any more."""
    asleep(house)

    def can(_: PushTarget, __: PushKind) -> bool:
        return False

    house.pns.can = can
    return ALICE


def over_budget(house: House) -> str:
    """Strangers have pushed enough."""
    asleep(house)
    for _ in range(3):
        call = house.phone("eve").call(ALICE)
        house.run()
        call.cancel()
        house.run()
    return ALICE


def two_levels(house: House) -> str:
    """She has two phones that sleep, of which one is preferred."""
    phone_with(house, ";q=0.9", ring, prid="token-1")
    phone_with(house, ";q=0.1", ring, prid="token-2")
    return ALICE


SCENES = [asleep, nobody, unregistered, unpushable, over_budget, two_levels]


def told(answer: Response) -> tuple[object, ...]:
    """All of it that is not the request's own."""
    own = ("Via", "From", "To", "Call-ID", "CSeq")
    rest = [field for field in answer.headers if field[0] not in own]
    return answer.status, answer.reason, rest, answer.body


def what_a_stranger_hears(house: House, target: str) -> list[object]:
    """Provisional responses, the answer, and the second in which it came."""
    call = house.phone("bob").call(target)
    for second in range(40):
        house.run(1 if second else 0)
        if call.failed.called:
            heard = [response.status for response in call.provisionals]
            return [heard, told(succeeded(call.failed)), second]
    raise AssertionError("no answer")


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_all_who_are_not_there_sound_alike(house: House, scene: Scene) -> None:
    """T15: unknown, empty, asleep, dead: one status, one reason, the same fields, one time."""
    heard = what_a_stranger_hears(house, scene(house))
    assert heard == [
        [100, 182],
        (480, "Temporarily Unavailable", [("Content-Length", "0")], b""),
        20,
    ]


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_message_is_no_oracle_either(house: House, scene: Scene) -> None:
    """T15: for other methods the wait is another, and the same for all."""
    answers: list[Response] = []
    house.phone("bob").message(scene(house), "hello").addCallback(answers.append)
    house.run()
    pass_by(house, 7)
    assert answers == []
    pass_by(house, 1)
    assert [answer.status for answer in answers] == [480]


def test_phone_that_the_push_service_disowns_sounds_the_same(house: House) -> None:
    """T15: a dead PRID fails at once; that is not told."""
    asleep(house)
    call = house.phone("bob").call(ALICE)
    house.run()
    house.pns.answer(Verdict.DEAD)
    house.run()
    pass_by(house, 19)
    assert not call.failed.called
    pass_by(house, 1)
    assert told(succeeded(call.failed))[:2] == (480, "Temporarily Unavailable")


@pytest.mark.parametrize("scene", [asleep, nobody, unregistered])
def test_places_are_counted_alike(house: House, scene: Scene) -> None:
    """T15, W5: who is held back takes a place like one that waits, and the sixth is refused."""
    target = scene(house)
    calls = [house.phone(f"bob{number}").call(target) for number in range(6)]
    house.run()
    assert [call.failed.called for call in calls] == [False] * 5 + [True]
    refused = succeeded(calls[5].failed)
    assert (refused.status, refused.headers.get("Retry-After")) == (480, "5")
    pass_by(house, 20)
    assert all(call.failed.called for call in calls)
    again = house.phone("bob6").call(target)
    house.run()
    assert not again.failed.called


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_caller_may_give_up_meanwhile(house: House, scene: Scene) -> None:
    """RFC 3261 16.10: CANCEL works, and gives the place back."""
    target = scene(house)
    for _ in range(8):  # more than there are places
        call = house.phone("bob").call(target)
        house.run(1)
        call.cancel()
        house.run()
        assert succeeded(call.failed).status == 487
    held = [one for one in house.clock.getDelayedCalls() if "_settle_late" in str(one)]
    assert held == []


def test_phone_that_registers_meanwhile_is_called(house: House) -> None:
    """S-09: what is held back is not given up."""
    call = house.phone("bob").call(ALICE)
    house.run(5)
    phone_with(house, "", answer_at_once)
    assert succeeded(call.answered).status == 200


def test_refusal_of_one_who_came_meanwhile_is_the_answer(house: House) -> None:
    """RFC 3261 16.7: somebody is there, and has said something."""
    call = house.phone("bob").call(ALICE)
    house.run(5)
    phone_with(house, "", reject(486))
    assert succeeded(call.failed).status == 486


def test_stop_of_the_server_ends_it(settings: ServerSettings) -> None:
    """D6: nobody is held back by a server that is gone."""
    house = House.built(settings)
    call = house.phone("bob").call(ALICE)
    house.run()
    house.server.stopService()
    house.run()
    assert succeeded(call.failed).status == 503


@pytest.fixture
def trusted_house(settings: ServerSettings) -> Iterator[House]:
    """The callers are those of a peer of the operator's."""
    auth = AuthSettings(trusted=(ip_network("192.0.2.0/24"),))
    house = House.built(evolve(settings, auth=auth))
    yield house
    house.server.stopService()


@pytest.mark.parametrize(("target", "status"), [(NOBODY, 404), (ALICE, 480)])
def test_who_is_known_is_told_at_once(trusted_house: House, target: str, status: int) -> None:
    """T15 is about strangers: all others hear what is true, as soon as it is."""
    call = trusted_house.phone("bob").call(target)
    trusted_house.run()
    assert succeeded(call.failed).status == status


def test_stranger_is_told_at_once_where_nothing_is_concealed(settings: ServerSettings) -> None:
    """ProxySettings.conceal is an option."""
    house = House.built(evolve(settings, proxy=ProxySettings()))
    calls = [house.phone("bob").call(target) for target in (NOBODY, ALICE)]
    house.run()
    assert [succeeded(call.failed).status for call in calls] == [404, 480]
    house.server.stopService()


def test_name_that_is_no_name_is_refused_at_once(house: House) -> None:
    """RFC 3261 16.5: our own address, and our domain without a user, are no secrets."""
    call = house.phone("bob").call("sip:example.com")
    house.run()
    assert succeeded(call.failed).status == 404

"""
Push services that are down, slow or overloaded: no call is lost without an answer.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from attrs import evolve

from sippn.binding import PushJob, PushKind, PushOutcome, Verdict
from sippn.events import Bus, PushRequested
from sippn.interfaces import Surroundings
from sippn.push import Departures, Dispatcher, PushLimits
from sippn.push.breaker import FAILURES, TOLD_TO_WAIT
from sippn.push.waiting import PRIORITY
from sippn.service import ServerSettings
from sippn.service.waking import ways_of
from sippn.sip import Response, read
from sippn.testing.calls import Call
from sippn.testing.push_server import Answer, Device, Manner
from sippn.testing.push_server.files import APP, PROJECT
from sippn.testing.push_server.service import Service
from sippn.testing.results import succeeded
from sippn.testing.ua import ScriptedUA
from sippn.wake.settings import ParkingLimits
from tests.flows.push_services import ANDROID, CC, IPHONE, PLACE, Services

TEN_MINUTES = 600
PHONES = 40


@pytest.fixture
def transport() -> str:
    """What is lost over UDP is repeated: the harder case."""
    return "udp"


@pytest.fixture
def settings(settings: ServerSettings) -> ServerSettings:
    """Nobody is budgeted: all are strangers here."""
    limits = ParkingLimits(
        parked_per_caller=0,
        parked_per_callee=0,
        pushes_per_hour_stranger=0,
        pushes_per_hour_device=0,
    )
    return evolve(settings, parking=limits)


def iphone(number: int) -> str:
    """What one of many iPhones says."""
    return IPHONE.replace("aa" * 32, f"{number:064x}").replace("bb" * 32, f"{number + 999:064x}")


def android(number: int) -> str:
    """What one of many Android phones says."""
    return ANDROID.replace(CC, f"{CC}-{number}")


def asked(services: Services, pns: str) -> list[float]:
    """When a provider was asked to push through *pns*."""
    news = services.house.news
    return [one.at for one in news if isinstance(one, PushRequested) and one.provider == pns]


def finals_sent(services: Services) -> dict[int, int]:
    """How many finals to INVITEs have left the server, by status."""
    here = services.house.address
    sent = [one.octets for one in services.house.network.carried if one.source == here]
    finals = [read(octets) for octets in sent if b"INVITE\r\n" in octets]
    statuses = [one.status for one in finals if isinstance(one, Response)]
    return dict(Counter(status for status in statuses if status >= 200))


def calls_for(services: Services, seconds: int, every: float = 1.0) -> list[Call]:
    """One call each so many seconds, to one phone after the other; nobody comes."""
    callers = [services.house.phone(f"c{number}") for number in range(40)]
    calls = []
    for number in range(round(seconds / every)):
        caller = callers[number % len(callers)]
        calls.append(caller.call(f"sip:u{number % PHONES}@example.com"))
        services.run(every, 0.25)
    return calls


def fill(services: Services, pns: str) -> Service[Any]:
    """Register that many phones of that push service, and return it."""
    words = {"apns": iphone, "fcm": android, "webpush": lambda _: services.browser()}[pns]
    for number in range(PHONES):
        services.asleep(words(number), f"u{number}")
    found: Service[Any] = getattr(services.server, pns)
    return found


def breaks(services: Services, service: Service[Any], how: str) -> None:
    """*service* is down, in that way."""
    if how == "hangs":
        service.default = Answer(manner=Manner.HANG)
        return
    services.goes(service)
    if how == "silent":
        services.house.network.reactor.silent.add(PLACE)


def works(services: Services, service: Service[Any]) -> None:
    """It is up again."""
    services.house.network.reactor.silent.clear()
    service.default = Answer()
    service.pushes.clear()
    services.comes_back()


@pytest.mark.parametrize(
    ("pns", "how", "seconds"),
    [
        ("apns", "refused", TEN_MINUTES),
        ("apns", "hangs", TEN_MINUTES),
        ("apns", "silent", 120),
        ("fcm", "refused", 120),
        ("fcm", "hangs", 120),
        ("webpush", "refused", 120),
        ("webpush", "hangs", 120),
    ],
)
def test_ten_minutes_cost_no_call_its_answer(
    services: Services, pns: str, how: str, seconds: int, logged: list[str]
) -> None:
    """W2: each gets one 480; a service that is down has one probe a second, and 5 s to be used."""
    service = fill(services, pns)
    breaks(services, service, how)
    began = services.house.clock.seconds()
    calls = calls_for(services, seconds)
    services.run(30, 0.25)
    assert [succeeded(call.failed).status for call in calls] == [480] * len(calls)
    assert finals_sent(services) == {480: len(calls)}
    probes = [at for at in asked(services, pns) if at > began + 2 * FAILURES]
    assert len(probes) > seconds / 4
    assert min(b - a for a, b in pairwise(probes)) >= 1
    assert any(f"the push service of {pns}, " in line and " is down" in line for line in logged)
    works(services, service)
    back = services.house.clock.seconds()
    call = services.call("sip:u1@example.com")
    while not service.pushes:
        services.run(0.05)
        assert services.house.clock.seconds() - back <= 5
    assert not call.failed.called
    assert any("is back after" in line for line in logged)


@pytest.mark.parametrize("comes", [True, False])
def test_push_that_may_have_reached_the_phone_waits_for_it(services: Services, comes: bool) -> None:
    """T9: where a connection broke on a push, it goes again unless the phone comes."""
    services.apns.script.append(Answer(manner=Manner.CUT, acts=comes))
    alice = services.asleep(IPHONE)
    call = services.call()
    services.run(1)
    assert len(services.apns.pushes) == 1
    if comes:
        services.house.get(alice.wake())
        services.house.run()
        assert succeeded(call.answered).status == 200
    services.run(10)
    assert len(services.apns.pushes) == (1 if comes else 2)
    assert len({push.id for push in services.apns.pushes}) == 1
    assert list(services.server.acted.values()) == [1]


@pytest.mark.parametrize(
    ("answer", "told"),
    [(None, False), (Answer(503), False), (Answer(manner=Manner.CUT), True), (Answer(), True)],
)
def test_phone_that_no_push_reached_is_not_told_of_the_end(
    services: Services, answer: Answer | None, told: bool
) -> None:
    """S-12: a CANCEL push goes where the one for the call may have gone, and nowhere else."""
    services.asleep(ANDROID)
    fcm = services.server.fcm
    if answer is None:
        services.goes(fcm)
    else:
        fcm.default = answer
    call = services.call()
    services.run(2.5)  # between two attempts
    fcm.default = Answer()
    services.comes_back()
    call.cancel()
    services.run(15)
    assert ("cancel" in [push.message["data"]["kind"] for push in fcm.pushes]) is told


def test_one_environment_that_hangs_holds_up_no_other(services: Services) -> None:
    """W3: so many are in flight to it; the same provider's other lane and other PNS push on."""
    fill(services, "apns")
    services.call("sip:u0@example.com")
    services.take(services.apns)  # from now on Apple takes more than one at a time
    services.apns.default = Answer(manner=Manner.HANG)
    sleepers = {"dev": sandboxed(services), "droid": services.asleep(ANDROID, "droid")}
    for number in range(120):
        services.house.phone(f"c{number % 40}").call(f"sip:u{number % PHONES}@example.com")
    services.run(1)
    assert len(services.apns.pushes) == 100
    for user, phone in sleepers.items():
        since = services.house.clock.seconds()
        call = services.call(f"sip:{user}@example.com")
        services.take(services.server.fcm if user == "droid" else services.server.sandbox)
        assert services.house.clock.seconds() - since < 0.2
        services.house.get(phone.wake())
        services.house.run()
        assert succeeded(call.answered).status == 200


def sandboxed(services: Services) -> ScriptedUA:
    """An iPhone with an app that was installed by Xcode."""
    token = "dd" * 32
    services.server.apns.devices[token] = Device(APP, sandbox=True)
    return services.asleep(f";app-id={APP}.voip.dev;pn-type=apple;pn-tok={token}", "dev")


def test_phone_that_comes_by_itself_gets_its_call_from_a_service_that_hangs(
    services: Services,
) -> None:
    """W3: what waits is let go by the REGISTER, whatever becomes of the push."""
    services.apns.default = Answer(manner=Manner.HANG)
    alice = services.asleep(IPHONE)
    call = services.call()
    services.run(3)
    services.house.get(alice.wake())
    services.house.run()
    assert succeeded(call.answered).status == 200


def test_service_that_tells_all_to_wait_is_left_alone(
    services: Services, logged: list[str]
) -> None:
    """W2: a 503 with Retry-After that everybody gets is kept for everybody, and no call is lost."""
    for number in range(PHONES):
        services.asleep(android(number), f"u{number}")
    services.server.fcm.default = Answer(503, fields=(("retry-after", "30"),))
    calls = calls_for(services, 20, 0.5)
    assert len(services.server.fcm.pushes) == TOLD_TO_WAIT
    services.server.fcm.default = Answer()
    services.run(30 - 17)
    services.call("sip:u1@example.com")
    services.run(0.5)
    assert len(services.server.fcm.pushes) > TOLD_TO_WAIT
    services.run(30)
    assert [succeeded(call.failed).status for call in calls] == [480] * len(calls)
    assert [line for line in logged if "fcm" in line] == [
        f"the push service of fcm, {PROJECT}, has told all to wait, and is left alone for 30 s",
        next(line for line in logged if "is back after" in line),
    ]


def test_phone_that_is_pushed_too_often_stops_no_other(services: Services) -> None:
    """Q-03: APNs' 429 is about one device; calls to the others go out as ever."""
    services.asleep(iphone(1), "u1")
    services.asleep(iphone(2), "u2")
    too_many = services.apns.refusal("TooManyRequests", fields=(("retry-after", "60"),))
    services.apns.script.extend([too_many] * 20)
    for number in range(20):
        services.call("sip:u1@example.com", f"c{number}")
        services.run(0.1)
    assert len(services.apns.pushes) == 20
    services.apns.pushes.clear()
    services.call("sip:u2@example.com")
    assert services.take(services.apns).token == f"{2:064x}"


@pytest.mark.parametrize("pns", ["fcm", "apns"])
def test_calls_come_first_when_all_slots_are_taken(services: Services, pns: str) -> None:
    """Appendix A: CALL before MID before MESSAGE before REFRESH before CANCEL."""
    house = services.house
    around = Surroundings(None, house.clock, house.clock.seconds, house.entropy)
    limits = PushLimits(pushes_per_second=0, in_flight_per_provider=1)
    ways = ways_of(services.providers, limits, Departures(), around, Bus())
    push = Dispatcher(ways)
    services.asleep(android(1) if pns == "fcm" else IPHONE)
    target = services.binding().push_target
    assert target is not None
    service = services.server.fcm if pns == "fcm" else services.server.apns
    service.default = Answer(delay=0.2)
    order = [*PRIORITY[::-1], *PRIORITY[::-1]]
    told: list[tuple[PushKind, Verdict]] = []
    for number, kind in enumerate([PushKind.CALL, *order]):
        job = PushJob(f"{number:016x}", kind, target, "sip:alice@example.com", 1000.0, "key")
        asked = push.request_push(job)
        asked.addCallback(_told, kind, told)
    services.run(5)
    assert told == [
        (kind, Verdict.ACCEPTED)
        for kind in [PushKind.CALL, *(kind for kind in PRIORITY for _ in range(2))]
    ]


def _told(outcome: PushOutcome, kind: PushKind, told: list[tuple[PushKind, Verdict]]) -> None:
    told.append((kind, outcome.verdict))

"""
What a PURR does not do: pay for others, pass by a proxy, or stand for somebody else (T1, T2).
"""

from __future__ import annotations

import pytest
from attrs import define, evolve, field

from sippn.service import ServerSettings
from sippn.sip import Headers, Request, Response, read, write
from sippn.testing.calls_received import answer_at_once
from sippn.testing.endpoints import Endpoint
from sippn.testing.house import House
from sippn.testing.results import succeeded
from sippn.testing.ua import ScriptedUA
from sippn.transport import Address
from sippn.wake import ParkingLimits
from tests.flows.talk import ALICE, Talk, sleeps, talking
from tests.threats.scene import Sender

MOST = 2


@pytest.fixture
def settings(settings: ServerSettings) -> ServerSettings:
    """Strangers, which all are here, push twice an hour."""
    return evolve(settings, parking=ParkingLimits(pushes_per_hour_stranger=MOST))


def info(talk: Talk, sender: Sender, uri: str, *, swapped: bool) -> None:
    """An INFO in *talk* from anywhere, *swapped*: as if the other side had sent it."""
    dialog = talk.there.dialog
    ends = (dialog.remote, dialog.local) if swapped else (dialog.local, dialog.remote)
    routes = [("Route", route) for route in dialog.routes]
    sender.ask("INFO", uri, *routes, From=ends[0], To=ends[1], Call_ID=dialog.call_id)
    talk.house.run(9)


@pytest.mark.parametrize("swapped", [False, True])
def test_tags_pay_for_no_push(house: House, swapped: bool) -> None:
    """P-065, T1: who swaps From and To of a dialog is a stranger still, and pushes as one."""
    talk = talking(house)
    talk.sleep()
    before, sender = len(house.pns.jobs), Sender.at(house)
    for _ in range(3 * MOST):
        info(talk, sender, talk.contact, swapped=swapped)
    assert len(house.pns.jobs) - before <= MOST


def test_purr_of_another_user_is_ordinary(house: House) -> None:
    """P-065, T2: in a dialog only the PURR of its other side wakes, whosever else is known."""
    talk = talking(house)
    carol = sleeps(house, "carol")
    before = len(house.pns.jobs)
    overheard = f"sip:carol@192.0.2.99;pn-purr={carol.purr}"
    info(talk, Sender.at(house), overheard, swapped=False)
    assert [job for job in house.pns.jobs[before:] if "carol" in job.aor] == []


@define(eq=False)
class Between:
    """A proxy on the way that stays in the route: it sends all that comes back to the server."""

    endpoint: Endpoint
    server: Address
    seen: list[str] = field(factory=list, init=False)
    _number: int = field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        self.endpoint.receive = self._pass

    def _pass(self, octets: bytes, source: Address) -> None:  # noqa: ARG002 - an endpoint's callback
        message = read(octets)
        headers = message.headers.copy()
        if isinstance(message, Response):
            headers.pop_value("Via")
            out: Request | Response = Response(message.status, message.reason, headers)
        else:
            out = self._onward(message, headers)
        self.endpoint.send(write(out), self.server)

    def _onward(self, request: Request, headers: Headers) -> Request:
        self.seen.append(request.method)
        me, uri = f"<sip:{self.endpoint.address};lr>", request.uri
        if me in headers.values("Route")[:1]:
            headers.pop_value("Route")
        else:
            uri = ALICE
            headers.add_first("Record-Route", me)
        self._number += 1
        via = f"SIP/2.0/UDP {self.endpoint.address};branch=z9hG4bKbetween{self._number}"
        headers.add_first("Via", via)
        return Request(request.method, uri, headers, request.body)


@pytest.mark.parametrize("transport", ["udp"])
@pytest.mark.parametrize("purr", [False, True])
def test_proxy_in_the_route_is_not_passed_by(house: House, purr: bool) -> None:
    """P-065, P-068: a PURR beyond the next hop waits for its turn: that hop sees all there is."""
    alice = sleeps(house, "alice", purr=purr)
    bob = house.phone("bob")
    bob.policy = answer_at_once
    house.get(bob.register())
    registered = house.phone("between")
    house.get(registered.register())
    between = Between(registered.endpoint, house.address)
    call = bob.call("sip:between@example.com")
    house.run()
    house.get(alice.wake())
    house.run()
    assert succeeded(call.answered).status == 200
    assert between.seen == ["INVITE", "ACK"]
    asked = call.request("INFO")
    house.run()
    house.get(alice.wake())
    house.run(1)
    assert succeeded(asked).status == 200
    assert set(between.seen[2:]) == {"INFO"}


def flow_of(house: House, number: int) -> ScriptedUA:
    """One of two connections of alice's phone (RFC 5626)."""
    phone = house.phone("alice", "token-a", instance="<urn:uuid:a>")
    phone.account = evolve(phone.account, purr=True, contact_params=f";reg-id={number}")
    phone.policy = answer_at_once
    house.get(phone.register(extra=[("Supported", "outbound, path")]))
    return phone


@pytest.mark.parametrize("transport", ["tcp"])
def test_phone_comes_back_on_its_other_flow(house: House) -> None:
    """P-066, P-068: a phone that is woken in a dialog gets the request on whichever flow it has."""
    first = flow_of(house, 1)
    bob = house.phone("bob")
    call = bob.call(ALICE)
    house.run()
    assert succeeded(call.answered).status == 200
    second = flow_of(house, 2)
    for phone in (first, second):
        phone.sleep("gone")
    asked = call.request("INFO")
    house.run(2)
    house.get(second.wake(endpoint=house.endpoint()))
    house.run(1)
    assert [request.method for request in second.requests] == ["INFO"]
    assert asked.called

"""
What becomes of a 3xx (RFC 3261 16.5 and 16.7, step 4).
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network

import pytest
from attrs import evolve

from sippn.auth import AuthSettings
from sippn.proxy import ProxySettings
from sippn.service import ServerSettings
from sippn.sip import Request, Response, read, response_to, write
from sippn.testing.calls import Call
from sippn.testing.calls_received import Policy, answer_at_once, reject, ring
from sippn.testing.house import House
from sippn.testing.results import succeeded
from sippn.testing.ua import ScriptedUA
from tests.flows.preferred import pass_by, phone_with, redirect

ALICE = "sip:alice@example.com"
CAROL = "<sip:carol@example.com>"
ABROAD = "192.0.2.200"


@pytest.fixture
def settings(settings: ServerSettings) -> ServerSettings:
    """Redirections are followed; who calls from these addresses is known."""
    auth = AuthSettings(trusted=(ip_network("192.0.2.0/24"),))
    return evolve(settings, proxy=ProxySettings(recurse=True), auth=auth)


@pytest.fixture
def stranger_house(settings: ServerSettings) -> Iterator[House]:
    """The same, but nobody is known."""
    house = House.built(evolve(settings, auth=AuthSettings()))
    yield house
    house.server.stopService()


def carol(house: House, policy: Policy = answer_at_once) -> ScriptedUA:
    """A phone of carol."""
    phone = house.phone("carol")
    phone.policy = policy
    assert house.get(phone.register()).status == 200
    return phone


def abroad(house: House, policy: Policy = answer_at_once) -> ScriptedUA:
    """A phone of somebody whose domain is not served here."""
    phone = house.phone("dan", domain="elsewhere.example")
    phone.policy = policy
    phone.endpoint.close()
    phone.endpoint = phone._wire.endpoint = house.endpoint(host=ABROAD, listens=True)
    phone.endpoint.receive = phone._receive
    return phone


def uri_of(phone: ScriptedUA, transport: str) -> str:
    """Where *phone* is."""
    stream = "" if transport == "udp" else f";transport={transport}"
    return f"sip:dan@{phone.address}{stream}"


def call_alice(house: House) -> Call:
    """A call that is under way."""
    call = house.phone("bob").call(ALICE)
    house.run()
    return call


def contacts(response: Response) -> list[str]:
    """What it names."""
    return response.headers.values("Contact")


def test_redirection_is_passed_on_unless_asked_otherwise(settings: ServerSettings) -> None:
    """RFC 3261 16.7: recursion is an option; push parameters stay here all the same (T7)."""
    house = House.built(evolve(settings, proxy=ProxySettings()))
    other = carol(house)
    phone_with(house, "", redirect("<sip:carol@example.com;pn-prid=SECRET>"))
    call = call_alice(house)
    assert succeeded(call.failed).status == 302
    assert contacts(succeeded(call.failed)) == [CAROL]
    assert other.incoming == []
    house.server.stopService()


@pytest.mark.parametrize("status", [300, 301, 302])
def test_contact_of_ours_is_called_in_its_place(house: House, status: int) -> None:
    """RFC 3261 16.5: looked up like any AOR, with its own Request-URI."""
    other = carol(house)
    phone_with(house, "", redirect(CAROL, status=status))
    call = call_alice(house)
    assert succeeded(call.answered).status == 200
    assert other.incoming[0].invite.uri.startswith("sip:carol@192.0.2.")


@pytest.mark.parametrize("status", [305, 380])
def test_what_names_no_other_place_is_passed_on(house: House, status: int) -> None:
    """RFC 3261 21.3.4, 21.3.5: use a proxy, use a service: that is the caller's business."""
    phone_with(house, "", redirect(CAROL, status=status))
    assert succeeded(call_alice(house).failed).status == status


def test_sleeper_behind_a_redirection_is_woken(house: House) -> None:
    """S-03: it is a target like any other."""
    other = house.asleep("carol", "token-c")
    phone_with(house, "", redirect(CAROL))
    call = call_alice(house)
    house.get(other.wake())
    house.run()
    assert succeeded(call.answered).status == 200


def test_refusal_of_the_last_one_is_the_answer(house: House) -> None:
    """RFC 3261 16.7, step 4: a 3xx that was followed is no answer any more."""
    carol(house, reject(486))
    phone_with(house, "", redirect(CAROL))
    assert succeeded(call_alice(house).failed).status == 486


def test_contacts_are_asked_by_their_q(house: House) -> None:
    """RFC 3261 16.6: one after the other."""
    other = carol(house)
    dora = house.phone("dora")
    dora.policy = reject(486)
    house.get(dora.register())
    phone_with(house, "", redirect(f"{CAROL};q=0.3", "<sip:dora@example.com>;q=0.8"))
    call = house.phone("bob").call(ALICE)
    house.run()
    assert [len(dora.incoming), len(other.incoming)] == [1, 1]
    assert succeeded(call.answered).status == 200


def test_lower_q_waits(house: House) -> None:
    """RFC 3261 16.6: also for whoever a redirection named with a higher one."""
    other = carol(house)
    dora = house.phone("dora")
    dora.policy = ring
    house.get(dora.register())
    phone_with(house, "", redirect(f"{CAROL};q=0.3", "<sip:dora@example.com>;q=0.8"))
    call_alice(house)
    pass_by(house, 19)
    assert [len(dora.incoming), len(other.incoming)] == [1, 0]
    pass_by(house, 1)
    assert [len(dora.incoming), len(other.incoming)] == [1, 1]


def test_circle_ends(house: House) -> None:
    """RFC 3261 16.5: each URI once: alice sends to carol, carol back to alice."""
    other = carol(house, redirect("<sip:alice@example.com>", CAROL))
    phone = phone_with(house, "", redirect(CAROL))
    call = call_alice(house)
    assert succeeded(call.failed).status == 480
    assert [len(phone.incoming), len(other.incoming)] == [1, 1]


def test_number_of_contacts_is_bounded(house: House) -> None:
    """RFC 3261 16.5, A13: nobody makes this server look for the whole world."""
    many = [f"<sip:user{number}@example.com>" for number in range(50)]
    phone_with(house, "", redirect(*many))
    answer = succeeded(call_alice(house).failed)
    assert answer.status == 302
    assert contacts(answer) == many[32:]


def test_stranger_is_told_of_foreign_places_and_not_taken_there(
    stranger_house: House, transport: str
) -> None:
    """A13: who may not send there himself is not sent there by whom he calls."""
    house = stranger_house
    foreign = abroad(house)
    contact = f"<{uri_of(foreign, transport)}>"
    phone_with(house, "", redirect(contact))
    answer = succeeded(call_alice(house).failed)
    assert answer.status == 302
    assert contacts(answer) == [contact]
    assert foreign.incoming == []


def test_known_caller_is_taken_to_a_foreign_place(house: House, transport: str) -> None:
    """A13, RFC 3261 16.5: the Contact is the Request-URI, without header fields of its own."""
    foreign = abroad(house)
    phone_with(house, "", redirect(f"<{uri_of(foreign, transport)}?Subject=x>"))
    call = call_alice(house)
    assert succeeded(call.answered).status == 200
    assert foreign.incoming[0].invite.uri == uri_of(foreign, transport)


def test_contacts_that_cannot_be_followed_go_on(house: House) -> None:
    """RFC 3261 16.7, step 4: what was followed is taken out of the 3xx, the rest stays."""
    carol(house, reject(486))
    phone_with(house, "", redirect("<tel:+15551234>", CAROL, "<mailto:alice@example.com>"))
    answer = succeeded(call_alice(house).failed)
    assert answer.status == 302
    assert contacts(answer) == ["<tel:+15551234>", "<mailto:alice@example.com>"]


def test_redirection_to_nowhere_goes_on_as_it_is(house: House) -> None:
    """RFC 3261 16.7, step 4: nobody was recursed on."""
    phone_with(house, "", redirect("<tel:+15551234>"))
    answer = succeeded(call_alice(house).failed)
    assert (answer.status, contacts(answer)) == (302, ["<tel:+15551234>"])


def test_cancel_ends_what_a_redirection_began(house: House) -> None:
    """RFC 3261 16.10: the targets of a 3xx are branches like any other."""
    other = carol(house, ring)
    phone_with(house, "", redirect(CAROL))
    call = call_alice(house)
    call.cancel()
    house.run()
    assert succeeded(call.failed).status == 487
    assert other.incoming[0].cancelled


def test_redirection_of_a_foreign_callee_is_passed_on(house: House, transport: str) -> None:
    """RFC 3261 16.5: a Request-URI that is not ours is not ours to change."""
    other = carol(house)
    foreign = abroad(house, redirect(CAROL))
    call = house.phone("bob").call(uri_of(foreign, transport))
    house.run()
    assert succeeded(call.failed).status == 302
    assert other.incoming == []


@pytest.mark.parametrize("transport", ["udp"])
def test_phone_that_redirected_is_not_asked_again(house: House) -> None:
    """S-08: its REGISTER is no reason; it has given its answer."""
    carol(house, ring)
    phone = phone_with(house, "", redirect(CAROL))
    call_alice(house)
    house.get(phone.register())
    house.run()
    assert len(phone.incoming) == 1


def test_message_is_sent_on(house: House) -> None:
    """RFC 3261 16.7: recursion is not for INVITE alone."""
    other = carol(house)
    phone = phone_with(house, "", ring)

    def moved(octets: bytes, source: object) -> None:
        message = read(octets)
        if isinstance(message, Request):
            answer = response_to(message, 302, extra=[("Contact", CAROL)], to_tag="t")
            phone.endpoint.send(write(answer), house.address)

    phone.endpoint.receive = moved
    answer = house.get(house.phone("bob").message(ALICE, "hello"))
    assert answer.status == 200
    assert [request.method for request in other.requests] == ["MESSAGE"]

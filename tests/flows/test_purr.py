"""
Flow C: a request in a dialog wakes the phone that it is for (RFC 8599 section 6).
"""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve

from sippn.events import RequestParked, WakeReleased
from sippn.service import ServerSettings
from sippn.sip import Request, write
from sippn.storage.memory import MemoryStore
from sippn.testing.house import House
from sippn.testing.results import succeeded
from tests.flows.talk import ALICE, HOLD, Talk, ask, pushed, sleeps, talking
from tests.threats.scene import Sender

METHODS = ["BYE", "INVITE", "UPDATE", "INFO", "NOTIFY", "REFER"]


def messages_to(talk: Talk, method: str) -> list[Request]:
    """Each request of *method* that left for alice, wherever she was."""
    house = talk.house
    addresses = {one.to for one in house.network.carried if one.to.host != talk.bob.address.host}
    sent = [message for address in addresses for message in house.sent_to(address)]
    return [one for one in sent if isinstance(one, Request) and one.method == method]


@pytest.mark.parametrize("alice_calls", [True, False])
@pytest.mark.parametrize("method", METHODS)
def test_sleeper_is_woken_for_a_request_in_a_dialog(
    house: House, method: str, alice_calls: bool
) -> None:
    """
    P-065, P-066, P-068: A request with a PURR waits for a REGISTER of its binding, and goes
    where the phone is then, under the Request-URI that it came with.
    """
    talk = talking(house, alice_calls=alice_calls)
    target, before = talk.contact, len(messages_to(talk, method))
    talk.sleep()
    asked = talk.asks(method)
    house.run(2)
    assert pushed(house) == [("mid-dialog", method)]
    assert len(messages_to(talk, method)) == before
    talk.comes_back()
    assert succeeded(asked).status == 200
    assert [(one.method, one.uri) for one in talk.arrived] == [(method, target)]
    assert len(messages_to(talk, method)) == before + 1
    assert len(house.pns.jobs) == 1


def test_ack_goes_where_the_phone_is_now(house: House) -> None:
    """P-070, P-068: The ACK of a 2xx to a re-INVITE never waits, and finds the phone."""
    talk = talking(house)
    talk.sleep()
    asked = talk.asks("INVITE")
    talk.comes_back()
    assert succeeded(asked).status == 200
    assert [ack.cseq.number for ack in talk.here.acks] == [1, succeeded(asked).cseq.number]


def test_ack_to_a_sleeper_is_not_parked(house: House) -> None:
    """P-070: Nobody is pushed for an ACK."""
    talk = talking(house)
    talk.sleep()
    said = talk.bob.sent
    ack = next(one for one in said if isinstance(one, Request) and one.method == "ACK")
    talk.bob.endpoint.send(write(ack), house.address)
    house.run(10)
    assert house.pns.jobs == []
    assert not [event for event in house.news if isinstance(event, RequestParked)][1:]


def test_dialog_goes_on_after_a_wake(house: House) -> None:
    """P-068: A phone that is elsewhere each time it wakes is held, resumed and hung up."""
    talk = talking(house)
    for method in ("INVITE", "INVITE", "BYE"):
        talk.sleep()
        asked = talk.asks(method)
        talk.comes_back()
        assert succeeded(asked).status == 200
    assert len(talk.here.acks) == 3
    assert talk.here.ended.called


def test_what_a_phone_that_moved_says_still_arrives(house: House) -> None:
    """P-068: What a phone that has moved asks in its call is answered on its new flow."""
    talk = talking(house)
    talk.sleep()
    talk.comes_back()
    assert house.get(ask(talk.here, "INVITE")).status == 200
    assert house.get(talk.here.hang_up()).status == 200
    assert talk.there.ended.called
    assert house.pns.jobs == []


def test_two_sleepers_talk(house: House) -> None:
    """P-065: Of two sleepers each is woken for what the other one says."""
    alice, carol = sleeps(house, "alice"), sleeps(house, "carol")
    call = carol.call(ALICE)
    house.run()
    house.get(alice.wake())
    house.run()
    assert succeeded(call.answered).status == 200
    got = alice.incoming[0]
    house.pns.jobs.clear()
    carol.sleep()
    house.run()
    asked = got.reinvite(HOLD)
    house.run(1)
    house.get(carol.wake(endpoint=house.endpoint()))
    house.run()
    assert succeeded(asked).status == 200
    alice.sleep()
    house.run()
    ended = call.hang_up()
    house.run()
    house.get(alice.wake(endpoint=house.endpoint()))
    house.run()
    assert succeeded(ended).status == 200
    assert pushed(house) == [("mid-dialog", "INVITE"), ("mid-dialog", "BYE")]


def test_notify_of_a_subscription_wakes(house: House) -> None:
    """P-064, P-065: A phone that has subscribed is woken for the NOTIFYs of that dialog."""
    alice = sleeps(house, "alice")
    pbx = house.phone("pbx", password="secret")
    pbx.replies["SUBSCRIBE"] = 202
    house.get(pbx.register())
    subscription = alice.subscribe("sip:pbx@example.com", "dialog")
    house.run()
    assert succeeded(subscription.answered).status == 202
    alice.sleep()
    house.run(600)
    notified = pbx.subscribers[0].notify(b"news")
    house.run()
    assert pushed(house) == [("mid-dialog", "NOTIFY")]
    house.get(alice.wake(endpoint=house.endpoint()))
    house.run()
    assert succeeded(notified).status == 200
    assert [one.body for one in alice.requests] == [b"news"]


def test_purr_is_found_in_a_route(house: House) -> None:
    """P-065: The PURR is found in the Route where a strict router has left the Contact there."""
    talk = talking(house)
    talk.sleep()
    dialog = talk.there.dialog
    dialog.routes, dialog.target = (*dialog.routes, f"<{dialog.target}>"), "sip:strict.example.net"
    asked = talk.asks("INFO")
    assert pushed(house) == [("mid-dialog", "INFO")]
    talk.comes_back()
    assert [one.method for one in talk.arrived] == ["INFO"]
    assert asked.called


def test_older_purr_is_as_good(house: House) -> None:
    """P-061: A PURR of a REGISTER long ago wakes as long as its binding is there."""
    talk = talking(house)
    for _ in range(3):
        old = talk.alice.purr
        house.get(talk.alice.register())
        assert talk.alice.purr != old
    talk.sleep()
    asked = talk.asks("BYE")
    talk.comes_back()
    assert succeeded(asked).status == 200


def test_awake_phone_on_its_connection_is_not_pushed(house: House, transport: str) -> None:
    """P-050, S-05: A phone that answers on its connection is not pushed for what is said to it."""
    talk = talking(house)
    asked = talk.asks("INFO")
    house.run(3)
    assert asked.called is (transport == "tcp")
    assert len(house.pns.jobs) == (transport == "udp")


@pytest.mark.parametrize("transport", ["tcp"])
@pytest.mark.parametrize("how", ["frozen", "gone"])
def test_silent_connection_is_hedged(house: House, how: str) -> None:
    """S-05: a copy at once, a push a second later, and one live copy when the phone is back."""
    talk = talking(house)
    talk.sleep(how)  # type: ignore[arg-type]  # one of them
    asked = talk.asks("INFO")
    assert house.pns.jobs == []
    house.run(1)
    assert pushed(house) == [("mid-dialog", "INFO")]
    talk.comes_back()
    house.run(1)
    assert succeeded(asked).status == 200
    assert [one.method for one in talk.arrived] == ["INFO"]


@pytest.mark.parametrize("transport", ["tcp"])
def test_bye_races_a_register(house: House) -> None:
    """S-08, S-13: the phone comes back by itself while its copy is out on a dead connection."""
    talk = talking(house)
    talk.sleep("gone")
    asked = talk.asks("BYE")
    talk.comes_back()
    assert succeeded(asked).status == 200
    house.run(8)
    assert house.pns.jobs == []
    assert [one.method for one in talk.arrived] == ["BYE"]


def test_other_phones_have_no_part_in_a_dialog(house: House) -> None:
    """S-09: who registers while a request waits is not sent it: it is for one phone alone."""
    talk = talking(house)
    talk.sleep()
    asked = talk.asks("INFO")
    other = house.phone("alice", "token-other", instance="<urn:uuid:other>", password="secret")
    house.get(other.register())
    house.run(1)
    assert other.requests == []
    talk.comes_back()
    assert succeeded(asked).status == 200
    assert other.requests == []


def test_restart_forgets_no_dialog(settings: ServerSettings, tmp_path: Path) -> None:
    """P-060, S-20: A restart forgets no dialog: its PURR and its token are all there is to keep."""
    store = MemoryStore()
    kept = evolve(
        settings,
        keys_file=str(tmp_path / "keys"),
        storage=lambda _: store,
    )
    before = House.built(kept)
    talk = talking(before)
    dialog = talk.there.dialog
    before.server.stopService()
    after = House.built(kept)
    bob = Sender.at(after)
    fields = [("Route", route) for route in dialog.routes]
    bob.ask(
        "BYE", dialog.target, *fields, From=dialog.local, To=dialog.remote, Call_ID=dialog.call_id
    )
    assert pushed(after) == [("mid-dialog", "BYE")]
    alice = sleeps(after, "alice")
    after.run()
    assert [one.uri for one in alice.requests] == [dialog.target]
    assert [answer.status for answer in bob.answers()][-1] == 481
    after.server.stopService()


def test_trace_says_what_waits(house: House) -> None:
    """N-01: the events of a wake name the method, and never the PURR."""
    talk = talking(house)
    talk.sleep()
    house.news.clear()
    talk.asks("BYE")
    talk.comes_back()
    parked = [event for event in house.news if isinstance(event, RequestParked)]
    assert [(event.method, event.aor) for event in parked] == [("BYE", ALICE)]
    assert any(isinstance(event, WakeReleased) for event in house.news)
    assert str(talk.alice.purr) not in repr(house.news)


@pytest.mark.parametrize("transport", ["udp"])
def test_requests_of_one_phone_share_a_push(house: House) -> None:
    """S-04, N-29: two that wait for one token, each its own answer."""
    talk = talking(house)
    talk.sleep()
    first, second = talk.asks("INFO"), talk.asks("UPDATE")
    assert pushed(house) == [("mid-dialog", "INFO")]
    talk.comes_back()
    assert [succeeded(one).status for one in (first, second)] == [200, 200]

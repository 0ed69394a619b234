"""
S-22: with ``push.mid_dialog = "all"`` a phone that knows nothing of PURRs is woken in dialogs, too.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve

from sippn.binding import Capability, Verdict
from sippn.proxy import ProxySettings
from sippn.service import ServerSettings
from sippn.sip import PushParams
from sippn.storage.memory import MemoryStore
from sippn.testing.calls_received import answer_at_once
from sippn.testing.house import House
from sippn.testing.results import succeeded
from tests.flows.talk import ALICE, ask, pushed, sleeps, talking
from tests.threats.scene import Sender

METHODS = ["BYE", "INVITE", "NOTIFY"]


@pytest.fixture
def settings(settings: ServerSettings) -> ServerSettings:
    """All are woken."""
    return evolve(settings, proxy=ProxySettings(mid_dialog="all"))


@pytest.mark.parametrize("alice_calls", [True, False])
@pytest.mark.parametrize("method", METHODS)
def test_sleeper_without_a_purr_is_woken(house: House, method: str, alice_calls: bool) -> None:
    """P-068, S-22: With ``mid_dialog = "all"`` a phone is woken in dialogs without any PURR."""
    talk = talking(house, purr=False, alice_calls=alice_calls)
    target = talk.contact
    talk.sleep()
    asked = talk.asks(method)
    house.run(1)
    assert pushed(house) == [("mid-dialog", method)]
    talk.comes_back()
    assert succeeded(asked).status == 200
    assert [(one.method, one.uri) for one in talk.arrived] == [(method, target)]


@pytest.mark.parametrize("alice_calls", [True, False])
def test_ack_follows_the_phone(house: House, alice_calls: bool) -> None:
    """S-22, P-070: what follows the re-INVITE finds it where it is."""
    talk = talking(house, purr=False, alice_calls=alice_calls)
    talk.sleep()
    asked = talk.asks("INVITE")
    talk.comes_back()
    assert succeeded(asked).status == 200
    assert succeeded(asked).cseq.number in {ack.cseq.number for ack in talk.here.acks}


def test_silence_does_not_end_the_dialog(house: House) -> None:
    """P-067, S-22: A phone that stays silent costs a 500 with Retry-After here as well."""
    talk = talking(house, purr=False)
    talk.sleep()
    asked = talk.asks("BYE")
    house.run(8)
    assert succeeded(asked).status == 500
    assert succeeded(asked).headers.get("Retry-After") == "5"


def test_two_sleepers_without_purrs(house: House) -> None:
    """S-22: each side's own binding, and not the other one's."""
    alice, carol = sleeps(house, "alice", purr=False), sleeps(house, "carol", purr=False)
    call = carol.call(ALICE)
    house.run()
    house.get(alice.wake())
    house.run()
    got = alice.incoming[0]
    house.pns.jobs.clear()
    for sleeper, other in ((carol, got), (alice, call)):
        sleeper.sleep()
        house.run()
        asked = ask(other, "INVITE")
        house.run(1)
        house.get(sleeper.wake(endpoint=house.endpoint()))
        house.run()
        assert succeeded(asked).status == 200
    assert [job.aor for job in house.pns.jobs] == ["sip:carol@example.com", ALICE]


def test_binding_of_somebody_else_is_not_the_callers(house: House) -> None:
    """S-22, T2: who says he is alice, from elsewhere, has not her phone woken in his dialog."""
    alice = sleeps(house, "alice", purr=False)
    impostor = house.phone("alice")
    bob = house.phone("bob")
    house.get(bob.register())
    call = impostor.call("sip:bob@example.com")
    house.run()
    assert succeeded(call.answered).status == 200
    alice.sleep()
    impostor.sleep()
    house.run()
    bob.incoming[0].reinvite()
    house.run(1)
    assert house.pns.jobs == []


def test_phone_that_cannot_be_woken_for_it(house: House) -> None:
    """N-29, P-067: a VoIP token is for calls alone: the phone is sent to as if it were awake."""
    house.pns.capabilities = (Capability("apns"),)
    alice = house.phone("alice")
    push = PushParams("apns", "TEAM123456.org.test.app.voip", "AABB")
    alice.account = evolve(alice.account, push=push)
    alice.policy = answer_at_once
    assert house.get(alice.register()).status == 200
    call = house.phone("bob").call(ALICE)
    house.run()
    house.get(alice.register())
    house.run()
    assert succeeded(call.answered).status == 200
    house.pns.jobs.clear()
    assert house.get(call.hang_up()).status == 200
    assert house.pns.jobs == []


def test_phone_whose_token_is_dead(house: House) -> None:
    """N-05: it may be awake all the same, and in this call."""
    talk = talking(house, purr=False)
    talk.sleep()
    talk.asks("INFO")
    house.pns.answer(Verdict.DEAD)
    house.run()
    talk.alice._wire.asleep = False
    talk.alice.endpoint.resume()
    asked = talk.asks("UPDATE")
    if house.transport == "udp":
        assert succeeded(asked).status == 200
    else:
        assert succeeded(asked).status == 500
    assert len(house.pns.jobs) == 1


def test_nobody_is_woken_by_a_token_alone(settings: ServerSettings) -> None:
    """S-22: an option, off unless it is asked for: the RFC leaves it to the UA."""
    house = House.built(evolve(settings, proxy=ProxySettings()))
    talk = talking(house, purr=False)
    talk.sleep()
    talk.asks("BYE")
    house.run(8)
    assert house.pns.jobs == []
    house.server.stopService()


def test_operator_may_change_his_mind(settings: ServerSettings, tmp_path: Path) -> None:
    """S-22: once it is off, the tokens of dialogs that began before wake nobody."""
    store = MemoryStore()
    kept = evolve(settings, keys_file=str(tmp_path / "keys"), storage=lambda _: store)
    before = House.built(kept)
    dialog = talking(before, purr=False).there.dialog
    before.server.stopService()
    for mid_dialog, pushes in (("purr", 0), ("all", 1)):
        house = House.built(evolve(kept, proxy=ProxySettings(mid_dialog=mid_dialog)))
        fields = [("Route", route) for route in dialog.routes]
        who = {"From": dialog.local, "To": dialog.remote, "Call_ID": dialog.call_id}
        Sender.at(house).ask("INFO", dialog.target, *fields, **who)
        assert len(house.pns.jobs) == pushes
        house.server.stopService()

"""
Vector 14: a re-INVITE for a phone that sleeps in the middle of a call, found by its PURR.
"""

from __future__ import annotations

from typing import Literal

import pytest
from attrs import evolve

from sippn.binding import PushKind
from sippn.proxy import ProxySettings
from sippn.service import ServerSettings
from sippn.sip import NameAddr
from sippn.testing.calls import Call
from sippn.testing.house import House
from sippn.testing.results import succeeded
from sippn.testing.ua import ScriptedUA
from sippn.testing.ua_account import SDP
from tests.vectors.scene import (
    APNS,
    invites,
    phone_that_says,
    purrs,
    registered,
    requests_sent,
    talking,
)

WAIT = 8.0

Scene = tuple[ScriptedUA, Call, str]


@pytest.fixture
def scene(house: House) -> Scene:
    """Alice, who was called by bob, and sleeps; the PURR that she told him."""
    alice = phone_that_says(house, APNS)
    registered(house, alice)
    call = talking(house, alice)
    alice.sleep()
    house.run()
    house.pns.jobs.clear()
    purr = NameAddr.parse(f"<{call.dialog.target}>").uri.param("pn-purr")
    assert purr
    return alice, call, purr


def pushed(house: House) -> list[PushKind]:
    """What for, since the call began."""
    return [job.kind for job in house.pns.jobs]


def moved(call: Call, purr: str, how: str) -> None:
    """
    Bob's Routes have *purr*, and his Request-URI has not.

    :param how: ``strict``: by a router as of RFC 2543 on the way (RFC 3261 section 16.4);
        ``loose``: by one of alice's own that is behind us.
    """
    dialog = call.dialog
    if how == "strict":
        ours = NameAddr.parse(dialog.routes[0]).uri
        dialog.target, dialog.routes = str(ours), (f"<{dialog.target}>",)
    else:
        target = NameAddr.parse(f"<{dialog.target}>").uri
        behind = f"<sip:{target.host}:{target.port};lr;pn-purr={purr}>"
        dialog.target = dialog.target.replace(f";pn-purr={purr}", "")
        dialog.routes = (*dialog.routes, behind)


def test_reinvite_wakes_by_its_request_uri(house: House, scene: Scene) -> None:
    """Vector 14, P-065: a re-INVITE with a PURR in its Request-URI waits for a push."""
    alice, call, _ = scene
    asked = call.reinvite()
    house.run()
    assert pushed(house) == [PushKind.MID_DIALOG]
    assert len(invites(house, alice)) == 1
    target = call.dialog.target
    house.get(alice.wake())
    house.run()
    assert succeeded(asked).status == 200
    (_, reinvite) = invites(house, alice)
    assert reinvite.uri == target


@pytest.mark.parametrize("how", ["strict", "loose"])
def test_request_wakes_by_a_route(house: House, scene: Scene, how: str) -> None:
    """Vector 14, P-065: so is a request with a PURR in a Route that is not ours."""
    alice, call, purr = scene
    moved(call, purr, how)
    draft = evolve(call.dialog.draft("INVITE", SDP), to=house.address)
    asked = call._uac.ask(draft).final
    house.run()
    assert pushed(house) == [PushKind.MID_DIALOG]
    house.get(alice.wake())
    house.run()
    assert succeeded(asked).status == 200
    assert len(invites(house, alice)) == 2


def test_it_goes_where_the_phone_is_now(house: House, scene: Scene) -> None:
    """Vector 14, P-066, P-068: it goes out on the flow of the REGISTER, wherever that is."""
    alice, call, _ = scene
    was, target = alice.address, call.dialog.target
    asked = call.reinvite()
    house.run()
    before = len(house.sent_to(was))
    house.get(alice.wake(endpoint=house.endpoint(), restarted=True))
    house.run()
    assert succeeded(asked).status == 200
    assert len(house.sent_to(was)) == before
    assert [one.uri for one in invites(house, alice)] == [target]


@pytest.mark.parametrize("foreign", ["guess", "AAAA", "x" * 200])
def test_foreign_purr_is_forwarded(house: House, foreign: str) -> None:
    """Vector 14, P-065: a PURR that is not ours is a parameter: no push, forwarded as it is."""
    alice = phone_that_says(house, APNS)
    registered(house, alice)
    call = talking(house, alice)
    house.pns.jobs.clear()
    purr = NameAddr.parse(f"<{call.dialog.target}>").uri.param("pn-purr") or "none"
    call.dialog.target = call.dialog.target.replace(purr, foreign)
    assert house.get(call.reinvite()).status == 200
    assert house.pns.jobs == []
    assert invites(house, alice)[-1].uri.endswith(f";pn-purr={foreign}")


def test_foreign_purr_of_a_sleeper_pushes_nobody(house: House, scene: Scene) -> None:
    """Vector 14, P-065: a PURR that is not ours wakes nobody who sleeps."""
    _, call, purr = scene
    call.dialog.target = call.dialog.target.replace(purr, purr[:-4] + "AAAA")
    call.reinvite()
    house.run(30)
    assert house.pns.jobs == []


def test_end_of_the_wait_is_500(house: House, scene: Scene) -> None:
    """Vector 14, P-067: a phone that does not come costs a 500 with Retry-After, no other code."""
    _, call, _ = scene
    asked = call.reinvite()
    house.run()
    house.push_accepted()
    house.run(WAIT - 0.1)
    assert not asked.called
    house.run(0.2)
    answer = succeeded(asked)
    assert answer.status == 500
    assert (answer.headers.get("Retry-After") or "").isdigit()


@pytest.mark.parametrize("method", ["INFO", "UPDATE", "NOTIFY", "REFER", "BYE", "MESSAGE"])
def test_others_are_500_as_well(house: House, scene: Scene, method: str) -> None:
    """Vector 14, P-067, P-070: whatever wakes in a dialog gets that 500, and never a 408 or 480."""
    _, call, _ = scene
    asked = call.request(method)
    house.run()
    assert pushed(house) == [PushKind.MID_DIALOG]
    house.push_accepted()
    house.run(WAIT + 0.1)
    assert succeeded(asked).status == 500
    assert "Retry-After" in succeeded(asked).headers


def test_dialog_lives_on(house: House, scene: Scene) -> None:
    """Vector 14, P-067: after a 500 the same call goes on as soon as the phone is there."""
    alice, call, _ = scene
    asked = call.reinvite()
    house.run(WAIT + 0.1)
    assert succeeded(asked).status == 500
    again = call.reinvite()
    house.run()
    house.get(alice.wake())
    house.run()
    assert succeeded(again).status == 200
    bye = call.hang_up()
    house.run()
    house.get(alice.wake())  # over UDP nobody knows that it is awake still
    house.run()
    assert succeeded(bye).status == 200
    assert len(requests_sent(house, "BYE", alice)) == 1


def test_purr_passes_as_it_is(house: House) -> None:
    """Vector 14, P-071, P-063: the caller is told the pn-purr of the callee's Contact, as it is."""
    alice = phone_that_says(house, APNS)
    (first,) = purrs(registered(house, alice))
    call = talking(house, alice)
    second = alice.purr
    assert second not in (None, first)
    assert call.dialog.target.endswith(f";pn-purr={second}")
    (third,) = purrs(registered(house, alice))
    assert house.get(alice.incoming[0].reinvite()).status == 200
    assert call.dialog.target.endswith(f";pn-purr={third}")
    assert third not in (first, second)


@pytest.mark.parametrize("caller", ["who may be woken", "who may not"])
def test_server_stays_in_the_dialog(house: House, caller: str) -> None:
    """Vector 14, P-064: an INVITE from or towards a UA with a PURR gets a Record-Route of ours."""
    alice = phone_that_says(house, APNS)
    registered(house, alice)
    if caller == "who may not":
        talking(house, alice)
        (invite,) = invites(house, alice)
    else:
        bob = house.phone("bob")
        house.get(bob.register())
        alice.call("sip:bob@example.com")
        house.run()
        (invite,) = invites(house, bob)
        assert ";pn-purr=" in (invite.headers.get("Contact") or "")
    (route,) = invite.headers.values("Record-Route")
    assert NameAddr.parse(route).uri.host == house.address.host


def test_ack_never_waits(house: House) -> None:
    """Vector 14, P-070: an ACK is forwarded at once, though its Request-URI has a PURR."""
    alice = phone_that_says(house, APNS)
    registered(house, alice)
    talking(house, alice)
    (ack,) = requests_sent(house, "ACK", alice)
    assert ";pn-purr=" in ack.uri
    assert [job.kind for job in house.pns.jobs] == [PushKind.CALL]


def test_cancel_ends_the_wait(house: House, scene: Scene) -> None:
    """Vector 14, P-070: a CANCEL does not wait: what it takes back is 487, and the dialog lives."""
    alice, call, _ = scene
    draft = call.dialog.draft("INVITE", SDP)
    exchange = call._uac.ask(draft)
    house.run()
    cancelled = call._uac.cancel(exchange)
    house.run()
    assert succeeded(cancelled.final).status == 200
    assert succeeded(exchange.final).status == 487
    house.get(alice.wake())
    house.run()
    assert len(invites(house, alice)) == 1


@pytest.mark.parametrize(("mode", "kinds"), [("all", [PushKind.MID_DIALOG]), ("purr", [])])
def test_phone_that_knows_no_purr(
    settings: ServerSettings, mode: Literal["all", "purr"], kinds: list[PushKind]
) -> None:
    """Vector 14, D-11: ``push.mid_dialog = "all"`` wakes phones that know nothing of PURRs, too."""
    house = House.built(evolve(settings, proxy=ProxySettings(mid_dialog=mode)))
    alice = phone_that_says(house, APNS.replace("apns", "acme"))
    alice.account = evolve(alice.account, purr=False)
    registered(house, alice)
    call = talking(house, alice)
    alice.sleep()
    house.run()
    house.pns.jobs.clear()
    call.reinvite()
    house.run()
    assert ";pn-purr" not in call.dialog.target
    assert pushed(house) == kinds
    house.server.stopService()

"""
Proxies between this server and a phone: those that push for it, and those it registered through.
"""

from __future__ import annotations

from attrs import evolve

from sippn.proxy import ProxySettings
from sippn.service import ServerSettings
from sippn.testing.calls_received import answer_at_once
from sippn.testing.house import House
from sippn.testing.results import succeeded
from tests.flows.talk import ALICE, HOLD, sleeps, talking

CAPS = ("Feature-Caps", '*;+sip.pns="acme"')


def test_proxy_that_pushes_gets_the_push_parameters(house: House) -> None:
    """P-011, P-040: A proxy on the way that pushes finds the push parameters in the Request-URI."""
    alice = house.phone("alice", "token-a")
    house.get(alice.register(extra=[CAPS]))
    alice.policy = answer_at_once
    call = house.phone("bob").call(ALICE)
    house.run()
    assert succeeded(call.answered).status == 200
    assert "pn-prid=token-a" in alice.incoming[0].invite.uri
    assert house.pns.jobs == []


def test_phone_gets_no_push_parameters(house: House) -> None:
    """P-053: A phone that this server pushes by itself gets no push parameters."""
    alice = sleeps(house, "alice")
    call = house.phone("bob").call(ALICE)
    house.run()
    house.get(alice.wake())
    house.run()
    assert succeeded(call.answered).status == 200
    assert "pn-" not in alice.incoming[0].invite.uri


def test_sleeper_that_others_push_is_not_waited_for(house: House) -> None:
    """P-011: A call to a sleeper that another proxy pushes goes out at once, without a push."""
    alice = house.phone("alice", "token-a", instance="<urn:uuid:a>")
    house.get(alice.register(extra=[CAPS]))
    alice.sleep("frozen")
    house.phone("bob").call(ALICE)
    house.run(5)
    assert [getattr(one, "method", "") for one in house.sent_to(alice.address)].count("INVITE")
    assert house.pns.jobs == []


def test_path_is_for_what_is_outside_a_dialog(house: House) -> None:
    """P-068: In a dialog no Path is added: its route set leads there (RFC 3327 section 5.3)."""
    alice = sleeps(house, "alice")
    path = [("Path", f"<sip:{alice.address};lr>"), ("Supported", "path")]
    house.get(alice.register(extra=path))
    call = house.phone("bob").call(ALICE)
    house.run()
    house.get(alice.register(extra=path))
    house.run()
    assert succeeded(call.answered).status == 200
    assert alice.incoming[0].invite.headers.values("Route") == [f"<sip:{alice.address};lr>"]
    asked = call.reinvite(HOLD)
    house.run()
    house.get(alice.register(extra=path))
    house.run()
    assert succeeded(asked).status == 200
    assert alice.incoming[0].reinvites[0].headers.values("Route") == []


def test_push_parameters_go_everywhere_if_the_operator_wants(settings: ServerSettings) -> None:
    """P-053: With ``strip_pn_to_ua = false`` a phone gets the Request-URI that it registered."""
    house = House.built(evolve(settings, proxy=ProxySettings(strip_pn_to_ua=False)))
    talk = talking(house)
    assert talk.alice.incoming[0].invite.uri.count("pn-prid=token-alice") == 1
    house.server.stopService()

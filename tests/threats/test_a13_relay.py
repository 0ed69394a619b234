"""
A13: nobody uses this server to reach whom he likes, unless he is known here.
"""

from __future__ import annotations

import pytest

from sippn.sip import Request
from sippn.testing.house import House
from tests.threats.scene import ALICE, DOMAIN, PBX, Sender, phone, requests_sent, sleeper

VICTIM = "198.51.100.7"
METHODS = ["INVITE", "MESSAGE", "OPTIONS", "SUBSCRIBE", "REFER", "BYE", "INFO", "STRANGE"]
TARGETS = [
    f"sip:victim@{VICTIM}",
    f"sip:{VICTIM}",
    f"sip:victim@{VICTIM}:5080;transport=udp",
    f"sip:victim@{VICTIM};transport=tcp",
    f"sips:victim@{VICTIM}",
    "sip:victim@elsewhere.example",
    "sip:victim@[2001:db8::7]",
    f"sip:victim@[::ffff:{VICTIM}]",
    "sip:victim@3325256711",
    "sip:victim@0xc6336407",
    f"sip:alice@{DOMAIN};maddr={VICTIM}",
    f"sip:{DOMAIN};maddr={VICTIM}",
    f"sip:victim@{DOMAIN};maddr={VICTIM};ttl=1",
    f"sip:victim@{VICTIM};maddr=192.0.2.1",
    f"sip:victim%40{VICTIM}@{DOMAIN}",
    f"sip:victim%40elsewhere.example@{DOMAIN}",
    f"sip:{DOMAIN}@{VICTIM}",
    f"sip:victim:{DOMAIN}@{VICTIM}",
    f"sip:victim@{DOMAIN}.elsewhere.example",
    f"sip:victim@elsewhere.{DOMAIN}",
    f"sip:victim@{VICTIM}?Route=%3Csip:{VICTIM}%3E",
    f"sip:alice@{DOMAIN}?Route=%3Csip:{VICTIM};lr%3E",
    f"sip:alice@{DOMAIN}?Via=SIP/2.0/UDP%20{VICTIM}",
    f"sip:victim@{VICTIM};lr",
    f"sip:{DOMAIN};lr",
    f"sip:192.0.2.1:5060;lr;maddr={VICTIM}",
    "tel:+15551234;phone-context=elsewhere.example",
]
ROUTES = [
    f"<sip:{VICTIM};lr>",
    f"<sip:{VICTIM}>",
    f"<sip:192.0.2.1:5060;lr>, <sip:{VICTIM};lr>",
    f"<sip:192.0.2.1;lr;maddr={VICTIM}>, <sip:{VICTIM};lr>",
    f"<sip:192.0.2.1;maddr={VICTIM}>",
    f"<sip:{DOMAIN};lr>, <sip:x@elsewhere.example>",
    f"<sip:x@192.0.2.1?Route=%3Csip:{VICTIM};lr%3E;lr>",
    f"<sip:192.0.2.1;lr>,<sip:192.0.2.1;lr>,<sip:192.0.2.1;lr>,<sip:{VICTIM};lr>",
    "<sip:elsewhere.example;lr>",
    f'"<sip:192.0.2.1;lr>" <sip:{VICTIM};lr>',
]


def relayed(house: House) -> list[Request]:
    """Requests that have left, and connections that were opened, for anybody."""
    assert {to.host for to in house.network.reactor.dialled} <= {house.address.host}
    return requests_sent(house)


@pytest.mark.parametrize("target", TARGETS)
def test_target(house: House, target: str) -> None:
    """A13: by Request-URI, by maddr, by escapes in user and headers, of any method."""
    stranger = Sender.at(house)
    for method in METHODS:
        contact = ("Contact", "<sip:x@192.0.2.9>")
        (status,) = stranger.ask(method, target, contact, To="<sip:victim@elsewhere.example>")
        assert status in {400, 403, 404, 407, 416, 480, 501, 200 if method == "OPTIONS" else 400}
    house.run(40)
    assert relayed(house) == []


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("target", [ALICE, f"sip:victim@{VICTIM}", f"sip:{DOMAIN};lr"])
def test_route(house: House, route: str, target: str) -> None:
    """A13: a Route of his own that leads away, strict or loose, behind ours or not."""
    sleeper(house, "alice", "token-a")
    stranger = Sender.at(house)
    for method in ("INVITE", "MESSAGE", "BYE"):
        contact = ("Contact", "<sip:x@192.0.2.9>")
        stranger.ask(method, target, ("Route", route), contact)
        stranger.ask(method, target, ("Route", route), contact, To=f"<{target}>;tag=1")
    house.run(40)
    assert relayed(house) == []


@pytest.mark.parametrize(
    "header", ["P-Asserted-Identity", "Remote-Party-ID", "P-Preferred-Identity"]
)
def test_claim_is_no_proof(house: House, header: str) -> None:
    """A13: whoever says that he is alice, in whichever field, is a stranger still."""
    (status,) = Sender.at(house).ask("MESSAGE", f"sip:victim@{VICTIM}", (header, f"<{ALICE}>"))
    assert status == 403
    assert relayed(house) == []


@pytest.mark.parametrize("via", [PBX, "192.0.2.1", "127.0.0.1"])
def test_via_is_no_proof(house: House, via: str) -> None:
    """A13: a Via that names the operator's own peer is not its address."""
    sender = Sender.at(house)
    written = f"SIP/2.0/{sender.endpoint.transport} {via}:5060;branch=z9hG4bKvia;rport"
    sender.ask("MESSAGE", f"sip:victim@{VICTIM}", Via=written)
    assert relayed(house) == []


def test_registration_is_no_way_out(house: House) -> None:
    """A13: a Contact elsewhere is reached by calls to its own AOR, which its owner answers for."""
    sender = Sender.at(house)
    contact = ("Contact", f"<sip:victim@{VICTIM}>")
    about = {"From": f"<{ALICE}>;tag=1", "To": f"<{ALICE}>"}
    assert sender.ask("REGISTER", f"sip:{DOMAIN}", contact, **about) == [401]
    assert sender.ask("REGISTER", "sip:elsewhere.example", contact, To="<sip:x@elsewhere.example>",
        From="<sip:x@elsewhere.example>;tag=1") in ([401], [404])  # fmt: skip
    assert sender.register("alice", contact) == [200]
    Sender.at(house).ask("MESSAGE", ALICE)
    assert {to.to.host for to in house.network.carried if b"MESSAGE" in to.octets[:7]} <= {
        house.address.host,
        sender.endpoint.address.host,
    }


def test_other_realms_domain_is_not_registered_here(house: House) -> None:
    """A13: alice proves who she is, and that is nobody of another domain."""
    contact = ("Contact", "<sip:x@192.0.2.9>")
    to = "<sip:alice@elsewhere.example>"
    assert Sender.at(house).register("alice", contact, To=to) in ([403], [404])


def test_who_is_known_may(house: House) -> None:
    """A13: bob, by his password, and the operator's own peer, by where it is."""
    world = house.phone("carol", domain="elsewhere.example")
    world.wake(endpoint=house.endpoint(listens=True))
    house.run()
    target = f"sip:carol@{world.address}"
    assert house.get(phone(house, "bob").message(target, "hello")).status == 200
    pbx = house.phone("anybody", domain="elsewhere.example")
    pbx.wake(endpoint=house.endpoint(host=PBX))
    house.run()
    assert house.get(pbx.message(target, "hello")).status == 200
    assert [request.uri for request in world.requests] == [target] * 2


def test_who_is_known_takes_no_credentials_along(house: House) -> None:
    """A13, CVE-2021-41158: what he proved to us is nobody else's."""
    world = house.phone("carol", domain="elsewhere.example")
    world.wake(endpoint=house.endpoint(listens=True))
    house.run()
    house.get(phone(house, "bob").message(f"sip:carol@{world.address}", "hello"))
    assert "Proxy-Authorization" not in world.requests[0].headers


def test_loop_back_to_ourselves_is_none(house: House) -> None:
    """A13: an authenticated user who names our own socket gets an answer, and no request leaves."""
    bob = phone(house, "bob")
    for target in ("sip:x@192.0.2.1", "sip:x@192.0.2.1:5060"):
        assert house.get(bob.message(target, "hello")).status in {404, 482}
    assert relayed(house) == []

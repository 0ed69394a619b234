"""Tests for :mod:`sippn.testing.house`: a whole server, over UDP and over TCP."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network

import pytest

from sippn.auth.settings import AuthSettings
from sippn.service import ServerSettings
from sippn.sip import Response
from sippn.storage.factories import MemoryStoreFactory
from sippn.testing.endpoints import Suspension
from sippn.testing.house import House
from sippn.testing.results import succeeded
from sippn.testing.ua import ScriptedUA
from sippn.testing.ua_account import Account
from sippn.transport import Address
from sippn.transport.settings import ListenSettings

ALICE = "sip:alice@example.com"
UDP = ListenSettings("udp", "192.0.2.1", 5060)
TCP = ListenSettings("tcp", "192.0.2.1", 5062)


def built(*listen: ListenSettings) -> House:
    """A server with these sockets, which trusts everybody."""
    return House.built(
        ServerSettings(
            listen=listen,
            domains=("example.com",),
            storage=MemoryStoreFactory().parse({}),
            providers=(),
            auth=AuthSettings(trusted=(ip_network("192.0.2.0/24"),)),
        )
    )


@pytest.fixture
def house() -> Iterator[House]:
    """A server with both."""
    house = built(UDP, TCP)
    yield house
    house.server.stopService()
    house.run(1)


@pytest.mark.parametrize("listen", [UDP, TCP])
def test_phones_speak_what_the_server_hears(listen: ListenSettings) -> None:
    """A test of a flow need not know the transport: the first socket decides."""
    house = built(listen)
    assert house.transport == listen.transport
    alice, bob = house.asleep("alice", "token-a"), house.phone("bob")
    call = bob.call(ALICE)
    house.run()
    assert len(house.pns.jobs) == 1
    alice.wake()
    house.run()
    assert succeeded(call.answered).status == 200
    assert house.get(call.hang_up()).status == 200
    assert alice.endpoint.transport == listen.transport.upper()
    house.server.stopService()


def test_phone_may_speak_another_transport(house: House) -> None:
    """Each goes to the socket of its own; a call crosses from one to the other."""
    desk, mobile = house.phone("alice"), house.phone("bob", transport="tcp")
    assert (desk.server.port, mobile.server.port) == (5060, 5062)
    for phone in (desk, mobile):
        assert house.get(phone.register()).status == 200
    call = mobile.call(ALICE)
    house.run()
    assert succeeded(call.answered).status == 200
    assert house.get(desk.incoming[0].reinvite()).status == 200
    assert house.get(call.reinvite()).status == 200
    assert len(call.reinvites) == len(desk.incoming[0].reinvites) == 1
    assert [ack.cseq.number for ack in call.acks] == [1]
    assert house.get(desk.incoming[0].hang_up()).status == 200
    assert call.ended.called


@pytest.mark.parametrize(("how", "open_"), [("frozen", 2), ("gone", 2), ("killed", 0)])
def test_sleeper_leaves_its_connection_or_not(house: House, how: Suspension, open_: int) -> None:
    """What a server sees of an app that is suspended: nothing, or a FIN."""
    house.asleep("alice", "token-a", transport="tcp", how=how)
    assert len(house.network.reactor.ends) == open_


def test_what_was_sent_is_known_over_either_transport(house: House) -> None:
    """By the address that the phone had, whether it listened or not."""
    house.transport = "tcp"
    alice = house.phone("alice")
    house.get(alice.register())
    was = alice.address
    alice.endpoint.send(b"\r\n\r\n", house.listening["tcp"])  # RFC 5626: its pong is no message
    house.run()
    alice.sleep("gone")
    assert [m.status for m in house.sent_to(was) if isinstance(m, Response)] == [200]
    desk = house.phone("bob", transport="udp")
    house.get(desk.register())
    assert len(house.sent_to(desk.address)) == 1


def test_peer_can_be_connected_to(house: House) -> None:
    """No NAT is before it: the server reaches it though it never spoke."""
    house.transport = "tcp"
    peer = house.endpoint("tcp", "192.0.2.200", listens=True)
    assert peer.address == Address("192.0.2.200", 5060)
    account, server = Account("carol", "elsewhere.example"), house.listening["tcp"]
    carol = ScriptedUA(account, peer, server, house.clock, house.entropy, retransmits=False)
    call = house.phone("bob").call("sip:carol@192.0.2.200;transport=tcp")
    house.run()
    assert succeeded(call.answered).status == 200
    assert house.get(carol.incoming[0].hang_up()).status == 200

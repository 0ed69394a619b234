"""
A10: whatever URL a phone registers and whoever calls it, nobody is connected to but the world.

The operator of these servers lets every host in; what is left is what nobody can open.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from sippn.service import ServerSettings
from sippn.testing.push_server import Answer
from tests.providers.webpush.hostile import HOSTILE
from tests.threats.browsers import HOST, INSIDE, PORTS, PUBLIC, Outside, words
from tests.threats.scene import ALICE, Sender, all_sent, phone

# names that look like any other, and where they lead
NAMES: dict[str, Sequence[str]] = {
    "localhost": ("127.0.0.1", "::1"),
    "localhost.localdomain": ("127.0.0.1",),
    "127.0.0.1.example.org": ("127.0.0.1",),
    "loopback.example.org": ("127.0.0.2",),
    "v6.example.org": ("::1",),
    "mapped.example.org": ("::ffff:127.0.0.1",),
    "mapped-private.example.org": ("::ffff:10.0.0.1",),
    "compatible.example.org": ("::127.0.0.1",),
    "nat64.example.org": ("64:ff9b::7f00:1",),
    "6to4.example.org": ("2002:7f00:1::",),
    "teredo.example.org": ("2001:0:7f00:1::80ff:fffe",),
    "private.example.org": ("10.0.0.1",),
    "home.example.org": ("192.168.1.1",),
    "metadata.example.org": ("169.254.169.254",),
    "carrier.example.org": ("100.64.0.1",),
    "zero.example.org": ("0.0.0.0",),
    "multicast.example.org": ("224.0.0.1",),
    "broadcast.example.org": ("255.255.255.255",),
    "unique-local.example.org": ("fd00::1",),
    "link-local.example.org": ("fe80::1",),
    "several.example.org": ("10.0.0.1", "::1", "127.0.0.1"),
    "nowhere.example.org": (),
}
ANYWHERE = [*NAMES, HOST, "*", *(f"{name}:{port}" for name in (*NAMES, "*") for port in PORTS)]


@pytest.fixture
def transport() -> str:
    """What phones speak is no matter here; over UDP the server connects to nobody by itself."""
    return "udp"


@pytest.fixture
def outside(settings: ServerSettings, tmp_path: Path) -> Iterator[Outside]:
    """A server whose operator lets every host and every port in."""
    outside = Outside(tmp_path, table={"allow_hosts": ANYWHERE})
    house = outside.live(settings)
    outside.addresses |= NAMES
    yield outside
    assert outside.canary.connections == 0
    assert not set(outside.dialled) & set(INSIDE)
    house.server.stopService()


def register_and_call(outside: Outside, url: str) -> list[int]:
    """Alice's phone says that it is pushed at *url*, and bob calls her; what it was answered."""
    house = outside.house
    sender = Sender.at(house)
    contact = ("Contact", f"<sip:alice@{sender.endpoint.address}{words(url)}>")
    answered = sender.register("alice", contact)
    phone(house, "bob").call(ALICE)
    outside.settle()
    house.run(30)
    return answered


def test_good_one_is_connected_to(outside: Outside) -> None:
    """A10: the same way leads to a push service, so that what follows is seen to be refused."""
    assert register_and_call(outside, outside.pns.webpush.subscribe(host=HOST).url) == [200]
    assert len(outside.pns.webpush.pushes) >= 1
    assert set(outside.dialled) == {PUBLIC}


@pytest.mark.parametrize("url", HOSTILE.values(), ids=HOSTILE)
def test_shape(outside: Outside, url: str) -> None:
    """A10: it is not promised to be pushed, and nobody is connected to."""
    register_and_call(outside, url)
    assert outside.dialled == []
    assert b"sip.pns" not in all_sent(outside.house)


@pytest.mark.parametrize("port", ["", *(f":{port}" for port in PORTS)])
@pytest.mark.parametrize("name", NAMES)
def test_name(outside: Outside, name: str, port: str) -> None:
    """A10: a name that leads inside is looked up, and not connected to."""
    assert register_and_call(outside, f"https://{name}{port}/x") == [200]
    assert outside.dialled == []


@pytest.mark.parametrize("inside", INSIDE)
def test_name_that_leads_elsewhere_the_next_time(outside: Outside, inside: str) -> None:
    """A10: each connection goes to an address that was looked at, however often a name changes."""
    url = outside.pns.webpush.subscribe(host=HOST).url
    outside.pns.webpush.default = Answer(status=503)
    register_and_call(outside, url)
    assert set(outside.dialled) == {PUBLIC}
    before = len(outside.pns.webpush.pushes)
    outside.addresses[HOST] = (inside,)
    outside.pns.cut()
    outside.settle()
    phone(outside.house, "bob").call(ALICE)
    outside.settle()
    outside.house.run(30)
    assert set(outside.dialled) == {PUBLIC}
    assert len(outside.pns.webpush.pushes) == before


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("place", ["https://127.0.0.1/", "http://169.254.169.254/x", "//[::1]/"])
def test_redirection(outside: Outside, status: int, place: str) -> None:
    """A10: a push service that sends us inside is not listened to."""
    outside.pns.webpush.default = Answer(status, fields=(("location", place),))
    assert register_and_call(outside, outside.pns.webpush.subscribe(host=HOST).url) == [200]
    assert set(outside.dialled) == {PUBLIC}


def test_enough_shapes() -> None:
    """A10: more than the twenty-four that are asked for."""
    assert len({*HOSTILE.values(), *NAMES}) >= 24

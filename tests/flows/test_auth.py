"""
Flow A with digest authentication, and what it means for a call that waits.
"""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from attrs import evolve

from sippn.auth.settings import AuthSettings, User
from sippn.service import ServerSettings
from sippn.sip import ha1, summary
from sippn.testing.house import House
from sippn.testing.results import succeeded

ALICE = "sip:alice@example.com"


def user(name: str) -> User:
    """A user whose password is ``secret``."""
    algorithms = ("MD5", "SHA-256")
    return User(
        name, "example.com", tuple((a, ha1(name, "example.com", "secret", a)) for a in algorithms)
    )


@pytest.fixture
def settings(settings: ServerSettings) -> ServerSettings:
    """Digest for the users alice, bob and mallory."""
    auth = AuthSettings(
        mode="digest",
        realm="example.com",
        users=(user("alice"), user("bob"), user("mallory")),
        trusted=(ip_network("192.0.2.200/32"),),
    )
    return evolve(settings, auth=auth)


def test_challenged_leg_releases_nothing(house: House) -> None:
    """B 8, S-13 h: 401, then the authenticated REGISTER: exactly one INVITE, and after the 200."""
    alice = house.asleep("alice", "token-a", password="secret")
    bob = house.phone("bob", password="secret")
    call = bob.call(ALICE)
    house.run()
    alice.forget()
    alice.wake(restarted=True)
    house.run()
    heard = [summary(message) for message in alice.received]
    assert heard == ["401 Unauthorized (REGISTER)", "200 OK (REGISTER)", "INVITE", "ACK"]
    assert succeeded(call.answered).status == 200


def test_wrong_password_during_the_wait_ends_nothing(house: House) -> None:
    """P-044: a stranger's wrong password neither takes nor kills a waiting call."""
    alice = house.asleep("alice", "token-a", password="secret")
    call = house.phone("bob", password="secret").call(ALICE)
    thief = house.phone("alice", "token-a", password="guessed")
    house.run()
    assert house.get(thief.register()).status == 401
    assert not call.failed.called
    assert len(thief.incoming) == 0
    alice.wake()
    house.run()
    assert len(alice.incoming) == 1
    assert succeeded(call.answered).status == 200


def test_caller_from_our_domain_proves_it(house: House) -> None:
    """DESIGN 5: From in our domains is challenged with 407; nobody is pushed before."""
    house.asleep("alice", "token-a", password="secret")
    call = house.phone("bob", password="wrong").call(ALICE)
    house.run()
    assert succeeded(call.failed).status == 407
    assert house.pns.jobs == []


def test_stranger_is_refused(house: House) -> None:
    """DESIGN 5: strangers = "refuse"."""
    house.asleep("alice", "token-a", password="secret")
    call = house.phone("x", domain="elsewhere.example").call(ALICE)
    house.run()
    assert succeeded(call.failed).status == 403
    assert house.pns.jobs == []


def test_trusted_peer_is_not_challenged(house: House) -> None:
    """DESIGN 5: a PBX calls without a password."""
    alice = house.asleep("alice", "token-a", password="secret")
    pbx = house.phone("anybody")
    pbx.wake(endpoint=house.endpoint(host="192.0.2.200"))
    call = pbx.call(ALICE)
    house.run()
    alice.wake()
    house.run()
    assert succeeded(call.answered).status == 200
    assert pbx.challenges == 0


def test_dialog_goes_on_without_a_password(house: House) -> None:
    """Our own token in the Route proves more than a password: BYE is not challenged."""
    alice = house.asleep("alice", "token-a", password="secret")
    bob = house.phone("bob", password="secret")
    call = bob.call(ALICE)
    house.run()
    alice.wake()
    house.run()
    challenges = bob.challenges
    assert house.get(call.hang_up()).status == 200
    assert bob.challenges == challenges


def test_authenticated_user_may_call_the_world(house: House) -> None:
    """A13: foreign domains only from authenticated users; numeric targets."""
    bob, world = (
        house.phone("bob", password="secret"),
        house.phone("carol", domain="elsewhere.example"),
    )
    world.wake(endpoint=house.endpoint(listens=True))
    house.run()
    call = bob.call(f"sip:carol@{world.address}")
    house.run()
    assert succeeded(call.answered).status == 200
    assert len(world.incoming) == 1
    assert world.incoming[0].invite.headers.get("Proxy-Authorization") is None

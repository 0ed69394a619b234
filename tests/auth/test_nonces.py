"""Nonces: nobody makes one up, nobody uses one twice, and nobody fills the memory."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from os import urandom

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock

from sippn.auth import Nonces
from sippn.seal import Keyring

REALM = "example.com"


def make(wall: Clock, secret: bytes = b"k" * 32, **limits: int) -> Nonces:
    return Nonces(Keyring(secret, urandom), wall.seconds, urandom, **limits)


def spend(nonces: Nonces, realm: str, nonce: str, count: int, where: str = "") -> bool:
    """Whether *nonce* was good for that count: what a right password does with it."""
    plain = nonces.recognize(realm, nonce, where)
    return plain is not None and nonces.spend(plain, count)


@pytest.fixture
def wall() -> Clock:
    wall = Clock()
    wall.advance(1_700_000_000)
    return wall


@pytest.fixture
def nonces(wall: Clock) -> Nonces:
    return make(wall)


def test_nonce_is_spent_once(nonces: Nonces) -> None:
    """A8, T16: the same count again is a replay."""
    nonce = nonces.issue(REALM)
    assert spend(nonces, REALM, nonce, 1)
    assert not spend(nonces, REALM, nonce, 1)


def test_counts_may_come_in_any_order_within_the_window(nonces: Nonces) -> None:
    """T16: requests overtake each other on UDP; 64 counts are told apart."""
    nonce = nonces.issue(REALM)
    order = [70, 69, 7, 71, 8, 70, 7, 6, 135, 71, 72]
    spent = [spend(nonces, REALM, nonce, count) for count in order]
    assert spent == [True, True, True, True, True, False, False, False, True, False, True]


@given(st.lists(st.integers(-70, 70), max_size=60), st.sampled_from([1, 64, 70, 2**32 - 1]))
def test_each_count_is_spent_once(steps: list[int], first: int) -> None:
    """Whatever the order, a count that was taken is never taken again, nor one too low."""
    nonces = make(Clock())
    nonce = nonces.issue(REALM)
    assert spend(nonces, REALM, nonce, first)
    taken = {first}
    for step in steps:
        count = max(0, max(taken) + step)
        fresh = count not in taken and count > max(taken) - 64
        assert spend(nonces, REALM, nonce, count) is fresh
        if fresh:
            taken.add(count)


def test_nonce_grows_old(nonces: Nonces, wall: Clock) -> None:
    """T16: 300 seconds, used before or not."""
    used, unused = nonces.issue(REALM), nonces.issue(REALM)
    wall.advance(300)
    assert spend(nonces, REALM, used, 1)
    wall.advance(0.01)
    assert not spend(nonces, REALM, used, 2)
    assert not spend(nonces, REALM, unused, 1)


@pytest.mark.parametrize("at", range(40))
def test_no_character_can_be_changed(nonces: Nonces, at: int) -> None:
    """Unforgeable: time, random octets and MAC hang together."""
    nonce = nonces.issue(REALM)
    changed = nonce[:at] + ("A" if nonce[at] != "A" else "B") + nonce[at + 1 :]
    assert not spend(nonces, REALM, changed, 1)


@pytest.mark.parametrize("nonce", ["", "A" * 39, "A" * 40, "A" * 41, "\u0661" * 40, "=" * 40])
def test_nonsense_is_no_nonce(nonces: Nonces, nonce: str) -> None:
    """Whatever a stranger writes is answered without an exception."""
    assert not spend(nonces, REALM, nonce, 1)


def test_nonce_has_one_spelling(wall: Clock) -> None:
    """A replay under another spelling of the same octets is a replay."""
    nonces = make(wall)
    nonce = next(n for n in (nonces.issue(REALM) for _ in range(100)) if "-" in n or "_" in n)
    assert spend(nonces, REALM, nonce, 1)
    assert not spend(nonces, REALM, nonce.replace("-", "+").replace("_", "/"), 1)


def test_nonce_belongs_to_its_realm(nonces: Nonces) -> None:
    """A8: a nonce of one realm is worth nothing in another."""
    assert not spend(nonces, "other.example", nonces.issue(REALM), 1)


def test_nonce_belongs_to_its_secret(wall: Clock) -> None:
    """Who has no key makes no nonce."""
    assert not spend(make(wall), REALM, make(wall, b"x" * 32).issue(REALM), 1)


def test_challenges_leave_nothing_behind(nonces: Nonces) -> None:
    """A7: a million unanswered challenges cost no memory."""
    for _ in range(1000):
        nonces.issue(REALM)
    assert len(nonces) == 0


def test_nonces_do_not_repeat(nonces: Nonces) -> None:
    """Many of one millisecond are different."""
    assert len({nonces.issue(REALM) for _ in range(1000)}) == 1000


def test_what_is_old_is_forgotten(nonces: Nonces, wall: Clock) -> None:
    """State lives as long as its nonce."""
    for _ in range(10):
        spend(nonces, REALM, nonces.issue(REALM), 1)
    wall.advance(301)
    spend(nonces, REALM, nonces.issue(REALM), 1)
    assert len(nonces) == 1


def test_memory_is_bounded_and_replay_stays_refused(wall: Clock) -> None:
    """State is bounded; what was forgotten too early is refused, not believed."""
    nonces = make(wall, max_remembered=3)
    used = []
    for _ in range(5):
        used.append(nonces.issue(REALM))
        assert spend(nonces, REALM, used[-1], 1)
        wall.advance(1)
    assert len(nonces) == 3
    assert not any(spend(nonces, REALM, nonce, 1) for nonce in used)
    assert spend(nonces, REALM, used[-1], 2)


def test_clock_that_is_put_right_at_the_start_costs_nothing() -> None:
    """E1: it was set while the server was down, and goes on as if it had not been."""
    shown = [1_700_003_600.0]
    nonces = Nonces(Keyring(b"k" * 32, urandom), lambda: shown[0], urandom)
    shown[0] -= 3600
    assert spend(nonces, REALM, nonces.issue(REALM), 1)


def test_restart_believes_no_earlier_nonce(wall: Clock) -> None:
    """T4: a REGISTER that was overheard before a restart cannot be sent after it."""
    nonce = make(wall).issue(REALM)
    wall.advance(1)
    assert not spend(make(wall), REALM, nonce, 1)


def test_node_with_a_clock_ahead_is_believed(wall: Clock) -> None:
    """Nodes share a keyring; their clocks are not quite equal."""
    behind, ahead = make(wall), make(wall)
    wall.advance(2)
    nonce = ahead.issue(REALM)
    wall.advance(-2)
    assert spend(behind, REALM, nonce, 1)


def test_nonce_of_tomorrow_is_refused(wall: Clock) -> None:
    """Else it could be kept, and sent when nobody remembers it."""
    nonces = make(wall)
    wall.advance(60)
    nonce = nonces.issue(REALM)
    wall.advance(-60)
    assert not spend(nonces, REALM, nonce, 1)


def test_clock_that_is_set_back_locks_nobody_out(nonces: Nonces, wall: Clock) -> None:
    """After a few seconds new nonces are good again, however far the clock was ahead."""
    spend(nonces, REALM, nonces.issue(REALM), 1)
    wall.advance(-86400)
    spend(nonces, REALM, nonces.issue(REALM), 1)
    wall.advance(6)
    assert spend(nonces, REALM, nonces.issue(REALM), 1)


def test_nonce_shows_its_time_and_nothing_else(nonces: Nonces, wall: Clock) -> None:
    """Six octets of time, eight random ones, sixteen of MAC."""
    octets = urlsafe_b64decode(nonces.issue(REALM))
    assert int.from_bytes(octets[:6], "big") == wall.seconds() * 1000
    assert len(urlsafe_b64encode(octets)) == 40


def test_nonce_belongs_to_its_class_of_sources(nonces: Nonces) -> None:
    """T16: what one was given is no use to another."""
    nonce = nonces.issue(REALM, "plain 192.0.2")
    assert not spend(nonces, REALM, nonce, 1, "plain 192.0.3")
    assert not spend(nonces, REALM, nonce, 1)
    assert spend(nonces, REALM, nonce, 1, "plain 192.0.2")


def test_realm_and_class_are_not_run_together(nonces: Nonces) -> None:
    """T16: where one ends and the other begins is part of what is vouched for."""
    assert not spend(nonces, "lm", nonces.issue("realm", "a"), 1, "area")
    assert not spend(nonces, "alm", nonces.issue("realm", ""), 1, "re")


def test_nonce_is_known_however_old(nonces: Nonces, wall: Clock) -> None:
    """A8: what matters then is that it was sent there, not whether it is still good."""
    nonce = nonces.issue(REALM, "plain 192.0.2")
    wall.advance(86400)
    assert nonces.recognize(REALM, nonce, "plain 192.0.2")
    assert not nonces.recognize(REALM, nonce, "plain 192.0.3")
    assert not nonces.recognize(REALM, "A" * 40, "plain 192.0.2")

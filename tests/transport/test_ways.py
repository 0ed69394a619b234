"""Tests for :mod:`sippn.transport.ways`: what sockets do not bring about in any order."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from twisted.internet.interfaces import IConnector
from twisted.internet.task import Clock

from sippn.errors import TransportError
from sippn.transport import Streams
from sippn.transport.dial import Dial
from sippn.transport.ways import Ways
from tests.transport.wires import LOST, Home, Wire, names


@pytest.fixture
def home(clock: Clock) -> Iterator[Home]:
    made = names()
    yield Home(Streams(clock, lambda _: next(made)))
    for call in clock.getDelayedCalls():
        call.cancel()


def never(dial: Dial) -> IConnector:
    """Nobody is to connect."""
    raise AssertionError(dial)


def test_end_of_an_old_connection_leaves_the_new_one(clock: Clock, home: Home) -> None:
    """A peer that came back from its old port before we heard that it had gone."""
    ways = Ways(clock, never)
    old, new = home.connected(Wire()), home.connected(Wire())
    ways.opened(old)
    ways.opened(new)
    ways.lost(old, LOST)
    assert ways.to(new.remote, "") is new


def test_connect_that_breaks_is_an_answer(clock: Clock) -> None:
    """No descriptor left, or a name that no certificate can have."""

    def broken(dial: Dial) -> IConnector:
        raise OSError(24, f"Too many open files for {dial.remote}")

    connection = Home(Streams(clock, lambda _: b"")).connected(Wire())
    connection.connectionLost(LOST)
    waiting = Ways(clock, broken).to(connection.remote, "")
    why: list[str] = []
    waiting.addErrback(  # type: ignore[union-attr]
        lambda failure: why.append(str(failure.trap(TransportError) and failure.value))
    )
    assert "Too many open files" in why[0]
    clock.advance(1)

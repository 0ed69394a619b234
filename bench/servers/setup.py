"""What a measurement asks of whichever server it measures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from attrs import frozen

from bench.servers.running import Command, Server, free_port, running


@frozen
class Setup:
    """
    How a server is set up.

    :ivar durable: bindings are on disk before the 200.
    :ivar database: a data base to start with, for a durable one; it is copied.
    :ivar http: pushes are POSTs; otherwise each is one datagram.
    :ivar push_port: where the push service listens.
    :ivar providers: the tables of push providers, instead of either; sippn alone.
    :ivar in_flight: pushes that a provider may have unanswered; sippn alone.
    :ivar pushes: a second, at most; 0: any number.
    :ivar wait: seconds an INVITE waits for its phone.
    :ivar streams: it takes connections as well, at the same port; sippn alone.
    :ivar descriptors: how many files it may have open; 0: as many as the system lets it.
    """

    durable: bool = False
    database: Path | None = None
    http: bool = False
    push_port: int = 9
    providers: str = ""
    in_flight: int = 100
    pushes: int = 0
    wait: int = 20
    streams: bool = False
    descriptors: int = 0


class Subject(Protocol):
    """A kind of server that is measured."""

    @property
    def name(self) -> str:
        """The head of its column."""

    def why_not(self) -> str:
        """Why it cannot be measured here; empty: it can."""

    def command(self, setup: Setup, port: int, folder: Path) -> Command:
        """Write its configuration into *folder*, and say how it is started."""


def start(subject: Subject, setup: Setup, scratch: Path) -> AbstractContextManager[Server]:
    """
    A fresh one in a fresh folder below *scratch*; both are gone afterwards.

    :raises CannotStart: it does not come up.
    """
    return _started(subject, setup, scratch)


@contextmanager
def _started(subject: Subject, setup: Setup, scratch: Path) -> Iterator[Server]:
    with TemporaryDirectory(dir=scratch, prefix="server-") as name:
        folder = Path(name)
        port = free_port()
        with running(subject.command(setup, port, folder), port, folder) as server:
            yield server

"""What no file can say: sockets that are taken, data bases, certificates, plugins."""

from __future__ import annotations

import fcntl
import socket
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from attrs import define, field
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from twisted.plugin import getPlugins

import twisted.plugins
from sippn import tap
from sippn.config import Factories
from sippn.interfaces import IFactory, IPushProvider
from tests.config.conftest import FakeFactory
from tests.peers.certificates import make_certificates

_PORT = "5060"  # as the table has it
_OURS = 0x53495050  # SQLite's application_id of a data base of sippn's


@define(eq=False)
class Stage:
    """
    What is around a configuration file.

    :ivar port: stands for 5060 in the file and in what is said, if it is not empty.
    """

    folder: Path
    _monkeypatch: pytest.MonkeyPatch
    _open: ExitStack
    port: str = ""
    _plugins: list[FakeFactory] = field(factory=list, init=False)

    @classmethod
    @contextmanager
    def set(
        cls, folder: Path, monkeypatch: pytest.MonkeyPatch, around: Sequence[str]
    ) -> Iterator[Stage]:
        """Arrange all that *around* names; this process's clock and limits stay as they are."""
        monkeypatch.setattr(tap, "count_monotonic_time", lambda _: None)
        monkeypatch.setattr(tap, "room_for_connections", lambda wanted: wanted)
        monkeypatch.setattr(sys, "excepthook", sys.excepthook)
        with ExitStack() as open_:
            stage = cls(folder, monkeypatch, open_)
            for name in around:
                getattr(stage, name)()
            installed = [*getPlugins(IFactory, twisted.plugins), *stage._plugins]
            monkeypatch.setattr(Factories, "installed", lambda: Factories.of(installed))
            yield stage

    def filled(self, text: str) -> str:
        """*text* with the port that there really is."""
        return text.replace(_PORT, self.port) if self.port else text

    def emptied(self, text: str) -> str:
        """The contrary."""
        return text.replace(self.port, _PORT) if int(self.port or 0) else text

    def port_taken(self) -> None:
        """Somebody listens on UDP."""
        other = self._open.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        other.bind(("127.0.0.1", 0))
        self.port = str(other.getsockname()[1])

    def any_port(self) -> None:
        """The port is of no matter, and is free."""
        self.port = "0"

    def certificates(self) -> None:
        """``cert.pem`` and ``key.pem`` that belong together, and the key of another."""
        for name in ("own", "other"):
            (self.folder / name).mkdir()
            made = make_certificates(self.folder / name, "127.0.0.1")
            if name == "own":
                (self.folder / "cert.pem").write_bytes(made.certificate.read_bytes())
            key = "key.pem" if name == "own" else "other.pem"
            (self.folder / key).write_bytes(made.private_key.read_bytes())

    def locked_key(self) -> None:
        """``key.pem`` with a pass phrase."""
        key = load_pem_private_key((self.folder / "key.pem").read_bytes(), None)
        locked = BestAvailableEncryption(b"s3cret")
        octets = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked)
        (self.folder / "key.pem").write_bytes(octets)

    def long_log(self) -> None:
        """A file that grows."""
        (self.folder / "log").write_bytes(b"x" * 65537)

    def other_server(self) -> None:
        """It has the data base."""
        lock = self._open.enter_context((self.folder / "sippn.db-lock").open("w"))
        fcntl.flock(lock, fcntl.LOCK_EX)

    def newer_database(self) -> None:
        """A later sippn has written it."""
        self._database(f"PRAGMA application_id = {_OURS}", "PRAGMA user_version = 99")

    def foreign_database(self) -> None:
        """Another program has written it."""
        self._database()

    def no_database(self) -> None:
        """Somebody's letter."""
        (self.folder / "sippn.db").write_text("Dear operator, " * 100)
        (self.folder / "sippn.db").chmod(0o600)

    def breaking_plugin(self) -> None:
        """A push provider that breaks on its table, which has a secret."""
        self._plugins.append(FakeFactory(IPushProvider, "spool", wrong=ValueError("s3cret")))

    def plugin_that_cannot_be_made(self) -> None:
        """A push provider whose table is right, and that breaks all the same."""
        self._plugins.append(FakeFactory(IPushProvider, "spool", broken=ValueError("s3cret")))

    def second_log(self) -> None:
        """A plugin that takes the name of another."""
        self._plugins.append(FakeFactory(IPushProvider, "log"))

    def _database(self, *statements: str) -> None:
        path = self.folder / "sippn.db"
        with closing(sqlite3.connect(path)) as database:
            for statement in ("CREATE TABLE people (name TEXT)", *statements):
                database.execute(statement)
        path.chmod(0o600)

"""Push services on loopback, a configuration that pushes to them, and the command."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted  # type: ignore[import-untyped] # it has no py.typed
from attrs import define
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread

from sippn.binding import Change, Record
from sippn.storage.sqlite import SQLiteStore
from sippn.testing.push_server import PushServer

BASE = """\
domains = ["example.com"]

[[listen]]
transport = "tcp"
host = "127.0.0.1"
port = 0

[storage]
type = "sqlite"
path = "sippn.db"

[auth]
mode = "none"

"""

_PATIENCE = 60.0  # seconds

Wait = Callable[[Deferred[Any]], Any]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """An ``async def`` of this room is a test that runs in the reactor."""
    here = Path(__file__).parent
    for item in items:
        function = getattr(item, "obj", None)
        if here in item.path.parents and iscoroutinefunction(function):
            pytest_twisted.ensureDeferred(function)


@define
class Ended:
    """
    What the command did.

    :ivar text: what it wrote, errors last.
    """

    status: int
    text: str


@define(eq=False)
class Command:
    """``sippn push test``, in a process of its own."""

    config: Path

    @classmethod
    def of(cls, config: Path, rest: str) -> Command:
        """With a configuration that ends in *rest*."""
        config.write_text(BASE + rest)
        return cls(config)

    def change(self, old: str, new: str) -> None:
        """Write something else into the configuration."""
        self.config.write_text(self.config.read_text().replace(old, new))

    def __call__(
        self, *words: str, given: str | bytes = "", encoding: str = "utf-8"
    ) -> Awaitable[Ended]:
        """Run it; *given*: its standard input; *encoding*: the terminal's."""
        octets = given if isinstance(given, bytes) else given.encode(encoding)
        return deferToThread(self._run, words, octets, encoding)

    def start(self, *words: str, encoding: str = "utf-8") -> subprocess.Popen[bytes]:
        """The process, which runs."""
        return subprocess.Popen(
            [sys.executable, "-m", "sippn.cli", "push", "test", *words, "-c", str(self.config)],
            env={**os.environ, "PYTHONIOENCODING": encoding},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def _run(self, words: Sequence[str], given: bytes, encoding: str) -> Ended:
        return ended(self.start(*words, encoding=encoding), given, encoding)


def ended(process: subprocess.Popen[bytes], given: bytes = b"", encoding: str = "utf-8") -> Ended:
    """What *process* did, once it is over; for a thread."""
    try:
        out, errors = process.communicate(given, timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return Ended(process.returncode, (out + errors).decode(encoding))


@pytest.fixture
def wait() -> Wait:
    """For fixtures: run the reactor until a Deferred has its result."""
    blockon: Wait = pytest_twisted.blockon
    return blockon


@pytest.fixture
def reactor() -> Iterator[Any]:
    """The reactor; whoever leaves a timer behind fails his test."""
    from twisted.internet import reactor  # noqa: PLC0415 - pytest-twisted chooses which

    yield reactor
    assert reactor.getDelayedCalls() == []


@pytest.fixture
def server(reactor: Any, wait: Wait) -> Iterator[PushServer]:
    server = PushServer(reactor)
    server.start()
    yield server
    wait(server.stop())


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A file without providers."""
    path = tmp_path / "sippn.toml"
    path.write_text(BASE)
    return path


@pytest.fixture
def command(server: PushServer, config: Path) -> Command:
    """The command, with a configuration that pushes to *server*."""
    keys = config.parent / "keys"
    keys.mkdir()
    return Command.of(config, server.tables(keys))


@pytest.fixture
def store(
    reactor: Any, wait: Wait, config: Path
) -> Iterator[Callable[[Record], Awaitable[object]]]:
    """What writes a record as the server does, and keeps the data base open, as it does."""
    store = SQLiteStore(str(config.parent / "sippn.db"), reactor)
    store.startService()

    yield lambda record: store.commit([Change(record, 0)])
    wait(store.stopService())

"""A server under test: started anew for each run, and ended with it."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from attrs import define, field, frozen

from bench.servers import accounting

HOST = "127.0.0.1"

_PATIENCE = 90.0
"""Seconds a server gets to start, or to end: one may read a million bindings."""

_PORTS = range(20_000, 32_000)
"""Below those that the system gives to sockets that ask for none."""


class CannotStart(Exception):
    """A server that did not come up; the text has its last words."""


@frozen
class Command:
    """
    How a server is started.

    :ivar variables: of the environment, beside those that are there.
    """

    words: Sequence[str]
    variables: Mapping[str, str] = field(factory=dict)


@define(eq=False)
class Server:
    """
    One that runs.

    :ivar port: where it listens, UDP on :data:`HOST`.
    :ivar pid: of the process that was started.
    :ivar folder: what it wrote.
    :ivar came_up: seconds from its start to its first answer.
    """

    port: int
    pid: int
    folder: Path
    came_up: float = 0.0
    _pids: tuple[int, ...] = ()

    def look(self) -> None:
        """Note its processes, which have been started by now."""
        self._pids = accounting.tree(self.pid)

    def cpu(self) -> float:
        """Microseconds of CPU that all its processes have used."""
        return accounting.cpu(self._pids)

    def pss(self) -> int:
        """Octets of memory that it uses, shared pages once."""
        return accounting.pss(self._pids)

    def rss(self) -> int:
        """Octets of memory that its processes use, each by itself."""
        return accounting.rss(self._pids)

    def descriptors(self) -> int:
        """How many files all its processes have open."""
        return accounting.descriptors(self._pids)

    def on_disk(self) -> int:
        """Octets of its data base, log included."""
        return sum(file.stat().st_size for file in self.folder.glob("*.db*"))

    def tracebacks(self) -> int:
        """How many it has logged."""
        return (self.folder / "log").read_text(errors="replace").count("Traceback (most recent")


def free_port() -> int:
    """One that nobody uses now, neither for UDP nor for TCP."""
    while True:
        port = random.choice(_PORTS)  # noqa: S311 - no secret
        udp, tcp = socket.socket(type=socket.SOCK_DGRAM), socket.socket()
        with udp, tcp, suppress(OSError):
            udp.bind((HOST, port))
            tcp.bind((HOST, port))
            return port


@contextmanager
def running(command: Command, port: int, folder: Path) -> Iterator[Server]:
    """
    Start a server in *folder*, wait until it answers at *port*, and end it afterwards.

    :raises CannotStart: it does not answer.
    """
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command.words,
            cwd=folder,
            env={**os.environ, **command.variables},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        server = Server(
            port, process.pid, folder, came_up=_wait_for_an_answer(process, port, folder)
        )
        server.look()
        yield server
    finally:
        _end(process)


def _wait_for_an_answer(process: subprocess.Popen[bytes], port: int, folder: Path) -> float:
    started = time.perf_counter()
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        probe.bind((HOST, 0))
        probe.connect((HOST, port))
        probe.settimeout(0.05)
        while time.perf_counter() - started < _PATIENCE and process.poll() is None:
            with suppress(OSError):  # refused, or nothing came
                probe.send(_options(probe.getsockname()[1]))
                probe.recv(4096)
                return time.perf_counter() - started
            time.sleep(0.02)
    words = (folder / "log").read_text(errors="replace")[-2000:]
    raise CannotStart(f"no answer from {process.args!r}:\n{words}")


def _options(port: int) -> bytes:
    branch = os.urandom(6).hex()
    return (
        f"OPTIONS sip:{HOST} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP {HOST}:{port};branch=z9hG4bK{branch};rport\r\n"
        f"Max-Forwards: 70\r\nFrom: <sip:probe@{HOST}>;tag=1\r\nTo: <sip:{HOST}>\r\n"
        f"Call-ID: {branch}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def _end(process: subprocess.Popen[bytes]) -> None:
    """In order if it will, and all of its session if not."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_PATIENCE)
    with suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()

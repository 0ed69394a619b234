"""
sippn as its users run it: ``twistd`` with a configuration file, on real sockets.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from attrs import define

import sippn
from tests.peers.processes import Process, Processes

DOMAIN = "sip.test"
HOST = "127.0.0.1"

CONFIGURATION = """\
role = "registrar"
domains = ["{domain}"]

[[listen]]
transport = "udp"
host = "{host}"
port = 0

[storage]
type = "memory"

[[push.provider]]
type = "webhook"
url = "{push_url}"

[auth]
"""
"""Ends inside ``[auth]``: what follows is a test's own."""

NO_PASSWORDS = 'mode = "none"'


@define(eq=False)
class Server:
    """
    A running server.

    :ivar port: its UDP port on :data:`HOST`.
    """

    _process: Process
    port: int

    @classmethod
    def start(cls, processes: Processes, folder: Path, push_url: str, auth: str) -> Server:
        """
        Start one and wait until it listens.

        :param folder: for its configuration, and what *auth* names.
        :param auth: the lines of ``[auth]``.
        :raises AssertionError: it does not start.
        """
        config = folder / "sippn.toml"
        start = CONFIGURATION.format(domain=DOMAIN, host=HOST, push_url=push_url)
        config.write_text(f"{start}{auth}\n")
        command = [*_twistd(), "-n", "--pidfile=", "sippn", "--config", str(config)]
        process = processes.start("sippn", command, variables=_same_sippn())
        listening = process.wait_until_printed(rf"listening on udp {HOST}:([0-9]+)")
        return cls(process, int(listening[1]))

    @property
    def address(self) -> str:
        """Its ``host:port``."""
        return f"{HOST}:{self.port}"

    @property
    def log(self) -> str:
        """What it has logged so far."""
        return self._process.printed

    def stop(self) -> None:
        """
        End it, and see that all was well with it.

        :raises AssertionError: it does not end in order, or has logged a traceback (A1).
        """
        self._process.terminate()
        # twistd ends by the signal that it was sent, after it has cleaned up
        assert self._process.wait() == -signal.SIGTERM, self.log
        assert "Server Shut Down" in self.log, self.log
        assert "Traceback" not in self.log, self.log
        assert "Unhandled" not in self.log, self.log


StartServer = Callable[[str], Server]
"""Starts one by the lines of its ``[auth]``."""


def _twistd() -> list[str]:
    """The ``twistd`` of this interpreter's environment."""
    script = Path(sys.executable).with_name("twistd")
    if script.exists():
        return [str(script)]
    return [sys.executable, "-c", "from twisted.scripts.twistd import run; run()"]


def _same_sippn() -> dict[str, str]:
    """Variables that let twistd find the very package that is tested here, installed or not."""
    paths = [str(Path(sippn.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    return {"PYTHONPATH": os.pathsep.join(filter(None, paths))}

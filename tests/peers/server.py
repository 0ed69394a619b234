"""
sippn as its users run it: ``twistd`` with a configuration file, on real sockets.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from attrs import define, field, frozen

import sippn
from tests.peers.certificates import Certificates
from tests.peers.processes import Process, Processes

DOMAIN = "sip.test"
HOST = "127.0.0.1"

_CONFIGURATION = """\
role = "registrar"
domains = ["{domain}"]

{listen}
[storage]
{storage}

[[push.provider]]
type = "webhook"
url = "{push_url}"

[auth]
{auth}
"""

_LISTEN = """\
[[listen]]
transport = "{transport}"
host = "{host}"
port = {port}
"""

_FROM_FILES = """\
certificate = "{certificate}"
private_key = "{private_key}"
"""

NO_PASSWORDS = 'mode = "none"'
IN_MEMORY = 'type = "memory"'
IN_A_FILE = 'type = "sqlite"\npath = "sippn.db"'


@frozen
class Listen:
    """
    One socket that a server is to listen on.

    :ivar transport: ``udp``, ``tcp`` or ``tls``.
    :ivar port: 0: any free one.
    :ivar certificates: for TLS.
    """

    transport: str = "udp"
    host: str = HOST
    port: int = 0
    certificates: Certificates | None = None

    def __str__(self) -> str:
        """Its ``[[listen]]``."""
        lines = _LISTEN.format(transport=self.transport, host=self.host, port=self.port)
        if self.certificates is None:
            return lines
        return lines + _FROM_FILES.format(
            certificate=self.certificates.certificate, private_key=self.certificates.private_key
        )


@frozen
class Configuration:
    """
    What a test decides about its server.

    :ivar auth: the lines of ``[auth]``, and tables that follow it.
    :ivar storage: the lines of ``[storage]``.
    """

    auth: str = NO_PASSWORDS
    storage: str = IN_MEMORY
    listen: tuple[Listen, ...] = (Listen(),)

    def text(self, push_url: str) -> str:
        """The file of a server that pushes to *push_url*."""
        return _CONFIGURATION.format(
            domain=DOMAIN,
            listen="\n".join(map(str, self.listen)),
            storage=self.storage,
            push_url=push_url,
            auth=self.auth,
        )


@frozen
class Edge:
    """
    Where a phone reaches its server, RFC 5626's edge: registrar and outbound proxy in one.

    :ivar transport: ``udp``, ``tcp`` or ``tls``.
    :ivar address: ``host:port``.
    :ivar certificates: over TLS: whose authority the phone trusts, and nobody else.
    """

    transport: str
    address: str
    certificates: Certificates | None = None

    @property
    def uri(self) -> str:
        """Its SIP URI."""
        return f"sip:{self.address};transport={self.transport}"


@define(eq=False)
class Server:
    """
    A running server.

    :ivar edges: its sockets, as the configuration lists them.
    """

    _process: Process
    edges: tuple[Edge, ...] = field(repr=False)

    @classmethod
    def start(
        cls,
        processes: Processes,
        folder: Path,
        push_url: str,
        configuration: Configuration,
        under: Sequence[str] = (),
        log: str = "",
    ) -> Server:
        """
        Start one and wait until it listens.

        :param folder: for its configuration, and what that names.
        :param under: the command that is to run it; empty: nobody else.
        :param log: a file in *folder*; empty: it prints its log.
        :raises AssertionError: it does not start.
        """
        config = folder / "sippn.toml"
        config.write_text(configuration.text(push_url))
        command = [*under, *_twistd(), "-n", "--pidfile="]
        if log:
            command.append(f"--logfile={folder / log}")
        command += ["sippn", "--config", str(config)]
        process = processes.start("sippn", command, variables=_same_sippn())
        if log:
            process.printed_to = folder / log
        return cls(process, tuple(_edge(process, listen) for listen in configuration.listen))

    def edge(self, transport: str = "udp") -> Edge:
        """The first of its sockets for *transport*."""
        return next(edge for edge in self.edges if edge.transport == transport)

    @property
    def address(self) -> str:
        """``host:port`` of its first socket."""
        return self.edges[0].address

    @property
    def port(self) -> int:
        """The port of its first socket."""
        return int(self.address.rpartition(":")[2])

    @property
    def pid(self) -> int:
        """Of its process."""
        return self._process.pid

    @property
    def log(self) -> str:
        """What it has logged so far."""
        return self._process.printed

    def kill(self) -> None:
        """End it as a power cut does."""
        self._process.kill()

    def terminate(self) -> int:
        """Ask it to end, and wait; its exit status."""
        self._process.terminate()
        return self._process.wait()

    def stop(self) -> None:
        """
        End it, and see that all was well with it.

        :raises AssertionError: it does not end in order, or has logged a traceback (A1).
        """
        # twistd ends by the signal that it was sent, after it has cleaned up
        assert self.terminate() == -signal.SIGTERM, self.log
        assert "Server Shut Down" in self.log, self.log
        assert "Traceback" not in self.log, self.log
        assert "Unhandled" not in self.log, self.log


StartServer = Callable[[Configuration], Server]


def _edge(process: Process, listen: Listen) -> Edge:
    """The edge that *listen* became, once *process* says so."""
    socket = f"{listen.transport} {listen.host}"
    listening = process.wait_until_printed(rf"listening on {re.escape(socket)}:([0-9]+)")
    return Edge(listen.transport, f"{listen.host}:{listening[1]}", listen.certificates)


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

"""
Debian's ``kamailio``: a PBX in a few lines.
"""

from __future__ import annotations

import socket
from pathlib import Path

from attrs import define, field

from tests.peers.ports import free_port
from tests.peers.processes import Process, Processes, program
from tests.peers.server import HOST, Edge

_CONFIGURATION = """\
#!KAMAILIO
log_stderror=yes
children=1
tcp_children=1
listen=udp:{host}:{port}
listen=tcp:{host}:{port}
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "siputils.so"

request_route {{
    loose_route();
    if (!has_totag()) {{
        if (method == "INVITE") {{
            record_route();
        }}
        $du = "{next_hop}";
    }}
    t_relay();
}}
"""


@define(eq=False)
class Pbx:
    """
    A Kamailio: what comes by UDP goes on to a server, over a connection.

    :ivar _server: where it sends all calls.
    """

    _processes: Processes
    _folder: Path
    _server: Edge
    _port: int = field(factory=free_port, init=False)
    _process: Process | None = field(default=None, init=False)

    @property
    def edge(self) -> Edge:
        """Where phones reach it."""
        return Edge("udp", f"{HOST}:{self._port}")

    def start(self) -> None:
        """Start it, at the same address each time, and wait until it listens."""
        config = self._folder / "kamailio.cfg"
        config.write_text(
            _CONFIGURATION.format(host=HOST, port=self._port, next_hop=self._server.uri)
        )
        command = [program("kamailio", package="kamailio"), "-f", str(config)]
        command += ["-Y", str(self._folder), "-w", str(self._folder)]
        command += ["-DD", "-E", "-m", "16", "-M", "4"]  # in the foreground; memory in MiB
        process = self._processes.start("kamailio", command)
        process.wait_until(self._listens, "a listener")
        self._process = process

    def stop(self) -> None:
        """End it and its children in order; its connections are gone."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((HOST, self._port)) == 0

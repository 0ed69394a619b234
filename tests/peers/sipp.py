"""
Debian's ``sip-tester``: phones and callers by the scenario files of this folder.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from attrs import define, field, frozen

from tests.peers.ports import free_port
from tests.peers.processes import Process, Processes
from tests.peers.server import HOST
from tests.peers.twin import Twin
from tests.peers.waiting import wait_for

_SCENARIOS = Path(__file__).with_name("scenarios")


@frozen
class Tally:
    """
    What sipp says of its calls at the end.

    :ivar retransmissions: messages that it sent again because no answer came in time.
    """

    successful: int
    failed: int
    retransmissions: int


@define(eq=False)
class Run:
    """
    One sipp that plays a scenario.

    :ivar port: its UDP port on the loopback interface.
    """

    _process: Process
    _folder: Path
    port: int

    def wait_until_it_listens(self) -> None:
        """Wait until datagrams to its port are kept for it."""
        wait_for(lambda: _is_bound(self.port), self._process.last_words)

    def finish(self) -> Tally:
        """
        Its tally, once all its calls are over.

        :raises AssertionError: they never are.
        """
        self._process.wait()
        with (self._folder / "statistics.csv").open(newline="") as file:
            last = list(csv.DictReader(file, delimiter=";"))[-1]
        return Tally(
            int(last["SuccessfulCall(C)"]),
            int(last["FailedCall(C)"]),
            int(last["Retransmissions(C)"]),
        )

    def story(self) -> str:
        """What it complained of, and every message, for an error."""
        files = (self._folder / name for name in ("errors.log", "messages.log"))
        return "\n".join(file.read_text(errors="replace") for file in files if file.exists())


@define(eq=False)
class Sipp:
    """
    Starts sipp.

    :ivar _server: ``host:port`` that it sends to.
    :ivar _folder: for its files.
    """

    _program: str
    _processes: Processes
    _folder: Path
    _server: str
    _runs: int = field(default=0, init=False)

    def start(
        self,
        scenario: str,
        *options: str,
        keys: Mapping[str, str] | None = None,
        port: int | None = None,
        twin: Twin | None = None,
    ) -> Run:
        """
        Play *scenario*, one call if *options* do not say otherwise.

        :param keys: what the scenario calls ``[name]``.
        :param port: of its own; without it, a free one.
        :param twin: with whom it exchanges commands.
        """
        self._runs += 1
        folder = self._folder / f"{self._runs}-{scenario}"
        folder.mkdir()
        port = port or free_port()
        command = [self._program, self._server, "-sf", str(_SCENARIOS / f"{scenario}.xml")]
        command += ["-i", HOST, "-p", str(port), "-nostdin", "-m", "1", *options]
        command += ["-trace_stat", "-stf", str(folder / "statistics.csv")]
        command += ["-trace_err", "-error_file", str(folder / "errors.log")]
        command += ["-trace_msg", "-message_file", str(folder / "messages.log")]
        for name, value in (keys or {}).items():
            command += ["-key", name, value]
        if twin is not None:
            command += ["-3pcc", twin.address]
        return Run(self._processes.start(f"sipp-{scenario}", command), folder, port)


def _is_bound(port: int) -> bool:
    table = Path("/proc/net/udp").read_text().splitlines()[1:]
    return any(int(row.split()[1].split(":")[1], 16) == port for row in table)

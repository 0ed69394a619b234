"""The conformance suite against sippn as its users run it, over UDP and over TCP."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import field, frozen

import sippn
from sippn.testing.conformance import CATALOGUE, Scenario
from tests.peers.account import Account, users
from tests.peers.ports import free_port
from tests.peers.processes import Process, Processes
from tests.peers.server import DOMAIN, HOST, Configuration, Listen, Server

USERS = 100  # more than all scenarios have roles: they need not wait for each other's
PASSWORD = "nobody else's"

# short, but longer than a busy machine takes to bring a phone back; a MESSAGE long enough for a 100
_MORE = """
[limits]
pushes_per_hour_stranger = 0

[push.wait]
invite = 5
message = 6
mid_dialog = 4
"""
_LINE = re.compile(r"(ok|failed|skipped) +[0-9.]+ s  (.+)(?:\n {18}(.+))?")

# what a server that asks for no passwords cannot be asked, and what takes minutes
WITHOUT_PASSWORDS = {"not_before_the_2xx", "replacement_wakes"}
FOR_THE_PATIENT = {"refresh_is_pushed", "expired_is_not_pushed"}
SKIPPED = {"udp": WITHOUT_PASSWORDS | FOR_THE_PATIENT, "tcp": FOR_THE_PATIENT}


@frozen
class Narrow(Configuration):
    """A server that pushes one service: it can say which."""

    more: str = field(default=_MORE)

    def text(self, push_url: str) -> str:
        """The file."""
        whole = super().text(push_url) + self.more
        return whole.replace(f'"{push_url}"', f'"{push_url}"\npn_provider = "acme"')


@frozen
class Played:
    """A suite that is played, and its server."""

    server: Server
    suite: Process

    def results(self) -> dict[str, tuple[str, str]]:
        """What it says of each scenario: verdict and reason."""
        self.suite.wait()
        return {told: (verdict, why) for verdict, told, why in _LINE.findall(self.suite.printed)}


def _play(processes: Processes, folder: Path, transport: str) -> Played:
    """Start a server and the suite; over TCP there are passwords."""
    folder.mkdir()
    webhook = f"{HOST}:{free_port()}"
    auth, words = 'mode = "none"', []
    if transport == "tcp":
        listed = folder / "users"
        accounts = [Account(f"user{n}", "", PASSWORD) for n in range(1, USERS + 1)]
        listed.write_text(users(*accounts) + "\n")
        auth = f'mode = "digest"\nrealm = "{DOMAIN}"\nusers = "{listed}"'
        words = ["--users", "user{}", "--password", PASSWORD]
    configuration = Narrow(auth=auth, listen=(Listen(transport),))
    server = Server.start(processes, folder, f"http://{webhook}/push", configuration)
    command = [sys.executable, "-m", "sippn.testing.conformance", HOST, str(server.port)]
    command += ["--transport", transport, "--webhook", webhook, "--domain", DOMAIN]
    command += ["--at-once", "16", "--wait", "8", "--patience", "10", *words]
    where = {"PYTHONPATH": str(Path(sippn.__file__).parents[1])}
    return Played(server, processes.start("suite", command, variables=where))


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Played]]:
    """Transport to the suite that is played over it; both at a time."""
    folder = tmp_path_factory.mktemp("conformance")
    processes = Processes(folder)
    try:
        runs = {name: _play(processes, folder / name, name) for name in ("udp", "tcp")}
        yield runs
        for run in runs.values():
            run.suite.wait()
            run.server.stop()
    finally:
        processes.kill()


@pytest.mark.parametrize("one", CATALOGUE, ids=lambda one: one.name)
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_sippn_conforms(played: dict[str, Played], transport: str, one: Scenario) -> None:
    """N-30: sippn passes every scenario of its own conformance suite, over UDP and TCP."""
    results = played[transport].results()
    verdict, why = results.get(f"{one.ids}: {one.what}", ("not played", ""))
    assert verdict == ("skipped" if one.name in SKIPPED[transport] else "ok"), why


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_exit_status_says_that_all_is_well(played: dict[str, Played], transport: str) -> None:
    """N-30: the command ends with 0 if nothing failed, and counts."""
    suite = played[transport].suite
    assert suite.wait() == 0
    skipped = len(SKIPPED[transport])
    ok = len(CATALOGUE) - skipped
    assert suite.printed.splitlines()[-1] == f"{ok} ok, 0 failed, {skipped} skipped"

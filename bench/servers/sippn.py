"""sippn, as its users run it, from this checkout or from another one."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from attrs import frozen

from bench.load.messages import DOMAIN
from bench.servers.running import HOST, Command
from bench.servers.setup import Setup

_PLUGIN = Path(__file__).parents[1] / "plugin"

_CONFIGURATION = """\
domains = ["{domain}"]

[[listen]]
transport = "udp"
host = "{host}"
port = {port}
{streams}
[storage]
{storage}

[auth]
mode = "none"

[push]
wait = {{ invite = {wait} }}

{providers}

# what is measured is the work, not how it is bounded
[limits]
parked = 0
parked_per_callee = 0
parked_per_caller = 0
pushes_per_hour_stranger = 0
pushes_per_second = {pushes}
in_flight_per_provider = {in_flight}
{later}
"""

_LATER = ("pushes_per_hour_device", "pushes_per_hour_caller")
"""Limits that a tree of before has not got, and would refuse."""

_STREAMS = """
[[listen]]
transport = "tcp"
host = "{host}"
port = {port}
"""

_TWISTD = "from twisted.scripts.twistd import run; run()"
TWISTD = [sys.executable, "-c", _TWISTD, "-n", "--pidfile=", "sippn", "--config", "sippn.toml"]
"""Run by this Python, with the configuration of the folder that it is started in."""


@frozen
class Sippn:
    """
    A sippn.

    :ivar tree: the checkout that it is run from.
    """

    name: str
    tree: Path

    def why_not(self) -> str:
        """Why it cannot be run: there is none at that place."""
        return "" if (self.tree / "sippn").is_dir() else f"no sippn in {self.tree}"

    def command(self, setup: Setup, port: int, folder: Path) -> Command:
        """Write its configuration into *folder*, and say how it is started."""
        if setup.database is not None:
            shutil.copy(setup.database, folder / "sippn.db")
        text = _CONFIGURATION.format(
            domain=DOMAIN,
            host=HOST,
            port=port,
            streams=_STREAMS.format(host=HOST, port=port) if setup.streams else "",
            storage='type = "sqlite"\npath = "sippn.db"' if setup.durable else 'type = "memory"',
            wait=setup.wait,
            pushes=setup.pushes,
            providers=setup.providers or _provider(setup),
            in_flight=setup.in_flight,
            later="\n".join(f"{name} = 0" for name in _LATER if self._knows(name)),
        )
        (folder / "sippn.toml").write_text(text)
        words = TWISTD
        if setup.descriptors:
            limited = f'ulimit -n {setup.descriptors} && exec "$@"'
            words = ["sh", "-c", limited, "sh", *words]
        return Command(words, path_to(self.tree))

    def _knows(self, limit: str) -> bool:
        return limit in (self.tree / "sippn/config/model.py").read_text()


def path_to(tree: Path) -> dict[str, str]:
    """Variables with which Python finds the sippn of *tree*, and the plugin of this package."""
    paths = [str(tree), str(_PLUGIN), os.environ.get("PYTHONPATH", "")]
    return {"PYTHONPATH": os.pathsep.join(filter(None, paths))}


def _provider(setup: Setup) -> str:
    if setup.http:
        keys = f'type = "webhook"\nurl = "http://{HOST}:{setup.push_port}/push"'
    else:
        keys = f'type = "bench-datagram"\nport = {setup.push_port}'
    return f"[[push.provider]]\n{keys}\n"

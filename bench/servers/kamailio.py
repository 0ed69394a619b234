"""Debian's Kamailio, with a configuration that wakes phones."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from attrs import frozen

from bench.servers.running import HOST, Command
from bench.servers.setup import Setup

_CONFIGURATION = Path(__file__).with_name("kamailio.cfg")
_SCHEMA = Path("/usr/share/kamailio/db_sqlite")

_ROOT = Path("/usr")
_MORE = {  # packages beside Kamailio's own, and what each brings
    "kamailio-sqlite-modules": "share/kamailio/db_sqlite",
    "kamailio-utils-modules": "lib/*/kamailio/modules/http_client.so",
}
_SHARED_MEMORY, _PRIVATE_MEMORY = 1024, 32  # MiB


@frozen
class Kamailio:
    """
    A Kamailio with one worker.

    :ivar hold: how an INVITE waits, ``"park"`` or ``"tsilo"``.
    """

    name: str
    hold: str = "park"

    def why_not(self) -> str:
        """Why it cannot be run: a package is missing."""
        if shutil.which("kamailio") is None:
            return f"no kamailio: apt-get install kamailio {' '.join(_MORE)}"
        missing = [package for package, place in _MORE.items() if not any(_ROOT.glob(place))]
        if missing:
            return f"a part of kamailio is missing: apt-get install {' '.join(missing)}"
        return ""

    def command(self, setup: Setup, port: int, folder: Path) -> Command:
        """Make its data base in *folder*, and say how it is started."""
        database = folder / "kamailio.db"
        words = ["kamailio", "-DD", "-E", "-f", str(_CONFIGURATION), "-l", f"udp:{HOST}:{port}"]
        words += ["-m", str(_SHARED_MEMORY), "-M", str(_PRIVATE_MEMORY)]
        words += ["-Y", str(folder), "-w", str(folder), "-P", str(folder / "pid")]
        words += ["-A", f"WITH_{self.hold.upper()}", "-A", f"WAIT_MS={setup.wait * 1000}"]
        words += [f"--subst=!PUSH_PORT!{setup.push_port}!g", f"--subst=!DB_FILE!{database}!g"]
        if setup.http:
            words += ["-A", "WITH_HTTP"]
        if setup.durable:
            words += ["-A", "WITH_SQLITE"]
            _make_database(database)
        return Command(words)


def _make_database(path: Path) -> None:
    """As ``kamdbctl create`` does, of Debian's tables."""
    with closing(sqlite3.connect(path)) as connection:
        for name in ("standard-create.sql", "usrloc-create.sql"):
            connection.executescript((_SCHEMA / name).read_text())

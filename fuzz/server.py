"""The server that is fuzzed: sippn as its users run it, with users, a trusted peer and pushes."""

from __future__ import annotations

import hashlib
from pathlib import Path

from attrs import frozen

from bench.servers.running import HOST, Command
from bench.servers.setup import Setup
from bench.servers.sippn import TWISTD, path_to
from fuzz.mutators.digests import PASSWORD, USER

TRUSTED_HOST = "127.0.0.3"
IDLE_SECONDS = 3
"""How long a connection may say nothing."""

_CONFIGURATION = """\
domains = ["fuzz.test"]

[[listen]]
transport = "udp"
host = "{host}"
port = {port}

[[listen]]
transport = "tcp"
host = "{host}"
port = {port}

[storage]
{storage}

[auth]
mode = "digest"
realm = "fuzz.test"
users = "users"

[[trusted]]
address = "{trusted}/32"

[push]
wait = {{ invite = 2, message = 1, other = 1, mid_dialog = 1 }}

[[push.provider]]
type = "webhook"
url = "http://{host}:{push_port}/push"

[limits]
idle_timeout = {idle}
"""


@frozen
class Fuzzed:
    """A sippn of the checkout *tree*."""

    tree: Path
    name: str = "sippn"

    def why_not(self) -> str:
        """It can always be run."""
        return ""

    def command(self, setup: Setup, port: int, folder: Path) -> Command:
        """Write its configuration into *folder*, and say how it is started."""
        storage = 'type = "sqlite"\npath = "sippn.db"' if setup.durable else 'type = "memory"'
        text = _CONFIGURATION.format(
            host=HOST,
            port=port,
            storage=storage,
            trusted=TRUSTED_HOST,
            push_port=setup.push_port,
            idle=IDLE_SECONDS,
        )
        (folder / "sippn.toml").write_text(text)
        whole = USER + b":fuzz.test:"
        hashes = (made(whole + PASSWORD).hexdigest() for made in (hashlib.sha256, hashlib.md5))
        (folder / "users").write_text("".join(f"{whole.decode()}{one}\n" for one in hashes))
        return Command(TWISTD, path_to(self.tree))

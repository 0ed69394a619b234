"""
The server of the torture tests: all that their messages name is served by it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from attrs import frozen

from tests.peers.certificates import Certificates
from tests.peers.processes import Processes
from tests.peers.server import NO_PASSWORDS, Configuration, Listen, Server

DATABASE: Final = "hostile.db"

_DOMAINS: Final = (
    "example.com",
    "example.net",
    "example.org",
    "company.com",
    "chair-dnrc.example.com",
    "host.example.net",
    "registrar.example.com",
    "[2001:db8::10]",
    "[2001:db8::192.0.2.1]",
)
# who is in the Route of a message: wsinv and mpart01
_ADVERTISE: Final = {"udp": "services.example.com:5060", "tcp": "127.0.0.1:5080"}

_CONFIGURATION: Final = """\
role = "registrar"
domains = [{domains}]

{listen}
[storage]
{storage}

[auth]
{auth}
"""

_PASSWORDS: Final = 'mode = "digest"\nrealm = "example.com"\nusers = "users"'
_NOBODY: Final = "user:example.com:" + 64 * "0"


@frozen
class TortureConfiguration(Configuration):
    """Sockets for all transports, and many domains."""

    def text(self, push_url: str) -> str:  # noqa: ARG002 - nobody is pushed
        """See :meth:`Configuration.text`."""
        domains = ", ".join(f'"{domain}"' for domain in _DOMAINS)
        listen = "\n".join(map(_listen, self.listen))
        return _CONFIGURATION.format(
            domains=domains, listen=listen, storage=self.storage, auth=self.auth
        )


def start_server(
    processes: Processes, folder: Path, certificates: Certificates, cares: bool
) -> Server:
    """
    Start one in *folder*, which is for it alone.

    :param cares: about who registers.
    """
    folder.mkdir()
    (folder / "users").write_text(_NOBODY)
    configuration = TortureConfiguration(
        auth=_PASSWORDS if cares else NO_PASSWORDS,
        storage=f'type = "sqlite"\npath = "{folder / DATABASE}"',
        listen=(Listen("udp"), Listen("tcp"), Listen("tls", certificates=certificates)),
    )
    return Server.start(processes, folder, "", configuration)


def _listen(listen: Listen) -> str:
    advertise = _ADVERTISE.get(listen.transport)
    return f'{listen}advertise = "{advertise}"\n' if advertise else str(listen)

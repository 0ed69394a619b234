"""
Debian's ``baresip-core``: a desk phone, which cannot be woken, or a caller.

It is typed to like a person's, which takes no port for its control.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from attrs import define

from tests.peers.account import Account
from tests.peers.processes import Process, Processes, program
from tests.peers.server import DOMAIN, HOST, Edge

_CONFIG = """\
sip_listen {host}:0
net_interface {host}
statmode_default off
audio_player aubridge,nowhere
audio_source aubridge,nowhere
audio_alert aubridge,nowhere
module_path /usr/lib/baresip/modules
module stdio.so
module g711.so
module aubridge.so
module_tmp uuid.so
module_tmp account.so
module_app menu.so
"""
_ACCOUNT = (
    "<sip:{user}@{domain};transport={transport}>"
    ';auth_user={user};auth_pass="{password}";outbound="{edge}";regint={interval}\n'
)


@define(eq=False)
class DeskPhone:
    """
    A running baresip; it rings until somebody takes the call.

    :ivar _process: prints its messages, and what becomes of its calls.
    """

    _process: Process

    @classmethod
    def start(
        cls, processes: Processes, folder: Path, edge: Edge, account: Account, interval: int = 600
    ) -> DeskPhone:
        """
        Start one.

        :param folder: for a folder with its files.
        :param interval: of its registration, in seconds; 0: it only calls.
        """
        folder /= f"baresip-{account.user}"
        folder.mkdir()
        (folder / "config").write_text(_CONFIG.format(host=HOST))
        (folder / "contacts").touch()
        (folder / "accounts").write_text(
            _ACCOUNT.format(
                user=account.user,
                domain=DOMAIN,
                transport=edge.transport,
                password=account.password,
                edge=edge.uri,
                interval=interval,
            )
        )
        command = [program("baresip", package="baresip-core"), "-s", "-f", str(folder)]
        process = processes.start(
            f"baresip-{account.user}", command, variables={"HOME": str(folder)}, listens=True
        )
        process.wait_until_printed("baresip is ready")  # before, it listens to nobody
        return cls(process)

    def wait_until_registered(self) -> None:
        """Wait until it says so."""
        self._process.wait_until_printed(r"200 OK \(\) \[[0-9]+ bindings?\]")

    def call(self, user: str) -> None:
        """Call *user*."""
        self._process.tell(f"/dial sip:{user}@{DOMAIN}")

    def answer(self) -> None:
        """Take the call that rings."""
        self._process.tell("/accept")

    def hang_up(self) -> None:
        """End its call."""
        self._process.tell("/hangup")

    def wait_until_it_rings(self) -> None:
        """Wait until somebody calls."""
        self._process.wait_until_printed("Incoming call from:")

    def wait_until_established(self) -> None:
        """Wait until it is in a call."""
        self._process.wait_until_printed("Call established:")

    def wait_until_over(self) -> None:
        """Wait until somebody else has ended its call, taken or not."""
        self._process.wait_until_printed("session closed")

    @property
    def log(self) -> str:
        """All its messages."""
        return self._process.printed


class StartDeskPhone(Protocol):
    """Starts the desk phone of an account."""

    def __call__(self, edge: Edge, account: Account, interval: int = 600) -> DeskPhone:
        """One."""

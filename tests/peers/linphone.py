"""
Debian's ``linphone-cli``: phones that nobody holds, driven through ``linphone-daemon``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Protocol

from attrs import define, field

from tests.peers.account import Account
from tests.peers.linphonerc import linphonerc
from tests.peers.processes import Process, Processes
from tests.peers.server import DOMAIN, HOST, Edge

_BRANCH = r"^{method} sip:\S+ SIP/2\.0\r?\n(?:(?!Via:).*\n)*Via: .*?branch=([^;\s]+)"


@define(eq=False)
class Phone:
    """
    A linphone; :meth:`start` switches it on, each time with the same account.

    :ivar _address: of its sockets.
    :ivar _network: meanwhile, what this thread starts is in the phone's network.
    :ivar _others: accounts that it has beside the first one.
    """

    _program: str
    _processes: Processes
    _folder: Path
    _edge: Edge
    _account: Account
    _address: str = HOST
    _network: Callable[[], AbstractContextManager[object]] = nullcontext
    _others: Sequence[Account] = ()
    _lives: int = field(default=0, init=False)
    _process: Process | None = field(default=None, init=False)

    def start(self, *, answers: bool = True) -> None:
        """Switch it on: it registers, and answers any call if it *answers*."""
        self._lives += 1
        self._home.mkdir(exist_ok=True)
        rc = self._home / "linphonerc"
        accounts = (self._account, *self._others)
        rc.write_text(linphonerc(accounts, self._edge, self._address))
        command = [self._program, "--config", str(rc), "--log", str(self._log)]
        command += ["--disable-stats-events", *(["--auto-answer"] if answers else [])]
        with self._network():
            self._process = self._processes.start(
                f"linphone-{self._account.user}",
                command,
                variables=dict.fromkeys(
                    ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"), str(self._home)
                ),
                listens=True,
            )

    def wait_until_registered(self) -> None:
        """Wait until it says so of all its accounts."""
        self._on.wait_until(self._is_registered, "a registration")

    def call(self, user: str) -> None:
        """Call *user*."""
        self._on.tell(f"call sip:{user}@{DOMAIN}")

    def hang_up(self) -> None:
        """End its call."""
        self._on.tell("terminate")

    def wait_until_call(self, state: str) -> None:
        """Wait until its call has come to *state*, a ``LinphoneCall...`` without that word."""
        self._on.wait_until_printed(rf"Event: LinphoneCall{state}\b")

    def quit(self) -> None:
        """What its owner does: it ends in order, and keeps its binding."""
        self._on.tell("quit")
        self._on.wait()

    def log_out(self) -> None:
        """What its owner does who wants no more calls: it takes its binding back."""
        self._on.tell("unregister ALL")
        self._on.wait_until(lambda: "LinphoneRegistrationCleared" in self.log, "a farewell")

    def freeze(self) -> None:
        """What a mobile OS does first: it runs no further, and its connection stays."""
        self._on.freeze()

    def thaw(self) -> None:
        """What a push brings about while it is frozen: it goes on where it was."""
        self._on.thaw()

    def kill(self) -> None:
        """What a mobile OS does next: no un-REGISTER, no farewell."""
        self._on.kill()

    @property
    def log(self) -> str:
        """What it logged since it was switched on last, with all its messages."""
        return self._log.read_text(errors="replace")

    def requests(self, method: str) -> set[str]:
        """
        The branch of each *method* that it sent or got since it was switched on last.

        A retransmission has the branch of the first: it is not another request.
        """
        return set(re.findall(_BRANCH.format(method=method), self.log, re.MULTILINE))

    @property
    def _home(self) -> Path:
        return self._folder / self._account.user

    @property
    def _log(self) -> Path:
        return self._home / f"log-{self._lives}"

    @property
    def _on(self) -> Process:
        if self._process is None:
            raise AssertionError("it was never switched on")
        return self._process

    def _is_registered(self) -> bool:
        self._on.tell("register-status ALL")
        status = self._on.printed.rpartition("Status: Ok")[2]
        return status.count("LinphoneRegistrationOk") > len(self._others)


class MakePhone(Protocol):
    """Makes the phone of an account, switched off."""

    def __call__(
        self,
        edge: Edge,
        account: Account,
        address: str = HOST,
        network: Callable[[], AbstractContextManager[object]] = nullcontext,
        others: Sequence[Account] = (),
    ) -> Phone:
        """One."""

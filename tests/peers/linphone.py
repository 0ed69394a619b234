"""
Debian's ``linphone-cli``: phones that nobody holds, driven through ``linphone-daemon``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Protocol

from attrs import define, field

from tests.peers.account import Account
from tests.peers.processes import Process, Processes
from tests.peers.server import DOMAIN, HOST, Edge

_LINPHONERC = """\
[storage]
uri=null
[misc]
uuid={instance}
[net]
enable_nat_helper=1
[sip]
sip_port={udp}
sip_tcp_port={tcp}
sip_tls_port={tls}
bind_address={address}
use_ipv6=0
root_ca={authority}
verify_server_certs=1
verify_server_cn=1
[rtp]
audio_rtp_port=-1
[sound]
playback_dev_id=
capture_dev_id=
ringer_dev_id=
[video]
capture=0
display=0
automatically_initiate=0
[proxy_0]
reg_identity=sip:{user}@{domain}
reg_proxy=<{edge}>
reg_route=<{edge};lr>
reg_expires=600
reg_sendregister=1
push_notification_allowed=1
contact_uri_parameters={contact_params}
[auth_info_0]
username={user}
userid={user}
passwd={password}
domain={domain}
"""
"""
Keys that surprise:

- ``storage/uri``: without it, linphone wants a data base in a folder that is not there, and
  does not register.
- ``misc/uuid``: becomes ``+sip.instance``; kept in the file only after a clean exit, so a
  phone that is killed would come back as another one.
- ``net/enable_nat_helper``: over a connection it registers, learns its port from the answer,
  and registers again at once with that one in its Contact.
- ``sip_port`` and so on: -1 is any free one, 0 is none.
- ``contact_uri_parameters`` stand inside the ``<>`` of the Contact, where RFC 8599 wants them;
  ``contact_parameters`` would not.
- ``push_notification_allowed`` keeps the binding when the phone ends in order.
"""

_BRANCH = r"^{method} sip:\S+ SIP/2\.0\r?\n(?:(?!Via:).*\n)*Via: .*?branch=([^;\s]+)"


@define(eq=False)
class Phone:
    """
    A linphone; :meth:`start` switches it on, each time with the same account.

    :ivar _address: of its sockets.
    :ivar _network: meanwhile, what this thread starts is in the phone's network.
    """

    _program: str
    _processes: Processes
    _folder: Path
    _edge: Edge
    _account: Account
    _address: str = HOST
    _network: Callable[[], AbstractContextManager[object]] = nullcontext
    _lives: int = field(default=0, init=False)
    _process: Process | None = field(default=None, init=False)

    def start(self, *, answers: bool = True) -> None:
        """Switch it on: it registers, and answers any call if it *answers*."""
        self._lives += 1
        self._home.mkdir(exist_ok=True)
        rc = self._home / "linphonerc"
        rc.write_text(self._linphonerc())
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
        """Wait until it says so."""
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

    def freeze(self) -> None:
        """What a mobile OS does first: it runs no further, and its connection stays."""
        self._on.freeze()

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

    def _linphonerc(self) -> str:
        account, edge = self._account, self._edge
        certificates = edge.certificates
        return _LINPHONERC.format(
            instance=account.instance,
            address=self._address,
            domain=DOMAIN,
            edge=edge.uri,
            authority="" if certificates is None else certificates.authority,
            user=account.user,
            password=account.password,
            contact_params=account.contact_params,
            **{it: -1 if it == edge.transport else 0 for it in ("udp", "tcp", "tls")},
        )

    def _is_registered(self) -> bool:
        self._on.tell("register-status ALL")
        return "LinphoneRegistrationOk" in self._on.printed


class MakePhone(Protocol):
    """Makes the phone of an account, switched off."""

    def __call__(
        self,
        edge: Edge,
        account: Account,
        address: str = HOST,
        network: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> Phone:
        """One."""

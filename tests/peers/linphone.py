"""
Debian's ``linphone-cli``: phones that nobody holds, driven through ``linphone-daemon``.
"""

from __future__ import annotations

import re
from pathlib import Path

from attrs import define, field, frozen

from tests.peers.processes import Process, Processes
from tests.peers.server import DOMAIN, HOST
from tests.peers.waiting import wait_for

_LINPHONERC = """\
[storage]
uri=null
[misc]
uuid={instance}
[sip]
sip_port=-1
sip_tcp_port=0
sip_tls_port=0
bind_address={host}
use_ipv6=0
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
reg_proxy=<sip:{server};transport=udp>
reg_route=<sip:{server};transport=udp;lr>
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
- ``sip_port`` -1 is any free one, 0 is none.
- ``contact_uri_parameters`` stand inside the ``<>`` of the Contact, where RFC 8599 wants them;
  ``contact_parameters`` would not.
- ``push_notification_allowed`` keeps the binding when the phone ends in order.
"""

_RECEIVED_INVITE = re.compile(
    r"^INVITE sip:\S+ SIP/2\.0\r?\n(?:(?!Via:).*\n)*Via: .*?branch=([^;\s]+)", re.MULTILINE
)


@frozen
class Account:
    """
    Who a phone is.

    :ivar instance: UUID of its ``+sip.instance``.
    :ivar contact_params: of its Contact URI, without the first semicolon.
    """

    user: str
    instance: str
    password: str = field(default="secret", repr=False)
    contact_params: str = ""


@define(eq=False)
class Phone:
    """
    A linphone; :meth:`start` switches it on, each time with the same account.

    :ivar _server: ``host:port`` of its registrar and outbound proxy.
    """

    _program: str
    _processes: Processes
    _folder: Path
    _server: str
    _account: Account
    _lives: int = field(default=0, init=False)
    _process: Process | None = field(default=None, init=False)

    def start(self) -> None:
        """Switch it on: it registers, and answers any call."""
        self._lives += 1
        self._home.mkdir(exist_ok=True)
        rc = self._home / "linphonerc"
        rc.write_text(self._linphonerc())
        command = [self._program, "--config", str(rc), "--log", str(self._log), "--auto-answer"]
        self._process = self._processes.start(
            f"linphone-{self._account.user}",
            [*command, "--disable-stats-events"],
            variables=dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"), str(self._home)),
            listens=True,
        )

    def wait_until_registered(self) -> None:
        """Wait until it says so."""
        wait_for(self._is_registered, self._on.last_words)

    def call(self, user: str) -> None:
        """Call *user*."""
        self._on.tell(f"call sip:{user}@{DOMAIN}")

    def hang_up(self) -> None:
        """End its call."""
        self._on.tell("terminate")

    def wait_until_call(self, state: str) -> None:
        """Wait until its call has come to *state*, a ``LinphoneCall...`` without that word."""
        self._on.wait_until_printed(rf"Event: LinphoneCall{state}\b")

    def kill(self) -> None:
        """What a mobile OS does: no un-REGISTER, no farewell."""
        self._on.kill()

    @property
    def log(self) -> str:
        """What it logged since it was switched on last, with all its messages."""
        return self._log.read_text(errors="replace")

    @property
    def invites(self) -> set[str]:
        """
        The branch of each INVITE that it got since it was switched on last.

        A retransmission has the branch of the first: it is not another INVITE.
        """
        return set(_RECEIVED_INVITE.findall(self.log))

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
        account = self._account
        return _LINPHONERC.format(
            instance=account.instance,
            host=HOST,
            domain=DOMAIN,
            server=self._server,
            user=account.user,
            password=account.password,
            contact_params=account.contact_params,
        )

    def _is_registered(self) -> bool:
        if not self._on.running:
            raise AssertionError(f"it died: {self._on.last_words()}")
        self._on.tell("register-status ALL")
        return "LinphoneRegistrationOk" in self._on.printed

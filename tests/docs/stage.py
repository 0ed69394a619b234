"""A real server, and a record of all that goes in and out of it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from attrs import define, field

from sippn.auth.settings import AuthSettings
from sippn.events import Event
from sippn.events.happenings import (
    PushAnswered,
    PushRequested,
    RefreshRequested,
    RequestParked,
    WakeEnded,
    WakeReleased,
)
from sippn.service import ServerSettings
from sippn.sip import Request, Response, read, summary
from sippn.storage.factories import MemoryStoreFactory
from sippn.testing.endpoints import Suspension
from sippn.testing.house import House
from sippn.testing.network import Datagram
from sippn.testing.streams_ends import Segment
from sippn.testing.ua import ScriptedUA
from sippn.transport.settings import ListenSettings
from tests.docs.rows import Arrow, Later, Row, State, Words

SERVER, PNS = "sippn", "push service"
_PUSH_PARAMS = re.compile(r"pn-[a-z]+=[^;>]*")
_PURR = re.compile(r'(?<=pnspurr=")[^"]*')


def settings_of(transport: str = "udp", auth: AuthSettings | None = None) -> ServerSettings:
    """A server for example.com, with one socket."""
    return ServerSettings(
        listen=(ListenSettings(transport, "192.0.2.1", 5060),),
        domains=("example.com",),
        storage=MemoryStoreFactory().parse({}),
        providers=(),
        auth=auth or AuthSettings(),
    )


@define(eq=False)
class Stage:
    """
    A house, and who is who in it.

    :ivar rows: what has happened since :meth:`begin`.
    """

    house: House
    rows: list[Row] = field(factory=list)
    _names: dict[str, str] = field(factory=lambda: {"192.0.2.1": SERVER})
    _recording: bool = False
    _pushed: str = ""

    @classmethod
    def built(cls, settings: ServerSettings) -> Stage:
        """A stage on which nobody is but the server and a push service."""
        stage = cls(House.built(settings))
        stage.house.network.carried = _Tape(stage)
        stage.house.server.bus.subscribe(stage._happened)
        return stage

    def call_it(self, name: str, phone: ScriptedUA) -> ScriptedUA:
        """Have a column of that *name* for *phone*."""
        self._names[phone.address.host] = name
        return phone

    def begin(self) -> None:
        """Draw from here on."""
        self._recording = True

    def end(self) -> None:
        """Draw no more, and stop the server."""
        self._recording = False
        self.house.server.stopService()

    @property
    def now(self) -> float:
        """The time of the next row."""
        return self.house.clock.seconds()

    def say(self, who: str, text: str) -> None:
        """Write *text* at the lifeline of *who*."""
        self._add(Words(self.now, who, text))

    def waits_for_a_push(self, text: str, earliest: float, latest: float) -> None:
        """Until there is one; *text* says when, for the very time is drawn by lot."""
        since, at = self.now, len(self.rows)
        while not self.house.pns.unanswered:
            self.house.run(1)
        assert earliest <= self.now - since <= latest
        self.rows.insert(at, Later(self.now, text))

    def falls_asleep(self, phone: ScriptedUA, how: Suspension = "killed", why: str = "") -> None:
        """*phone* hears no more."""
        name = self._names[phone.address.host]
        phone.sleep(how)
        self.house.run()
        self.say(name, why or "asleep")
        self._add(State(self.now, name, asleep=True))

    def push_arrives(self, phone: ScriptedUA, after: float = 0.5) -> None:
        """The push service has delivered its push, and *phone* wakes."""
        self.house.run(after)
        name = self._names[phone.address.host]
        self._add(Arrow(self.now, PNS, name, self._pushed, push=True))
        self._add(State(self.now, name, asleep=False))

    def carried(self, sent: Datagram | Segment) -> None:
        """Called for all that is sent."""
        sender, receiver = self._names[sent.source.host], self._names[sent.to.host]
        if not sent.octets.strip():
            label = "CRLF " * (sent.octets.count(b"\r\n"))
            self._add(Arrow(self.now, sender, receiver, label.strip()))
            return
        message = read(sent.octets)
        self._add(Arrow(self.now, sender, receiver, _label(message), _detail(message)))

    def _happened(self, event: Event) -> None:
        match event:
            case PushRequested():
                self._pushed = event.kind
                self._add(Arrow(event.at, SERVER, PNS, event.kind, push=True))
            case PushAnswered():
                verdict = event.verdict.lower()
                self._add(Arrow(event.at, PNS, SERVER, verdict, push=True))
            case RequestParked():
                self.say(SERVER, f"{event.method} waits, at most {event.wait:g} s")
            case WakeReleased():
                self.say(SERVER, "it is back")
            case WakeEnded():
                self.say(SERVER, "the wait is over")
            case RefreshRequested():
                self.say(SERVER, "its binding ends soon")

    def _add(self, row: Row) -> None:
        if self._recording:
            self.rows.append(row)


class _Tape(list[Datagram | Segment]):
    """What was carried; the stage sees it as it leaves."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self._stage = stage

    def append(self, sent: Datagram | Segment) -> None:
        super().append(sent)
        self._stage.carried(sent)


def _label(message: Request | Response) -> str:
    """An answer names what it answers where two could be meant."""
    if isinstance(message, Request) or message.cseq.method in ("CANCEL", "BYE"):
        return summary(message)
    return f"{message.status} {message.reason}"


def _detail(message: Request | Response) -> str:
    """What the ladder is about, of its header fields; neither a PRID nor a PURR."""
    shown = [*_push_params(message)]
    for name in ("Feature-Caps", "Reason", "Retry-After"):
        value = message.headers.get(name)
        if value is not None:  # when to try again is drawn by lot
            shown.append(f"{name}: {'...' if name == 'Retry-After' else _PURR.sub('...', value)}")
    if message.headers.get("Authorization") is not None:
        shown.insert(0, "Authorization: Digest")
    return ", ".join(shown)


def _push_params(message: Request | Response) -> Sequence[str]:
    if not isinstance(message, Request):
        return ()
    if message.method != "REGISTER":
        return ("pn-purr=...",) if ";pn-purr=" in message.uri else ()
    found = _PUSH_PARAMS.findall(message.headers.get("Contact") or "")
    shown = ["pn-prid=..." if one.startswith("pn-prid=") else one for one in found]
    return (";".join(shown),) if shown else ()

"""A registrar with all that it stands on, and what its answers say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from itertools import count
from random import Random
from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from sippn.binding import (
    Binding,
    Capability,
    Principal,
    Source,
)
from sippn.errors import (
    SIPError,
)
from sippn.events import Bus, Event
from sippn.interfaces import IPushDialect, IRegistrationAuthority
from sippn.location import LocationService
from sippn.registrar import LocalAuthority, Registrar, RegistrarSettings
from sippn.seal import Keyring, write_purr
from sippn.sip import (
    Request,
    Response,
    read,
    read_feature_caps,
    write,
)
from sippn.storage.memory import MemoryStore
from sippn.testing.pns import MemoryPushProvider
from sippn.testing.results import failed, succeeded

ALICE = Principal("alice", "example.com", ("sip:alice@example.com",))
PHONE = "<sip:alice@192.0.2.7:5060>"
PUSHED = "<sip:alice@192.0.2.7;pn-provider=fcm;pn-param=proj;pn-prid=tok%3Aen>"
TABLET = "<sip:alice@192.0.2.8;pn-provider=fcm;pn-param=proj;pn-prid=other>"
INSTANCE = ';+sip.instance="<urn:uuid:1>"'
randbytes = Random(8599).randbytes  # noqa: S311 - the same in every run


@define(eq=False)
class Desk:
    """
    A registrar, and everything that it stands on.

    :ivar events: what was told on the bus.
    :ivar lost: flows that are gone; *asked* are those that the registrar asked for.
    """

    settings: RegistrarSettings = field(factory=RegistrarSettings)
    policies: Sequence[Any] = ()
    listening: bool = True
    dialects: tuple[IPushDialect, ...] = ()
    keyring: Keyring | None = field(factory=lambda: Keyring(bytes(32), randbytes))
    authority: IRegistrationAuthority | None = None
    store: MemoryStore = field(factory=MemoryStore)
    clock: Clock = field(factory=Clock)
    push: MemoryPushProvider = field(
        factory=lambda: MemoryPushProvider([Capability("fcm"), Capability("webpush", "key")])
    )
    events: list[Event] = field(factory=list)
    lost: set[str] = field(factory=set)
    asked: list[str] = field(factory=list)
    location: LocationService = field(init=False)
    registrar: Registrar = field(init=False)
    _numbers: count[int] = field(factory=lambda: count(1))

    def __attrs_post_init__(self) -> None:
        self.clock.advance(1_700_000_000.125)
        bus = Bus()
        if self.listening:
            bus.subscribe(self.events.append)
        self.location = LocationService(self.store, self.clock, self.clock.seconds)
        self.registrar = Registrar(
            self.authority or LocalAuthority(self.settings, self.push, self.dialects),
            self.location,
            self.push,
            self.policies,
            self.settings,
            lambda host: host == "example.com",
            self.clock.seconds,
            self._entropy,
            bus,
            self.clock,
            self._reaches,
            None if self.keyring is None else partial(write_purr, keyring=self.keyring),
            self.dialects,
        )

    def ask(
        self,
        *lines: str,
        principal: Principal | None = ALICE,
        to: str = "alice@example.com",
        flow: str = "udp:flow",
    ) -> Deferred[Response]:
        """Register with header *lines* beside the mandatory ones, under a new CSeq."""
        request = self.request(*lines, to=to)
        source = Source(flow, "192.0.2.7", 5060)
        return Deferred.fromCoroutine(self.registrar.register(request, principal, source))

    def request(self, *lines: str, to: str = "alice@example.com") -> Request:
        """The REGISTER of :meth:`ask`."""
        mandatory = [
            "REGISTER sip:example.com SIP/2.0",
            "Via: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK1",
            f"From: <sip:{to}>;tag=1",
            f"To: <sip:{to}>",
            "Call-ID: call-1",
            f"CSeq: {next(self._numbers)} REGISTER",
        ]
        text = "\r\n".join([*mandatory, *lines, "Content-Length: 0", "", ""])
        request = read(text.encode())
        assert isinstance(request, Request)
        return request

    def register(
        self, *lines: str, principal: Principal | None = ALICE, flow: str = "udp:flow"
    ) -> Response:
        """The 200."""
        response = succeeded(self.ask(*lines, principal=principal, flow=flow))
        assert response.status == 200
        read(write(response))  # what it says can be read
        return response

    def refused(self, error: type[SIPError], *lines: str) -> SIPError:
        """The error that refuses it."""
        return failed(self.ask(*lines), error)

    @property
    def bindings(self) -> tuple[Binding, ...]:
        """What alice has."""
        return succeeded(Deferred.fromCoroutine(self.location.bindings("sip:alice@example.com")))

    def _reaches(self, flow: str) -> bool:
        self.asked.append(flow)
        return flow not in self.lost

    def _entropy(self, size: int) -> bytes:
        return next(self._numbers).to_bytes(size, "big")


def contacts(response: Response) -> list[str]:
    return response.headers.get_all("Contact")


def caps(response: Response) -> list[str]:
    """Its Feature-Caps, but for the PURRs."""
    return [
        re.sub(r';\+sip\.pnspurr="[^"]*"\Z', "", one)
        for one in response.headers.get_all("Feature-Caps")
    ]


def purrs(response: Response) -> dict[str, str]:
    """The PURRs, each by its PNS."""
    return {one.pns: one.purr for one in read_feature_caps(response.headers) if one.purr}


def warnings(response: Response) -> list[str]:
    return response.headers.get_all("Warning")

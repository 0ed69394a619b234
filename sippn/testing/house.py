"""
A whole server on a memory network, with scripted phones and a scripted push service.

Everything is real but the sockets, the clock and the push service, so what a
test sees here is what a phone would see.  Nothing happens until :meth:`House.run`.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TypeVar

from attrs import define, evolve, field
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from sippn.binding import Verdict
from sippn.events import Event
from sippn.interfaces import Surroundings
from sippn.service import Listen, Server, ServerSettings, make_server
from sippn.sip import PushParams, Request, Response, read
from sippn.testing.endpoints import Endpoint, Suspension
from sippn.testing.endpoints_stream import StreamEndpoint
from sippn.testing.network import MemoryNetwork
from sippn.testing.pns import MemoryPushProvider
from sippn.testing.results import succeeded
from sippn.testing.ua import ScriptedUA
from sippn.testing.ua_account import Account
from sippn.transport import Address, Listener, Streams, TCPListener
from sippn.transport.settings import ListenSettings

T = TypeVar("T")

WALL = 1_000_000.0  # what the wall clock shows when the monotonic one shows 0
_TURNS = 50  # more than any message takes to come to rest


@define(eq=False)
class House:
    """
    One running server and those around it.

    :ivar pns: the push service that all sleeping phones have.
    :ivar address: the server's first socket; *listening* has that of each transport.
    :ivar transport: what phones speak that are not told: ``"udp"`` or ``"tcp"``, as the
        server's first socket does unless it is set.
    :ivar domain: of the phones that are made here.
    :ivar news: every event since the start.
    """

    clock: Clock
    network: MemoryNetwork
    pns: MemoryPushProvider
    server: Server
    address: Address
    listening: dict[str, Address]
    transport: str
    entropy: Callable[[int], bytes]
    domain: str = "example.com"
    news: list[Event] = field(factory=list, init=False)
    _hosts: int = field(default=10, init=False)

    @classmethod
    def built(cls, settings: ServerSettings) -> House:
        """
        Build and start a server by *settings*, whose providers are the memory one's place.

        The same numbers are drawn in every run.
        """
        clock, pns = Clock(), MemoryPushProvider()
        network = MemoryNetwork(clock)
        entropy = random.Random(8599).randbytes  # noqa: S311 - the same in every run
        around = Surroundings(
            reactor=network.reactor,
            clock=clock,
            wall=lambda: WALL + clock.seconds(),
            entropy=entropy,
        )
        server = make_server(
            evolve(settings, providers=(lambda _: pns, *settings.providers)),
            around,
            _listening(network, settings),
        )
        server.privilegedStartService()
        server.startService()
        listening = {one.transport: Address(one.host, one.port) for one in settings.listen}
        first, address = next(iter(listening.items()))
        house = cls(clock, network, pns, server, address, listening, first, entropy)
        server.bus.subscribe(house.news.append)
        return house

    def endpoint(self, transport: str = "", host: str = "", *, listens: bool = False) -> Endpoint:
        """
        A socket on a *host* of its own.

        :param transport: ``"udp"`` or ``"tcp"``; empty: the house's.
        :param listens: over TCP, it can be connected to as well: no NAT is before it.
        """
        self._hosts += 1
        host = host or f"192.0.2.{self._hosts}"
        if (transport or self.transport) == "udp":
            return self.network.endpoint(host, 5060)
        return StreamEndpoint(self.network, host, 5060 if listens else 0, listens)

    def phone(
        self,
        user: str,
        prid: str | None = None,
        *,
        instance: str = "",
        password: str | None = None,
        domain: str | None = None,
        transport: str = "",
    ) -> ScriptedUA:
        """A phone of *user*; with a *prid* it is one that can sleep."""
        push = None if prid is None else PushParams("acme", "app", prid)
        account = Account(user, domain or self.domain, password, push, instance)
        server = self.listening.get(transport or self.transport, self.address)
        endpoint = self.endpoint(transport)
        return ScriptedUA(account, endpoint, server, self.clock, self.entropy, retransmits=False)

    def asleep(
        self,
        user: str,
        prid: str,
        *,
        instance: str = "",
        password: str | None = None,
        transport: str = "",
        how: Suspension = "killed",
    ) -> ScriptedUA:
        """A phone of *user* that has registered, and sleeps; *how* is what that is over TCP."""
        phone = self.phone(user, prid, instance=instance, password=password, transport=transport)
        answer = self.get(phone.register())
        if answer.status != 200:
            raise AssertionError(f"REGISTER got {answer.status} {answer.reason}")
        phone.sleep(how)
        self.run()
        return phone

    def get(self, result: Deferred[T]) -> T:
        """What *result* comes to when the network has carried what is under way."""
        self.run()
        return succeeded(result)

    def run(self, seconds: float = 0) -> None:
        """Let all that is under way arrive, then *seconds* pass, and what comes of that arrive."""
        for step in (0, seconds):
            self.clock.advance(step)
            for _ in range(_TURNS):
                self.clock.advance(0)

    def push_accepted(self) -> None:
        """The push service took the oldest push."""
        self.pns.answer(Verdict.ACCEPTED)

    def sent_to(self, address: Address) -> list[Request | Response]:
        """All messages that the server sent to *address*, whether anybody listened or not."""
        return [
            read(sent.octets)
            for sent in self.network.carried
            if sent.to == address and sent.source.host == self.address.host and sent.octets.strip()
        ]


def _listening(network: MemoryNetwork, settings: ServerSettings) -> Listen:
    """Makes listeners on *network*: over TCP, those that a real server has."""
    streams: list[Streams] = []

    def listen(one: ListenSettings, around: Surroundings) -> Listener:
        if one.transport == "udp":
            return network.listener(one.host, one.port, one.advertise)
        if not streams:
            streams.append(Streams(around.clock, around.entropy, settings.streams))
        return TCPListener(around.reactor, one.host, one.port, streams[0], one.advertise)

    return listen

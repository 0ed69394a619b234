"""
A whole server on a memory network, with scripted phones and a scripted push service.

Everything is real but the sockets, the clock and the push service, so what a
test sees here is what a phone would see.  Nothing happens until :meth:`House.run`.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from types import SimpleNamespace
from typing import TypeVar

from attrs import define, evolve, field
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from sippn.binding import Verdict
from sippn.events import Event
from sippn.interfaces import Surroundings
from sippn.service import Server, ServerSettings, make_server
from sippn.sip import PushParams, Request, Response, read
from sippn.testing.network import MemoryEndpoint, MemoryNetwork
from sippn.testing.pns import MemoryPushProvider
from sippn.testing.results import succeeded
from sippn.testing.ua import ScriptedUA
from sippn.testing.ua_account import Account
from sippn.transport import Address

T = TypeVar("T")

WALL = 1_000_000.0  # what the wall clock shows when the monotonic one shows 0
_TURNS = 50  # more than any message takes to come to rest


@define(eq=False)
class House:
    """
    One running server and those around it.

    :ivar pns: the push service that all sleeping phones have.
    :ivar domain: of the phones that are made here.
    :ivar news: every event since the start.
    """

    clock: Clock
    network: MemoryNetwork
    pns: MemoryPushProvider
    server: Server
    address: Address
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
            reactor=SimpleNamespace(nameResolver=None),
            clock=clock,
            wall=lambda: WALL + clock.seconds(),
            entropy=entropy,
        )
        server = make_server(
            evolve(settings, providers=(lambda _: pns, *settings.providers)),
            around,
            lambda one, _: network.listener(one.host, one.port),
        )
        server.privilegedStartService()
        server.startService()
        address = Address(settings.listen[0].host, settings.listen[0].port)
        house = cls(clock, network, pns, server, address, entropy)
        server.bus.subscribe(house.news.append)
        return house

    def endpoint(self) -> MemoryEndpoint:
        """A socket on a host of its own."""
        self._hosts += 1
        return self.network.endpoint(f"192.0.2.{self._hosts}", 5060)

    def phone(
        self,
        user: str,
        prid: str | None = None,
        *,
        instance: str = "",
        password: str | None = None,
        domain: str | None = None,
    ) -> ScriptedUA:
        """A phone of *user*; with a *prid* it is one that can sleep."""
        push = None if prid is None else PushParams("acme", "app", prid)
        account = Account(user, domain or self.domain, password, push, instance)
        return ScriptedUA(
            account, self.endpoint(), self.address, self.clock, self.entropy, retransmits=False
        )

    def asleep(
        self, user: str, prid: str, *, instance: str = "", password: str | None = None
    ) -> ScriptedUA:
        """A phone of *user* that has registered, and sleeps."""
        phone = self.phone(user, prid, instance=instance, password=password)
        answer = self.get(phone.register())
        if answer.status != 200:
            raise AssertionError(f"REGISTER got {answer.status} {answer.reason}")
        phone.sleep()
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
        """All that the server sent to *address*, whether anybody listened or not."""
        return [
            read(datagram.octets)
            for datagram in self.network.carried
            if datagram.to == address and datagram.source == self.address
        ]

"""
Phones of our own on real sockets, one thing said once: nothing is lost on the loopback interface
but what comes while no server runs.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from typing import TypeVar

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.selectreactor import SelectReactor
from twisted.internet.task import Clock

from sippn.sip import Response
from sippn.testing.calls_received import answer_at_once
from sippn.testing.endpoints import Endpoint, UDPEndpoint
from sippn.testing.endpoints_tcp import TCPEndpoint
from sippn.testing.ua import ScriptedUA
from sippn.testing.ua_account import Account
from sippn.transport import Address
from tests.peers.server import HOST, Server
from tests.peers.waiting import wait_for

T = TypeVar("T")


@cache
def _ears() -> SelectReactor:
    """A reactor that nobody runs: it turns while somebody waits, in the thread that waits."""
    return SelectReactor()


@define(eq=False)
class Phones:
    """Phones that hear while somebody waits."""

    _reactor: SelectReactor = field(factory=_ears, init=False)
    _endpoints: list[Endpoint] = field(factory=list, init=False)

    def make(self, account: Account, server: Address, transport: str = "udp") -> ScriptedUA:
        """The phone of *account*, which answers all calls; no timer of it ever fires."""
        endpoint = self.endpoint(server, transport)
        phone = ScriptedUA(account, endpoint, server, Clock(), os.urandom, retransmits=False)
        phone.policy = answer_at_once
        return phone

    def endpoint(self, server: Address, transport: str) -> Endpoint:
        """A socket for one of them, connected to *server* where *transport* wants that."""
        endpoint: Endpoint
        if transport == "udp":
            endpoint = UDPEndpoint(self._reactor, HOST)
        else:
            endpoint = self.wait(TCPEndpoint(server).connect(self._reactor, HOST))
        self._endpoints.append(endpoint)
        return endpoint

    def wait(self, awaited: Deferred[T]) -> T:
        """What *awaited* fires with."""
        fired: list[T] = []
        awaited.addCallback(fired.append)
        self.wait_until(lambda: awaited.called, "an answer")
        return fired[0]

    def wait_until(self, look: Callable[[], bool], what: str) -> None:
        """Let all phones hear until *look* is true."""

        def heard() -> bool:
            self._reactor.iterate()
            return look()

        wait_for(heard, lambda: what)

    def close(self) -> None:
        """They hear no more."""
        for endpoint in self._endpoints:
            endpoint.close()
        self._reactor.iterate()


def address_of(server: Server, transport: str = "udp") -> Address:
    """Where phones find it; the first of its sockets is for UDP, as a rule."""
    return Address(HOST, int(server.edge(transport).address.rpartition(":")[2]))


def contacts(answer: Response) -> list[str]:
    """Without the push parameters, which nobody is shown but who registers them (T7)."""
    assert answer.status == 200, answer.status
    return [contact.uri_text.partition(";")[0] for contact in answer.contacts]

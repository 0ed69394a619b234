"""
Phones of our own on real sockets, one thing said once: nothing is lost on the loopback interface
but what comes while no server runs.
"""

from __future__ import annotations

import os
import select
from collections.abc import Callable
from typing import TypeVar

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactor

from sippn.sip import Response
from sippn.testing.calls_received import answer_at_once
from sippn.testing.endpoints import UDPEndpoint
from sippn.testing.ua import ScriptedUA
from sippn.testing.ua_account import Account
from sippn.transport import Address
from tests.peers.server import HOST, Server
from tests.peers.waiting import wait_for

T = TypeVar("T")


@define(eq=False)
class Phones:
    """Phones without a reactor: they hear while somebody waits."""

    _reactor: MemoryReactor = field(factory=MemoryReactor, init=False)

    def make(self, account: Account, server: Address) -> ScriptedUA:
        """The phone of *account*, which answers all calls; no timer of it ever fires."""
        endpoint = UDPEndpoint(self._reactor, HOST)
        phone = ScriptedUA(account, endpoint, server, Clock(), os.urandom, retransmits=False)
        phone.policy = answer_at_once
        return phone

    def wait(self, awaited: Deferred[T]) -> T:
        """What *awaited* fires with."""
        fired: list[T] = []
        awaited.addCallback(fired.append)
        self.wait_until(lambda: awaited.called, "an answer")
        return fired[0]

    def wait_until(self, look: Callable[[], bool], what: str) -> None:
        """Let all phones hear until *look* is true."""

        def heard() -> bool:
            for reader in select.select(self._reactor.getReaders(), [], [], 0)[0]:
                reader.doRead()
            return look()

        wait_for(heard, lambda: what)

    def close(self) -> None:
        """They hear no more."""
        for reader in self._reactor.getReaders():
            reader.stop()


def address_of(server: Server) -> Address:
    """Where phones find it."""
    return Address(HOST, server.port)


def contacts(answer: Response) -> list[str]:
    """Without the push parameters, which nobody is shown but who registers them (T7)."""
    assert answer.status == 200, answer.status
    return [contact.uri_text.partition(";")[0] for contact in answer.contacts]

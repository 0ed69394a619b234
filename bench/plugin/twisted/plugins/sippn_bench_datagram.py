"""The cheapest push provider there can be: one UDP datagram a push, and nobody answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from socket import AF_INET, SOCK_DGRAM, socket
from typing import Any, ClassVar

from twisted.internet.defer import Deferred, succeed
from twisted.plugin import IPlugin
from zope.interface import Interface, implementer

from sippn.binding import Capability, PushJob, PushKind, PushOutcome, PushTarget, Verdict
from sippn.interfaces import IFactory, IPushProvider

_ACCEPTED = PushOutcome(Verdict.ACCEPTED)


@implementer(IPushProvider)
class Datagram:
    """Sends the PRID to a port of this machine, whatever the PNS is."""

    capabilities: Sequence[Capability] = ()

    def __init__(self, port: int) -> None:
        self._socket = socket(AF_INET, SOCK_DGRAM)
        self._socket.setblocking(False)  # one that is dropped is a lost push, no stalled server
        self._socket.connect(("127.0.0.1", port))

    def can_push(self, target: PushTarget, kind: PushKind) -> bool:  # noqa: ARG002 - any kind
        """Whether there is a PRID."""
        return bool(target.prid)

    def request_push(self, job: PushJob) -> Deferred[PushOutcome]:
        """Send it, ``pn-prid=`` in front as in a Contact."""
        self._socket.send(b"pn-prid=" + job.target.prid.encode())
        return succeed(_ACCEPTED)


@implementer(IFactory, IPlugin)
class DatagramFactory:
    """``type = "bench-datagram"``: *port*."""

    makes: ClassVar[type[Interface]] = IPushProvider
    prefix: ClassVar[str] = "bench-datagram"
    help: ClassVar[str] = "Sends each push as a UDP datagram, for benchmarks."

    def parse(self, table: Mapping[str, object]) -> Callable[[Any], Datagram]:
        """Take the table as it is: it is written by the benchmark."""
        return partial(_build, int(str(table["port"])))


def _build(port: int, _: object) -> Datagram:
    return Datagram(port)


datagram = DatagramFactory()

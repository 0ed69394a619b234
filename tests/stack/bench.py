"""A stack on a table: a core that remembers, a phone, and the wire between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count

from attrs import define, field
from twisted.internet.address import IPv4Address
from twisted.internet.interfaces import (
    IAddress,
    IHostnameResolver,
    IHostResolution,
    IResolutionReceiver,
)
from twisted.internet.task import Clock
from zope.interface import implementer

from sippn.errors import RequestTimeout, TransportError
from sippn.events import Bus
from sippn.sip import Request, Response, read, response_to
from sippn.stack import SIPStack
from sippn.testing.network import MemoryEndpoint, MemoryNetwork
from sippn.transaction import ServerTransaction, Timers, TransactionLayer
from sippn.transport import Address, Flow, Listener, Resolver


@implementer(IHostnameResolver)
@define(eq=False)
class Names:
    """Every name has the same addresses, known at once."""

    hosts: Sequence[str] = ()

    def resolveHostName(
        self,
        resolutionReceiver: IResolutionReceiver,
        hostName: str,  # noqa: ARG002 - the interface's
        portNumber: int = 0,  # noqa: ARG002 - the same
        addressTypes: Sequence[type[IAddress]] | None = None,  # noqa: ARG002 - the same
        transportSemantics: str = "TCP",  # noqa: ARG002 - the same
    ) -> IHostResolution:
        """Answer with all of them."""
        for host in self.hosts:
            resolutionReceiver.addressResolved(IPv4Address("TCP", host, 0))
        resolutionReceiver.resolutionComplete()
        resolution: IHostResolution = object()  # type: ignore[assignment]  # nobody looks at it
        return resolution


@define(eq=False)
class RecordingCore:
    """Remembers what it was given, and does what the test says."""

    requests: list[tuple[Request, ServerTransaction, Flow]] = field(factory=list)
    acks: list[Request] = field(factory=list)
    do: Callable[[ServerTransaction], None] = lambda _: None

    def request_received(
        self, request: Request, transaction: ServerTransaction, flow: Flow
    ) -> None:
        """One more."""
        self.requests.append((request, transaction, flow))
        self.do(transaction)

    def ack_received(self, request: Request, flow: Flow) -> None:  # noqa: ARG002 - not kept
        """One more."""
        self.acks.append(request)


@define(eq=False)
class Observer:
    """Remembers what became of a request."""

    responses: list[Response] = field(factory=list)
    errors: list[RequestTimeout | TransportError] = field(factory=list)

    def response_received(self, response: Response) -> None:
        """One more."""
        self.responses.append(response)

    def no_response(self, error: RequestTimeout | TransportError) -> None:
        """The last."""
        self.errors.append(error)

    def flow_lost(self) -> None:
        """Not kept: the transaction layer's tests are about that."""


@define(eq=False)
class Bench:
    """A stack, a phone, and the wire between them."""

    max_transactions: int = 100
    network: MemoryNetwork = field(factory=MemoryNetwork)
    listeners: Sequence[Listener] = ()
    names: Names = field(factory=Names)
    clock: Clock = field(factory=Clock, init=False)
    bus: Bus = field(factory=Bus, init=False)
    core: RecordingCore = field(factory=RecordingCore, init=False)
    stack: SIPStack = field(init=False)
    phone: MemoryEndpoint = field(init=False)
    _random: count[int] = field(factory=lambda: count(1), init=False)

    def __attrs_post_init__(self) -> None:
        self.listeners = self.listeners or (self.network.listener(),)
        self.phone = self.network.endpoint("192.0.2.1", 4711)
        self.stack = SIPStack(
            self.listeners,
            TransactionLayer(self.clock, Timers(), self.bus, self.max_transactions),
            Resolver(
                self.names, self.clock, transports=[each.transport for each in self.listeners]
            ),
            self.bus,
            self.clock,
            self.entropy,
        )
        self.stack.core = self.core
        self.stack.start()

    def entropy(self, octets: int) -> bytes:
        """Different each time, the same in each run."""
        return next(self._random).to_bytes(octets, "big")

    @property
    def server(self) -> Address:
        """Where the stack listens."""
        return self.listeners[0].local

    def say(self, text: str, phone: MemoryEndpoint | None = None) -> None:
        """Send what the lines of *text* say, and let everybody hear everything."""
        octets = text.replace("\n", "\r\n").encode("utf-8", "surrogateescape")
        (phone or self.phone).send(octets, self.server)
        self.network.deliver()

    def heard(self, phone: MemoryEndpoint | None = None) -> list[Response]:
        """The responses that came since the last time."""
        inbox = (phone or self.phone).inbox
        messages = [read(octets) for octets, _ in inbox]
        inbox.clear()
        return [message for message in messages if isinstance(message, Response)]


def request(
    method: str = "OPTIONS",
    via: str = "192.0.2.1:4711;branch=z9hG4bK1;rport",
    to: str = "<sip:bob@example.com>",
    more: str = "",
) -> str:
    """A request of the phone's."""
    return (
        f"{method} sip:bob@example.com SIP/2.0\n"
        f"Via: SIP/2.0/UDP {via}\n"
        "Max-Forwards: 70\n"
        "From: <sip:alice@example.com>;tag=a\n"
        f"To: {to}\n"
        "Call-ID: c1@192.0.2.1\n"
        f"CSeq: 1 {method}\n"
        f"{more}\n"
    )


def refuse(status: int) -> Callable[[ServerTransaction], None]:
    """A core that answers everything with *status*."""
    return lambda transaction: transaction.respond(
        response_to(transaction.request, status, to_tag="b")
    )

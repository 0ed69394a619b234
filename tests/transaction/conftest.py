"""A transaction layer, a clock that is wound by hand, and flows that remember."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest
from attrs import define, field
from twisted.internet.task import Clock

from sippn.errors import RequestTimeout, TransportError
from sippn.events import Bus
from sippn.sip import Headers, Request, Response, read, response_to, summary
from sippn.transaction import ClientTransaction, ServerTransaction, Timers, TransactionLayer
from sippn.transaction.flow import FlowUser


@define(eq=False)
class MemoryFlow:
    """
    Keeps what was sent.

    :ivar broken: nothing leaves.
    :ivar users: who is to be told that it is lost.
    """

    reliable: bool = False
    token: str = "memory"
    transport: str = "UDP"
    remote: str = "192.0.2.9:5060"
    broken: bool = False
    sent: list[bytes] = field(factory=list)
    users: list[FlowUser] = field(factory=list)

    def send(self, octets: bytes) -> None:
        """Keep *octets*.  :raises TransportError: if told to."""
        if self.broken:
            raise TransportError("broken")
        self.sent.append(octets)

    def join(self, user: FlowUser) -> None:
        """One more; once."""
        assert user not in self.users
        self.users.append(user)

    def leave(self, user: FlowUser) -> None:
        """One less; it was there."""
        self.users.remove(user)

    def lose(self) -> None:
        """The connection is gone: nothing leaves any more, and everybody is told."""
        self.broken = True
        for user in list(self.users):
            user.flow_lost()

    @property
    def said(self) -> list[str]:
        """What was sent, a few words each."""
        return [summary(read(octets)) for octets in self.sent]

    @property
    def statuses(self) -> list[int]:
        """Those of the responses that were sent."""
        messages = [read(octets) for octets in self.sent]
        return [each.status for each in messages if isinstance(each, Response)]

    def last(self) -> Request | Response:
        """What was sent last."""
        return read(self.sent[-1])


@define(eq=False)
class Recorder:
    """
    A TU that keeps what it hears.

    :ivar heard: a status, the type of an error, or ``"flow lost"``.
    :ivar then: done each time.
    """

    heard: list[int | str | type[Exception]] = field(factory=list)
    then: Callable[[], object] = list

    def response_received(self, response: Response) -> None:
        """Keep its status."""
        self.heard.append(response.status)
        self.then()

    def no_response(self, error: RequestTimeout | TransportError) -> None:
        """Keep its type."""
        self.heard.append(type(error))
        self.then()

    def flow_lost(self) -> None:
        """Keep that."""
        self.heard.append("flow lost")
        self.then()


@define(eq=False)
class World:
    """Everything a test needs to play TU, transport and time."""

    clock: Clock = field(factory=Clock)
    bus: Bus = field(factory=Bus)
    flow: MemoryFlow = field(factory=MemoryFlow)
    tu: Recorder = field(factory=Recorder)
    timers: Timers = field(factory=Timers)
    max_transactions: int = 100
    max_lingering: int = 100
    layer: TransactionLayer = field(init=False)
    _branches: count[int] = field(factory=count, init=False)

    def __attrs_post_init__(self) -> None:
        self.layer = TransactionLayer(
            self.clock, self.timers, self.bus, self.max_transactions, self.max_lingering
        )

    def flow_of(self, *, reliable: bool) -> MemoryFlow:
        """Make all that follows run on a flow of that kind."""
        self.flow = MemoryFlow(reliable, transport="TCP" if reliable else "UDP")
        return self.flow

    def request(self, method: str = "INVITE", branch: str | None = None, **fields: str) -> Request:
        """Make a request; a new branch unless told; *fields* replace, e.g. ``To``."""
        if branch is None:
            branch = f"z9hG4bK-{next(self._branches)}"
        headers = {
            "Via": f"SIP/2.0/UDP 192.0.2.1:5060;branch={branch}",
            "From": "Alice <sip:alice@example.com>;tag=a",
            "To": "<sip:bob@example.com>",
            "Call-ID": "call-1",
            "CSeq": f"7 {method}",
            "Max-Forwards": "69",
            **{name.replace("_", "-"): value for name, value in fields.items()},
        }
        pairs = [(name, value) for name, value in headers.items() if value]
        return Request(method, "sip:bob@192.0.2.9", Headers(pairs))

    def response(self, request: Request, status: int = 404) -> Response:
        """Make a response."""
        return response_to(request, status, to_tag="b")

    def sends(self, request: Request) -> ClientTransaction:
        """Send *request*; the TU is :attr:`tu`."""
        return self.layer.send(request, self.flow, self.tu)

    def answers(self, request: Request, status: int, to_tag: str = "b") -> bool:
        """The peer answers *request*."""
        return self.layer.receive_response(response_to(request, status, to_tag=to_tag), self.flow)

    def takes(self, request: Request) -> ServerTransaction:
        """A new request comes in."""
        transaction = self.layer.receive_request(request, self.flow)
        assert transaction is not None
        return transaction

    def repeats(self, request: Request) -> None:
        """A request comes in again, as new octets would."""
        again = Request(request.method, request.uri, request.headers.copy(), request.body)
        assert self.layer.receive_request(again, self.flow) is None

    def responds(self, transaction: ServerTransaction, status: int, to_tag: str = "b") -> None:
        """The TU answers."""
        transaction.respond(response_to(transaction.request, status, to_tag=to_tag))

    def pass_time(self, seconds: float, step: float = 0.125) -> None:
        """Wind the clock; the steps are powers of two, so that sums are exact."""
        self.clock.pump([step] * round(seconds / step))

    def times_of_sending(self, seconds: float) -> list[float]:
        """Wind the clock and note when something was sent, from now."""
        begun, times = self.clock.seconds(), list[float]()
        for _ in range(round(seconds / 0.125)):
            before = len(self.flow.sent)
            self.clock.advance(0.125)
            times += [self.clock.seconds() - begun] * (len(self.flow.sent) - before)
        return times


@pytest.fixture
def world() -> World:
    return World()

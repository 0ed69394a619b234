"""Connections without a network: they remember what was sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import define, field
from twisted.internet.defer import Deferred, fail

from sippn.binding import Source
from sippn.errors import TransportError
from sippn.interfaces import Maybe
from sippn.sip import Request, Response, read
from sippn.transport import Address, Flow, FlowUser, Received

HERE = Address("192.0.2.10", 5060)
PEER = Address("192.0.2.1", 4711)


@define(eq=False)
class Stream:
    """
    A :class:`~sippn.transport.Flow` that is a connection.

    :ivar closed: nothing leaves any more.
    """

    remote: Address = PEER
    local: Address = HERE
    transport: str = "TCP"
    closed: bool = False
    sent: list[Request | Response] = field(factory=list)
    users: list[FlowUser] = field(factory=list)
    reliable = True
    secure = False
    heard_at: float | None = 0.0

    @property
    def token(self) -> str:
        """Unique enough for here."""
        return f"tcp:{self.local}:{self.remote}/1"

    @property
    def sent_by(self) -> str:
        """The listener's."""
        return str(self.local)

    @property
    def source(self) -> Source:
        """The peer."""
        return Source(self.token, self.remote.host, self.remote.port)

    def send(self, octets: bytes) -> None:
        """One more."""
        if self.closed:
            raise TransportError("closed")
        self.sent.append(read(octets))

    def join(self, user: FlowUser) -> None:
        """One more."""
        self.users.append(user)

    def leave(self, user: FlowUser) -> None:
        """One less."""
        self.users.remove(user)

    def at_port(self, port: int) -> Flow:  # noqa: ARG002 - see below
        """Its own way back."""
        return self


@define(eq=False)
class StreamListener:
    """
    A :class:`~sippn.transport.Listener` that connects as it was told.

    :ivar ways: what comes of connecting to a host; others cannot be reached.
    :ivar asked: where it was to connect to, and under which name.
    :ivar ends: fires when it has stopped.
    """

    ways: Mapping[str, Maybe[Flow]] = field(factory=dict)
    local: Address = HERE
    transport: str = "TCP"
    asked: list[tuple[Address, str]] = field(factory=list)
    ends: Deferred[None] | None = None
    stopped: bool = False

    @property
    def sent_by(self) -> str:
        """Its own address."""
        return str(self.local)

    def start(self, received: Received) -> None:
        """Nothing comes by itself."""

    def stop(self) -> Deferred[None] | None:
        """Take as long as the test wants."""
        self.stopped = True
        return self.ends

    def flow_to(self, remote: Address, name: str = "") -> Maybe[Flow]:
        """Connect, or not."""
        self.asked.append((remote, name))
        if remote.host not in self.ways:
            return fail(TransportError("refused"))
        return self.ways[remote.host]

    def owns(self, host: str, port: int) -> bool:
        """Its own address."""
        return (host, port) == (self.local.host, self.local.port)

    def reaches(self, remote: Address) -> bool:
        """Whatever is of its family."""
        return remote.family == self.local.family


def said(flow: Stream) -> Sequence[int | str]:
    """What was sent: statuses and methods."""
    return [each.status if isinstance(each, Response) else each.method for each in flow.sent]

"""Where a scripted UA speaks and listens; over real sockets, for demos and peers."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Literal, Protocol, TypeAlias

from attrs import define, field
from twisted.internet.interfaces import IReactorFDSet

from sippn.transport import Address, Flow, UDPListener

Suspension: TypeAlias = Literal["frozen", "killed", "gone"]


class Endpoint(Protocol):
    """
    A socket, or what stands in for one.

    :ivar receive: called with each message and its source; the UA sets it.
    """

    receive: Callable[[bytes, Address], None]

    @property
    def transport(self) -> str:
        """As a Via names it: ``"UDP"`` may lose what it carries, all else may not."""

    @property
    def address(self) -> Address:
        """Where it listens; the UA's Contact and Via name it."""

    def send(self, octets: bytes, to: Address) -> None:
        """One message.  :raises TransportError: it cannot leave."""

    def suspend(self, how: Suspension) -> None:
        """
        Do to its connections what happens when the app is suspended.

        :param how: ``"frozen"``: they stay, and nobody reads them; ``"killed"``: they are
            closed; ``"gone"``: so they are, but nobody is told.
        """

    def resume(self) -> None:
        """Be the socket of an app that runs again: with connections that still are."""

    def close(self) -> None:
        """Hear and say nothing more."""


@define(eq=False)
class UDPEndpoint:
    """
    A real UDP socket on any free port, open from the start.

    :ivar host: the address to bind to.
    :ivar inbox: what came before :attr:`receive` was set.
    """

    transport: ClassVar[str] = "UDP"
    _reactor: IReactorFDSet
    host: str = "127.0.0.1"
    inbox: list[tuple[bytes, Address]] = field(factory=list, init=False)
    receive: Callable[[bytes, Address], None] = field(init=False)
    _listener: UDPListener = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.receive = lambda octets, source: self.inbox.append((octets, source))
        self._listener = UDPListener(self._reactor, self.host, 0)
        self._listener.start(self._arrived)

    @property
    def address(self) -> Address:
        """See :attr:`Endpoint.address`."""
        return self._listener.local

    def send(self, octets: bytes, to: Address) -> None:
        """See :meth:`Endpoint.send`."""
        self._listener.flow_to(to).send(octets)

    def suspend(self, how: Suspension) -> None:
        """Nobody notices."""

    def resume(self) -> None:
        """Nobody notices that either."""

    def close(self) -> None:
        """See :meth:`Endpoint.close`."""
        self._listener.stop()

    def _arrived(self, octets: bytes, flow: Flow) -> None:
        self.receive(octets, flow.remote)

"""SIP over TCP as a phone has it, on a memory network."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from attrs import define, field
from twisted.internet.interfaces import IListeningPort

from sippn.testing.endpoints import Suspension
from sippn.testing.endpoints_line import Accepting, Dialling, Line
from sippn.testing.network import MemoryNetwork
from sippn.transport import Address, canonical_host


@define(eq=False, repr=False)
class StreamEndpoint:
    """
    Where a scripted UA speaks TCP: an :class:`~sippn.testing.endpoints.Endpoint`.

    It connects when it has something to say, and again where that connection is gone.
    As behind any NAT, its address is the one that it connects from, another one for each
    connection after the first, and nobody can connect to it; unless it *listens*.

    :ivar address: as above; before it connects, the one that it will connect from.
    :ivar receive: called with each message and its source; the UA sets it.
    :ivar inbox: what came before it did.
    :ivar pongs: how many keep-alives were answered (RFC 5626 section 3.5.1).
    :ivar refused: how many connections did not come about.
    """

    transport: ClassVar[str] = "TCP"
    _network: MemoryNetwork
    _host: str = field(default="192.0.2.1", converter=canonical_host)
    _port: int = 0
    _listens: bool = False
    address: Address = field(init=False)
    receive: Callable[[bytes, Address], None] = field(init=False)
    inbox: list[tuple[bytes, Address]] = field(factory=list, init=False)
    pongs: int = field(default=0, init=False)
    refused: int = field(default=0, init=False)
    _used: bool = field(default=False, init=False)
    _lines: dict[Address, Line] = field(factory=dict, init=False)
    _listening: IListeningPort | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self.receive = lambda octets, source: self.inbox.append((octets, source))
        self.address = Address(self._host, self._port or self._network.free_port())
        if self._listens:
            self._listening = self._network.reactor.listenTCP(
                self.address.port, Accepting(self), interface=self._host
            )

    @property
    def connected(self) -> bool:
        """Whether it has a connection, as far as it knows."""
        return any(line.established for line in self._lines.values())

    def send(self, octets: bytes, to: Address) -> None:
        """One message, once there is a connection; nobody says if there never is one."""
        line = self._lines.get(to) or self._dial(to)
        line.send(octets)

    def ping(self, to: Address) -> None:
        """Send a keep-alive (RFC 5626 section 3.5.1)."""
        self.send(b"\r\n\r\n", to)

    def suspend(self, how: Suspension) -> None:
        """See :meth:`sippn.testing.endpoints.Endpoint.suspend`."""
        for line in self._lines.values():
            if how == "killed":
                line.hang_up()
            else:
                line.freeze()
        if how != "frozen":
            self._lines.clear()

    def resume(self) -> None:
        """
        See :meth:`sippn.testing.endpoints.Endpoint.resume`.

        A connection that was lost meanwhile is read to its end, and written to no more.
        """
        self._lines = {remote: line for remote, line in self._lines.items() if line.thaw()}
        self._renew()

    def close(self) -> None:
        """Hang up, and listen no more."""
        self.suspend("killed")
        if self._listening is not None:
            self._listening.stopListening()

    def accepted(self, line: Line) -> None:
        """See :class:`~sippn.testing.endpoints_line.Owner`."""
        self._lines[line.remote] = line

    def arrived(self, message: bytes, source: Address) -> None:
        """See :class:`~sippn.testing.endpoints_line.Owner`."""
        self.receive(message, source)

    def lost(self, line: Line) -> None:
        """See :class:`~sippn.testing.endpoints_line.Owner`."""
        if self._lines.get(line.remote) is line:
            del self._lines[line.remote]
            self._renew()

    def failed(self, line: Line) -> None:
        """See :class:`~sippn.testing.endpoints_line.Owner`."""
        self.refused += 1
        self.lost(line)

    def _dial(self, to: Address) -> Line:
        self._renew()
        self._used = True
        port = self._network.free_port() if self._listens else self.address.port
        line = self._lines[to] = Line(self, to)
        self._network.reactor.connectTCP(
            to.host, to.port, Dialling(self, line), bindAddress=(self._host, port)
        )
        return line

    def _renew(self) -> None:
        """Have another address, if this one's connection is gone."""
        if self._used and not self._lines and not self._listens:
            self.address = Address(self._host, self._network.free_port())
            self._used = False

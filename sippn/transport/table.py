"""All flows there are, by name and by destination."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Sequence
from typing import Final

from attrs import field, frozen

from sippn.errors import TransportError
from sippn.interfaces import Maybe
from sippn.sip import URI
from sippn.transport.address import Address, canonical_host
from sippn.transport.flow import Flow
from sippn.transport.listener import Listener
from sippn.transport.resolver import default_port
from sippn.transport.stream import StreamConnection
from sippn.transport.tcp import TCPListener

_END: Final = r"(?:\[[^\[\]]{2,56}\]|[0-9.]{7,15}):[0-9]{1,5}"
_MOST_KEPT: Final = 4096  # datagram flows, 300 octets each
_STREAM_TOKEN: Final = re.compile(rf"(tcp|tls):{_END}:({_END})/[0-9a-f]{{1,32}}", re.ASCII)


@frozen(eq=False)
class FlowTable:
    """
    Finds the way to a peer among our listeners.

    The token of a datagram flow says all about it, so that a binding's flow is there
    again after a restart.  A connection is gone for good when it is gone; only a peer
    that nothing stands before can be connected to anew.
    """

    listeners: Sequence[Listener]
    _datagram: dict[str, Flow] = field(factory=dict, init=False)  # by token: a call asks four times

    def flow(self, token: str) -> Flow | None:
        """The flow *token* names; None: it names none, or it or its listener is gone."""
        flow = self._datagram.get(token)
        if flow is not None:
            return flow
        if not token.startswith("udp:"):
            return self._connection(token)
        flow = self._datagram_flow(token)
        if flow is not None:
            if len(self._datagram) >= _MOST_KEPT:
                self._datagram.clear()
            self._datagram[token] = flow
        return flow

    def keep(self, token: str, until: float) -> None:
        """Spare the connection *token* names for being idle *until* then (monotonic)."""
        connection = self._connection(token)
        if connection is not None:
            connection.keep(until)

    def reopen(self, token: str, uri: URI) -> Maybe[Flow]:
        """
        The flow to *uri*, in place of the connection *token*, which is gone.

        Whoever was registered over it can be connected to only if nothing is between, so
        that the host of its Contact is the one it came from.  No other host is tried: a
        Contact would make us connect wherever its owner likes.

        :raises TransportError: there is no way, told at once or later.
        """
        named = _STREAM_TOKEN.fullmatch(token)
        gone = Address.parse(named[2]) if named else None
        if named is None or gone is None or canonical_host(uri.host) != gone.host:
            raise TransportError("whoever was there cannot be connected to")
        transport = named[1].upper()
        port = default_port(transport) if uri.port is None else uri.port
        remote = Address(gone.host, port)
        listener = self._listener_toward(remote, transport)
        if listener is None:
            raise TransportError(f"no socket of this server leads to {gone.host}")
        return listener.flow_to(remote, gone.host)

    def owns(self, host: str, port: int | None) -> bool:
        """Whether *host* and *port*, of a Via or a Route, are ours; no port is the usual one."""
        return any(
            listener.owns(host, default_port(listener.transport) if port is None else port)
            for listener in self.listeners
        )

    def toward(self, remote: Address, transport: str = "UDP", name: str = "") -> Maybe[Flow | None]:
        """
        The flow to *remote* through the listener that fits best; None: none fits.

        :param name: see :meth:`Listener.flow_to`.
        :raises TransportError: there is no connection, told later.
        """
        listener = self._listener_toward(remote, transport)
        return None if listener is None else _flow_or_none(listener, remote, name)

    def _datagram_flow(self, token: str) -> Flow | None:
        ends = token.removeprefix("udp:")
        for listener in self.listeners:
            near = f"{listener.local}:"
            if listener.transport == "UDP" and ends.startswith(near):
                remote = Address.parse(ends.removeprefix(near))
                flow = None if remote is None else _flow_or_none(listener, remote)
                return None if isinstance(flow, Awaitable) else flow  # nobody waits for UDP
        return None

    def _listener_toward(self, remote: Address, transport: str) -> Listener | None:
        """
        Find the one that the kernel would send from.

        What leaves a socket bound to another interface is refused, or never answered.
        """
        fitting = [
            listener
            for listener in self.listeners
            if listener.transport == transport and listener.local.family == remote.family
        ]
        if len(fitting) > 1:
            fitting.sort(key=lambda listener: not listener.reaches(remote))
        return fitting[0] if fitting else None

    def _connection(self, token: str) -> StreamConnection | None:
        for listener in self.listeners:
            if isinstance(listener, TCPListener):
                connection = listener.streams.flow(token)
                if connection is not None:
                    return connection if connection.is_usable else None
        return None


def _flow_or_none(listener: Listener, remote: Address, name: str = "") -> Maybe[Flow | None]:
    try:
        return listener.flow_to(remote, name)
    except TransportError:
        return None

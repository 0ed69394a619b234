"""All flows there are, by name and by destination."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from sippn.errors import TransportError
from sippn.transport.address import Address
from sippn.transport.flow import Flow
from sippn.transport.listener import Listener

_DEFAULT_PORT = 5060


@frozen(eq=False)
class FlowTable:
    """
    Finds the way to a peer among our listeners.

    It holds nothing per flow: the token of a datagram flow says all about it, so
    that a binding's flow is there again after a restart.
    """

    listeners: Sequence[Listener]

    def flow(self, token: str) -> Flow | None:
        """The flow *token* names; None: it names none, or its listener is gone."""
        transport, _, ends = token.partition(":")
        for listener in self.listeners:
            near = f"{listener.local}:"
            if transport == listener.transport.lower() and ends.startswith(near):
                remote = Address.parse(ends.removeprefix(near))
                return None if remote is None else _flow_or_none(listener, remote)
        return None

    def owns(self, host: str, port: int | None) -> bool:
        """Whether *host* and *port*, of a Via or a Route, are ours; no port means 5060."""
        number = _DEFAULT_PORT if port is None else port
        return any(listener.owns(host, number) for listener in self.listeners)

    def toward(self, remote: Address, transport: str = "UDP") -> Flow | None:
        """
        The flow to *remote* through the listener that fits best; None: none fits.

        Of several that fit, the one the kernel would send from: what leaves a
        socket bound to another interface is refused, or never answered.
        """
        fitting = [
            listener
            for listener in self.listeners
            if listener.transport == transport and listener.local.family == remote.family
        ]
        if len(fitting) > 1:
            fitting.sort(key=lambda listener: not listener.reaches(remote))
        return _flow_or_none(fitting[0], remote) if fitting else None


def _flow_or_none(listener: Listener, remote: Address) -> Flow | None:
    try:
        return listener.flow_to(remote)
    except TransportError:
        return None

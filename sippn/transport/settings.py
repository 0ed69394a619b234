"""
Where to listen.
"""

from __future__ import annotations

from attrs import frozen


@frozen
class ListenSettings:
    """
    One socket.

    :ivar port: 0: any free one.
    :ivar transport: ``"udp"``, ``"tcp"`` or ``"tls"``.
    :ivar advertise: host, or host:port, that others are told in Via and Record-Route.
    :ivar certificate: for TLS: PEM file of the chain, the server's own certificate first;
        *private_key* the PEM file of its key.
    """

    transport: str
    host: str
    port: int
    advertise: str | None = None
    certificate: str | None = None
    private_key: str | None = None


@frozen
class StreamLimits:
    """
    What a peer may take of a server by connections.

    :ivar connections: how many there may be, on all listeners together; 0: any number.
    :ivar idle_timeout: seconds without a whole message on a connection that carries no
        binding, or 20 if that is less until the first one; 0: no limit.
    :ivar message: octets of one message; 0: no limit.
    """

    connections: int = 4096
    idle_timeout: float = 60
    message: int = 131072

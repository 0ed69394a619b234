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
    :ivar advertise: host, or host:port, that others are told in Via and Record-Route.
    """

    transport: str
    host: str
    port: int
    advertise: str | None = None

"""Sockets of phones and of callers."""

from __future__ import annotations

import socket

from attrs import Factory, define, field

from bench.load.again import Again, Key
from bench.load.sockets import address_of, send


@define(eq=False)
class End:
    """
    One end of the way to a server.

    :ivar socket: connected to the server.
    :ivar again: repeats what is not answered; None: what is lost is lost.
    :ivar at: host and port, as in a message.
    """

    socket: socket.socket
    again: Again | None = None
    at: bytes = field(default=Factory(lambda self: address_of(self.socket), takes_self=True))

    def tell(self, message: bytes) -> None:
        """Send *message*, to which there is no answer."""
        send(self.socket, message)

    def ask(self, key: Key, message: bytes) -> None:
        """Send *message*, to which there is."""
        send(self.socket, message)
        if self.again is not None:
            self.again.expect(key, self.socket, message)

    def answered(self, key: Key) -> float:
        """It has come; when the request was sent last, 0 if nobody knows."""
        return 0.0 if self.again is None else self.again.answered(key)

"""One connection that we are about to have, and everybody who waits for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IConnector, IDelayedCall
from twisted.internet.protocol import ClientFactory
from twisted.python.failure import Failure

from sippn.errors import TransportError
from sippn.transport.address import Address
from sippn.transport.stream import StreamConnection


@define(eq=False, repr=False)
class Dial:
    """
    A connect and, over TLS, the handshake.

    :ivar remote: where to; *name* what TLS has to prove of it, or empty.
    :ivar connection: what comes of it; None: nothing has yet.
    :ivar connector: breaks it off.
    :ivar deadline: gives it up.
    """

    remote: Address
    name: str
    connection: StreamConnection | None = None
    connector: IConnector | None = None
    deadline: IDelayedCall | None = None
    _waiters: list[Deferred[StreamConnection]] = field(factory=list, init=False)

    def wait(self) -> Deferred[StreamConnection]:
        """The connection, once it is open; cancelling gives up this waiter only."""
        waiter: Deferred[StreamConnection] = Deferred(self._waiters.remove)
        self._waiters.append(waiter)
        return waiter

    def succeed(self, connection: StreamConnection) -> None:
        """Tell those who wait that *connection* leads there."""
        for waiter in self._ended():
            waiter.callback(connection)

    def fail(self, why: str) -> None:
        """Break it off, and tell those who wait that nothing leads there."""
        waiters = self._ended()
        if self.connection is not None:
            self.connection.abort()
        elif self.connector is not None:
            self.connector.disconnect()
        for waiter in waiters:
            waiter.errback(Failure(TransportError(f"no connection to {self.remote}: {why}")))

    def _ended(self) -> list[Deferred[StreamConnection]]:
        if self.deadline is not None and self.deadline.active():
            self.deadline.cancel()
        waiters, self._waiters = self._waiters, []
        return waiters


class Dialling(ClientFactory[Any]):
    """What Twisted makes the connection of a :class:`Dial` with."""

    noisy = False

    def __init__(
        self,
        dial: Dial,
        connection: Callable[[Dial], StreamConnection],
        failed: Callable[[Dial, str], None],
    ) -> None:
        """
        :param connection: makes one, once the peer has answered.
        :param failed: is told that there will be none, and why.
        """
        self._dial = dial
        self._connection = connection
        self._failed = failed

    def buildProtocol(
        self,
        addr: IAddress | None,  # noqa: ARG002 - it is known
    ) -> StreamConnection:
        """The peer has answered."""
        self._dial.connection = connection = self._connection(self._dial)
        return connection

    def clientConnectionFailed(
        self,
        connector: IConnector,  # noqa: ARG002 - it ends by itself
        reason: Failure,
    ) -> None:
        """The peer has not."""
        self._failed(self._dial, reason.getErrorMessage())

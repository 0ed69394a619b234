"""The peers that we can send to over connections, and those we are connecting to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from attrs import define, field
from twisted.internet.interfaces import IConnector, IReactorTime
from twisted.python.failure import Failure

from sippn.interfaces import Maybe
from sippn.transport.address import Address
from sippn.transport.dial import Dial
from sippn.transport.stream import StreamConnection

CONNECT_SECONDS: Final = 5.0  # TLS handshake included

_Way: TypeAlias = tuple[Address, str | None]  # where to, and whom TLS proved it to be


@define(eq=False, repr=False)
class Ways:
    """
    The ways from one listener: one connection to a peer is enough (RFC 3261 section 18).

    A connection that came to us leads back to the very address it came from, unless its
    peer would have to prove who it is.

    :ivar _connect: begins to connect for a dial.
    """

    _clock: IReactorTime
    _connect: Callable[[Dial], IConnector]
    _open: dict[_Way, StreamConnection] = field(factory=dict, init=False)
    _dials: dict[_Way, Dial] = field(factory=dict, init=False)

    def to(self, remote: Address, name: str) -> Maybe[StreamConnection]:
        """
        The connection to *remote*, one that is open or a new one, once it is.

        :param name: what TLS has to prove; empty: nothing.
        :raises TransportError: there can be none; or the Deferred fails with it.
        """
        connection = self._open.get((remote, name))
        if connection is not None and connection.is_usable:
            return connection
        dial = self._dials.get((remote, name))
        if dial is not None:
            return dial.wait()
        dial = self._dials[remote, name] = Dial(remote, name)
        waiter = dial.wait()
        dial.deadline = self._clock.callLater(
            CONNECT_SECONDS, self.failed, dial, "it took too long"
        )
        try:
            dial.connector = self._connect(dial)
        except Exception as error:  # noqa: BLE001 - a name no certificate can have, no descriptor
            self.failed(dial, str(error))
        return waiter

    def opened(self, connection: StreamConnection) -> None:
        """Messages can be sent over *connection*, whoever opened it."""
        way = (connection.remote, connection.name)
        self._open[way] = connection
        dial = self._dials.pop(way, None)
        if dial is not None:
            dial.succeed(connection)

    def lost(self, connection: StreamConnection, reason: Failure) -> None:
        """Nothing goes over *connection* any more, or never did."""
        way = (connection.remote, connection.name)
        if self._open.get(way) is connection:
            del self._open[way]
        dial = self._dials.get(way)
        if dial is not None and dial.connection is connection:
            self.failed(dial, reason.getErrorMessage())

    def failed(self, dial: Dial, why: str) -> None:
        """Nothing comes of *dial*."""
        way = (dial.remote, dial.name)
        if self._dials.get(way) is dial:
            del self._dials[way]
            dial.fail(why)

    def close(self) -> None:
        """Connect no more."""
        for dial in list(self._dials.values()):
            self.failed(dial, "the server stops")

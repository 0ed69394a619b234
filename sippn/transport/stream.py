"""One connection: messages out of octets, and the way back to whoever is at its end."""

from __future__ import annotations

from contextlib import suppress
from math import inf
from typing import Any, ClassVar, Final, Protocol, cast

from attrs import define, field
from twisted.internet.interfaces import (
    IHandshakeListener,
    IPushProducer,
    IReactorTime,
    ITransport,
)
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from sippn.binding import Source
from sippn.errors import TransportError
from sippn.transport.address import Address
from sippn.transport.flow import FlowUser
from sippn.transport.framing import Framer
from sippn.transport.own_address import OwnAddress
from sippn.transport.turns import Turns
from sippn.transport.wire import Wire, address_of, keep_alive

MOST_UNSENT: Final = 256 << 10  # octets that wait for a peer that does not read
_FULL: Final = 64 << 10  # octets with which Twisted's transports have enough
HANDSHAKE_SECONDS: Final = 10.0
MESSAGE_SECONDS: Final = 20.0  # from the first octet of a message to its last, or to the first
LINGER_SECONDS: Final = 1.0  # for a last answer to arrive
CLOSE_SECONDS: Final = 5.0  # for what was written to leave, and for TLS to agree


class Home(Protocol):
    """The listener that a connection belongs to, whoever opened it."""

    @property
    def transport(self) -> str:
        """As in a Via."""

    @property
    def secure(self) -> bool:
        """Whether there is a handshake before anything else."""

    @property
    def own(self) -> OwnAddress:
        """Where it listens."""

    def made(self, connection: StreamConnection) -> None:
        """Octets may come."""

    def prove(self, handle: Any, name: str | None) -> None:
        """
        Look at whom the handshake brought.

        :param handle: pyOpenSSL's Connection.
        :param name: see :attr:`StreamConnection.name`.
        :raises TransportError: it is not *name*.
        """

    def opened(self, connection: StreamConnection) -> None:
        """Messages may come and go."""

    def message_received(self, octets: bytes, connection: StreamConnection) -> None:
        """One has come whole; it does not raise."""

    def lost(self, connection: StreamConnection, reason: Failure) -> None:
        """It is gone, or was never opened."""


@implementer(IHandshakeListener, IPushProducer)
@define(eq=False, repr=False)
class StreamConnection:
    """
    A :class:`~sippn.transport.flow.Flow` that is a connection, and the IProtocol at our end.

    Its name holds random octets, so that a binding's flow is never taken for another one
    that happens to have the same two addresses later.  It has no timer of its own:
    :meth:`look` is called every second.

    :ivar name: whom TLS proved the peer of an outgoing connection to be; empty: the
        address is all that is asked for; None: it came to us, and proved nothing.
    :ivar local: our end; *remote* the peer's.
    :ivar is_open: messages can pass, or could before it closed.
    """

    _home: Home
    _clock: IReactorTime
    _framer: Framer
    _turns: Turns
    _id: str
    name: str | None
    reliable: ClassVar[bool] = True
    local: Address = field(init=False)
    remote: Address = field(init=False)
    token: str = field(init=False)
    heard_at: float | None = field(default=None, init=False)
    is_open: bool = field(default=False, init=False)
    _wire: Wire | None = field(default=None, init=False)
    _users: dict[int, FlowUser] = field(factory=dict, init=False)
    _used_at: float = field(default=0.0, init=False)  # the last whole message, either way
    _is_used: bool = field(default=False, init=False)  # there was one
    _begun_at: float | None = field(default=None, init=False)  # the message not yet whole
    _kept_until: float = field(default=-inf, init=False)
    _ends_at: float | None = field(default=None, init=False)  # then the next step of closing
    _closed: bool = field(default=False, init=False)
    _unsent: int | None = field(default=None, init=False)  # at most; None: there is room
    _held: bytes | None = field(default=None, init=False)  # the next message, before its turn
    _reading: bool = field(default=True, init=False)
    _why_lost: Failure | None = field(default=None, init=False)
    _log: ClassVar[Logger] = Logger()

    @property
    def transport(self) -> str:
        """See :attr:`Flow.transport`."""
        return self._home.transport

    @property
    def secure(self) -> bool:
        """See :attr:`Flow.secure`."""
        return self._home.secure

    @property
    def sent_by(self) -> str:
        """The listener's, also where we connected: the port of our end takes no calls."""
        return self._home.own.sent_by_from(self.local.host)

    @property
    def source(self) -> Source:
        """See :attr:`Flow.source`."""
        return Source(self.token, self.remote.host, self.remote.port, self.secure)

    @property
    def is_usable(self) -> bool:
        """Whether a message can be sent."""
        return self.is_open and not self._closed

    def join(self, user: FlowUser) -> None:
        """See :meth:`Flow.join`; while there is a user it is not cut for being idle."""
        self._users[id(user)] = user

    def leave(self, user: FlowUser) -> None:
        """See :meth:`Flow.leave`."""
        self._users.pop(id(user), None)

    def forsake(self) -> None:
        """Forget all users: the server ends, and nobody is to start anything anew."""
        self._users.clear()

    def keep(self, until: float) -> None:
        """Do not cut it for being idle before *until* (monotonic): it carries a binding."""
        self._kept_until = max(self._kept_until, until)

    def at_port(self, port: int) -> StreamConnection:  # noqa: ARG002 - see Flow
        """See :meth:`Flow.at_port`."""
        return self

    def send(self, octets: bytes) -> None:
        """
        Send one message.

        :raises TransportError: the connection is closed, or its peer does not read.
        """
        if not self.is_usable:
            raise TransportError(f"the connection to {self.remote} is closed")
        self._use()
        self._write(octets)

    def close(self) -> None:
        """Close it when all that was written has left, or after a time that is bounded."""
        if self._wire is None or self._closed:
            return
        self._closed, self._held = True, None
        self._ends_at = self._clock.seconds() + CLOSE_SECONDS
        if self.is_open:
            self._wire.unregisterProducer()
        self._read(True)  # of TLS the end: the peer says it as well
        self._wire.loseConnection()

    def abort(self) -> None:
        """Close it at once; what was written may be lost."""
        if self._wire is not None:
            self._closed, self._ends_at, self._held = True, inf, None
            self._wire.abortConnection()

    def look(self, now: float, idle_timeout: float) -> bool:
        """Go on closing it, or begin to, if that is due *now* (monotonic); whether it was."""
        if self._ends_at is not None:
            due, deed = now >= self._ends_at, self._end
        elif not self.is_open:
            due, deed = now - self._used_at >= HANDSHAKE_SECONDS, self.abort
        elif self._held is not None:
            return False  # its peer waits for us
        else:
            due, deed = self._is_slow(now) or self._is_idle(now, idle_timeout), self.close
        if due:
            deed()
        return due

    def makeConnection(self, transport: ITransport) -> None:
        """There is a connection; over TLS the handshake begins."""
        self._wire = cast("Wire", transport)
        self.local = address_of(self._wire.getHost())
        self.remote = address_of(self._wire.getPeer())
        self.token = f"{self.transport.lower()}:{self.local}:{self.remote}/{self._id}"
        self._used_at = self.heard_at = self._clock.seconds()
        self._home.made(self)
        self.connectionMade()

    def connectionMade(self) -> None:
        """Without TLS it is open."""
        if not self.secure:
            self._open()

    def handshakeCompleted(self) -> None:
        """With TLS it is open now, if the peer is who it should be."""
        if self._wire is None:
            return
        try:
            self._home.prove(self._wire.getHandle(), self.name)
        except TransportError:
            self._why_lost = Failure()
            self.abort()
        else:
            self._open()

    def dataReceived(self, data: bytes) -> None:
        """Answer what is a ping, pass on what is a message, as far as this turn allows."""
        self.heard_at = self._clock.seconds()
        if self._ends_at is not None:
            return
        self._framer.feed(data)
        if self._held is not None:  # TLS had more of what was read already
            return
        while self._hold():
            if not self._turns.take():
                self._turns.wait(self)
                break
            self._pass_on()
        self._pace()

    def serve(self) -> bool:
        """See :meth:`Waiting.serve`; closed meanwhile, it has nothing more to serve."""
        if self._held is not None:
            self._pass_on()
            self._hold()
            self._pace()
        return self._held is not None

    def connectionLost(self, reason: Failure) -> None:
        """It is gone: tell those who use it."""
        self._wire, self._closed, self._held = None, True, None
        users = list(self._users.values())
        self._users.clear()
        self._home.lost(self, self._why_lost or reason)
        for user in users:
            try:
                user.flow_lost()
            except Exception:  # noqa: BLE001 - the others have to know as well
                self._log.failure("the end of a connection broke one who used it")

    def pauseProducing(self) -> None:
        """The peer does not read what is written: take no more requests from it."""
        if self._unsent is None:
            self._unsent = _FULL
            self._pace()

    def resumeProducing(self) -> None:
        """All that was written has left."""
        if self._unsent is not None:
            self._unsent = None
            self._pace()

    def stopProducing(self) -> None:
        """The connection ends, and :meth:`connectionLost` is told so as well."""

    def _open(self) -> None:
        wire = self._wire
        if wire is None or self._closed:
            return
        wire.setTcpNoDelay(True)
        keep_alive(wire)
        wire.registerProducer(self, True)  # not before: paused, a handshake would never end
        self.is_open = True
        self._used_at = self._clock.seconds()
        self._home.opened(self)

    def _hold(self) -> bool:
        """Have the next message, if it is whole, or the end of a stream that is broken."""
        if self._closed:
            return False
        now = self._clock.seconds()
        self._held = self._framer.next()
        if self._held is not None or not self._framer.partial:
            self._begun_at = None
        elif self._begun_at is None:
            self._begun_at = now
        if self._held is None and self._framer.broken:
            self._ends_at = now + LINGER_SECONDS  # closed over unread octets, TCP drops the answer
        if self._framer.pings:
            pings, self._framer.pings = self._framer.pings, 0
            with suppress(TransportError):
                self._write(b"\r\n" * pings)  # RFC 5626 section 4.4.1
        return self._held is not None

    def _pass_on(self) -> None:
        message, self._held = self._held, None
        if message is not None:
            self._use()
            self._home.message_received(message, self)

    def _use(self) -> None:
        self._is_used, self._used_at = True, self._clock.seconds()

    def _pace(self) -> None:
        self._read(self._held is None and self._unsent is None)

    def _read(self, wanted: bool) -> None:
        if self._wire is None or wanted is self._reading:
            return
        self._reading = wanted
        if wanted:
            self._wire.resumeProducing()
        else:
            self._wire.pauseProducing()

    def _write(self, octets: bytes) -> None:
        if self._wire is None:
            return
        if self._unsent is not None and self._unsent + len(octets) > MOST_UNSENT:
            self.abort()
            raise TransportError(f"{self.remote} does not read what is sent to it")
        self._wire.write(octets)
        if self._unsent is not None:
            self._unsent += len(octets)

    def _end(self) -> None:
        if self._closed:
            self.abort()
        else:
            self.close()

    def _is_slow(self, now: float) -> bool:
        return self._begun_at is not None and now - self._begun_at >= MESSAGE_SECONDS

    def _is_idle(self, now: float, idle_timeout: float) -> bool:
        if not idle_timeout or self._users or now < self._kept_until:
            return False
        most = idle_timeout if self._is_used else min(idle_timeout, MESSAGE_SECONDS)
        return now - self._used_at >= most

"""From octets to the core and back: transports and transactions, wired."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from math import inf
from typing import ClassVar

from attrs import define, field
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from sippn.errors import ServiceUnavailable, SIPError, TransportError, Unreachable
from sippn.events import Bus, MessageReceived, MessageRefused, MessageSent
from sippn.interfaces import Maybe, settled
from sippn.sip import (
    URI,
    BadMessage,
    Limits,
    Message,
    Request,
    Response,
    check,
    read,
    summary,
    write,
)
from sippn.stack.core import Core
from sippn.stack.stateless import StatelessUAS
from sippn.stack.via import MAGIC_COOKIE, stamp, stateless_branch, way_back, with_own_via
from sippn.transaction import (
    ClientObserver,
    ClientTransaction,
    ServerTransaction,
    TransactionLayer,
)
from sippn.transport import Flow, FlowTable, Listener, Resolver, canonical_host

_BUG = "a message from {flow} met a bug of ours"
_MOST_CONNECTS = 3  # of a name that has many addresses: each may take seconds to fail
_MOST_AMPLIFIED = 1.5  # of what was no request, or whoever forges a source floods it by us (A2)
_BRANCH_OCTETS = 10  # 80 bits, in lower case because some compare so


@define(eq=False, repr=False)
class SIPStack:
    """
    Everything below a core: whatever comes in ends in it, in a transaction, or here.

    :ivar core: set before :meth:`start`.
    :ivar _entropy: makes branches, which nobody may guess: a response is known by them.
    """

    _listeners: Sequence[Listener]
    _layer: TransactionLayer
    _resolver: Resolver
    _bus: Bus
    _clock: IReactorTime
    _entropy: Callable[[int], bytes]
    _limits: Limits = field(factory=Limits)
    core: Core = field(init=False)
    _table: FlowTable = field(init=False)
    _secret: bytes = field(init=False)
    _stateless: StatelessUAS = field(init=False)
    _log: ClassVar[Logger] = Logger()

    def __attrs_post_init__(self) -> None:
        self._table = FlowTable(self._listeners)
        self._secret = self._entropy(16)
        self._stateless = StatelessUAS(self._secret)

    def start(self) -> None:
        """
        Listen, on all sockets or on none.

        :raises CannotListenError: an address is taken, or not ours.
        """
        started: list[Listener] = []
        try:
            for listener in self._listeners:
                listener.start(self.received)
                started.append(listener)
        except BaseException:
            for listener in started:
                listener.stop()
            raise

    def stop(self) -> Deferred[None] | None:
        """
        Close all sockets.

        :returns: fires when what was written to connections has left them, or never will;
            None: there is nothing to wait for.
        """
        stopped = [listener.stop() for listener in self._listeners]
        ends = [end for end in stopped if end is not None]
        return DeferredList(ends).addCallback(lambda _: None) if ends else None

    @property
    def listening(self) -> list[str]:
        """Transport and address of each socket, e.g. ``udp 127.0.0.1:5060``."""
        return [f"{each.transport.lower()} {each.local}" for each in self._listeners]

    def received(self, octets: bytes, flow: Flow) -> None:
        """
        Take one message that a listener received on *flow*.

        It never raises: what is wrong with the octets is their sender's business, and
        what is wrong with us must not close a socket.
        """
        try:
            self._take(octets, flow)
        except Exception:  # noqa: BLE001 - any bug above ends here
            self._log.failure(_BUG, flow=flow.token)

    def refuse(self, octets: bytes, flow: Flow, error: SIPError) -> None:
        """
        Answer what was received on *flow* with *error*, without a transaction.

        Not a repetition of what is being served: its sender would take that for failed.  It
        never raises.
        """
        try:
            message = self._read(octets, flow)
            if isinstance(message, Request) and not self._layer.knows(message):
                self._answer(message, error, flow)
        except Exception:  # noqa: BLE001 - any bug above ends here
            self._log.failure(_BUG, flow=flow.token)

    def to_tag(self, request: Request) -> str:
        """The tag of answers to *request* that nothing is kept of: it is always the same."""
        return self._stateless.to_tag(request)

    def send(
        self, request: Request, flow: Flow, observer: ClientObserver, mark: str = ""
    ) -> ClientTransaction:
        """
        Send *request* on *flow*, under a Via and in a transaction of its own.

        :param observer: hears of its responses, or that it could not be sent.
        :param mark: the second part of its branch, of a token's characters: what its sender
            knows it by should it come back (RFC 5393 section 4.2.1).
        """
        branch = MAGIC_COOKIE + self._entropy(_BRANCH_OCTETS).hex() + mark
        return self._layer.send(with_own_via(request, flow, branch), flow, observer)

    def send_stateless(self, request: Request, flow: Flow) -> None:
        """
        Pass the ACK of a 2xx on (RFC 3261 section 16.11); the sender's Via is still on top.

        :raises TransportError: it cannot leave.
        :raises BadRequest: it lacks what its branch is made from.
        """
        branch = stateless_branch(request, self._secret)
        self._transmit(with_own_via(request, flow, branch), flow)

    def find_invite(self, cancel: Request) -> ServerTransaction | None:
        """The INVITE that *cancel* takes back (RFC 3261 section 9.2); None: there is none."""
        return self._layer.find_invite(cancel)

    def flow(self, token: str) -> Flow | None:
        """The flow *token* names; None: it names none, or it is gone."""
        return self._table.flow(token)

    def keep(self, token: str, seconds: float) -> None:
        """Leave the connection that *token* names open for *seconds* though nothing comes."""
        self._table.keep(token, self._clock.seconds() + seconds)

    def reopen(self, token: str, uri_text: str) -> Maybe[Flow]:
        """
        Connect anew to the peer of a connection that is gone.

        :param token: named that connection.
        :param uri_text: where the peer said that it listens: a Contact.
        :raises SIPError: *uri_text* is no SIP URI.
        :raises TransportError: it names anybody else than that peer, or nobody is there;
            the Deferred fails likewise.
        """
        return self._table.reopen(token, URI.parse(uri_text))

    def owns(self, host: str, port: int | None) -> bool:
        """Whether *host* and *port*, of a Route or a Request-URI, lead here."""
        return self._table.owns(host, port)

    async def resolve(self, uri: URI) -> Flow:
        """
        The flow on which *uri* is reached: of its addresses the first that can be.

        :raises Unreachable: nobody takes a connection there.
        :raises SIPError: there is no way; see :meth:`sippn.transport.Resolver.resolve`.
        """
        transport = self._resolver.transport_of(uri)
        name, failed = canonical_host(uri.host), 0
        for address in await settled(self._resolver.resolve(uri)):
            try:
                flow = await settled(self._table.toward(address, transport, name))
            except TransportError:
                failed += 1
                if failed == _MOST_CONNECTS:
                    break
            else:
                if flow is not None:
                    return flow
        if failed:
            raise Unreachable("nobody takes a connection there")
        raise SIPError("no socket of this server leads there")

    def _take(self, octets: bytes, flow: Flow) -> None:
        message = self._read(octets, flow)
        if message is None:
            return
        if self._bus.heard:
            self._publish(MessageReceived, message, flow)
        if isinstance(message, Response):
            self._layer.receive_response(message, flow)  # one that nobody expects is dropped
        elif message.method != "ACK":
            self._take_request(message, flow)
        elif not (self._layer.match_ack(message) or self._stateless.is_acknowledged(message)):
            self.core.ack_received(message, flow)

    def _read(self, octets: bytes, flow: Flow) -> Request | Response | None:
        try:
            message = read(octets, self._limits, framed=flow.reliable)
            if isinstance(message, Request):
                stamp(message, flow.remote)
            check(message, self._limits)
        except BadMessage as problem:
            self._refuse(problem, flow, len(octets))
            return None
        return message

    def _refuse(self, problem: BadMessage, flow: Flow, size: int) -> None:
        if self._bus.heard:
            now, peer = self._clock.seconds(), str(flow.remote)
            self._bus.publish(MessageRefused(now, peer, flow.transport, str(problem)))
        request = problem.request
        if request is not None and request.method != "ACK":
            stamp(request, flow.remote)
            most = inf if flow.reliable else size * _MOST_AMPLIFIED
            self._answer(request, problem, flow, most)

    def _take_request(self, request: Request, flow: Flow) -> None:
        try:
            transaction = self._layer.receive_request(request, way_back(request, flow))
        except ServiceUnavailable as refusal:
            self._answer(request, refusal, flow)
            return
        except Exception:  # noqa: BLE001 - unanswered it would be sent again, and break us again
            self._log.failure(_BUG, flow=flow.token)
            self._answer(request, SIPError(), flow)
            return
        if transaction is None:
            return
        try:
            self.core.request_received(request, transaction, flow)
        except Exception:  # noqa: BLE001 - the same
            self._log.failure(_BUG, flow=flow.token)
            if not transaction.answered:
                transaction.respond(self._stateless.refusal(request, SIPError()))

    def _answer(self, request: Request, error: SIPError, flow: Flow, most: float = inf) -> None:
        with suppress(TransportError):  # as if it had been lost: its sender will ask again
            answer = self._stateless.refusal(request, error)
            self._transmit(answer, way_back(request, flow), most)

    def _transmit(self, message: Request | Response, flow: Flow, most: float = inf) -> None:
        """Send it, unless it has more than *most* octets."""
        octets = write(message)
        if len(octets) > most:
            return
        flow.send(octets)
        if self._bus.heard:
            self._publish(MessageSent, message, flow)

    def _publish(
        self, event: type[MessageReceived | MessageSent], message: Message, flow: Flow
    ) -> None:
        call_id = message.headers.get("Call-ID") or ""
        now, peer = self._clock.seconds(), str(flow.remote)
        self._bus.publish(event(now, peer, flow.transport, summary(message), call_id))

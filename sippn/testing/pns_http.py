"""The HTTP side of :class:`sippn.testing.pns.ScriptedPNS`."""

from __future__ import annotations

import json
from collections.abc import Callable
from enum import Enum
from typing import Any, BinaryIO, cast

from attrs import define, field, frozen
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPullProducer, ITCPTransport
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request, Site
from zope.interface import implementer

CHUNK = bytes(16384)


class Manner(Enum):
    """How a push is treated; beyond ANSWER, how a bad service would."""

    ANSWER = "answers as HTTP asks"
    CLOSE = "answers, says that it closes the connection, and does"
    HANG = "takes the push and never answers"
    RESET = "cuts the connection instead of an answer"
    ENDLESS = "answers, and the body never ends"
    DRIP = "answers, and the body never ends and comes an octet at a time"
    RAW = "sends the body alone, as all octets of an answer, and closes"


@frozen
class Answer:
    """
    What is done with one push.

    :ivar delay: seconds before the answer; DRIP: between octets as well.
    """

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    delay: float = 0
    manner: Manner = Manner.ANSWER


@frozen
class ReceivedPush:
    """
    One push as it arrived.

    :ivar body: the JSON object of the webhook contract.
    :ivar headers: HTTP header fields, names in lower case.
    """

    body: dict[str, Any] = field(repr=False)  # it has a PRID
    headers: dict[str, str] = field(repr=False)  # and these the operator's secret


class Backstage:
    """What a :class:`Door` needs of whom it serves."""

    def push_received(self, push: ReceivedPush) -> Answer:
        """Take *push* down; what to do with it."""
        raise NotImplementedError

    def push_over(self) -> None:
        """A push is answered, or its connection is gone."""
        raise NotImplementedError

    def later(self, seconds: float, what: Callable[[], None]) -> None:
        """Call *what* in *seconds*, unless stopped before."""
        raise NotImplementedError


class Door(Resource):
    """Takes pushes on any path."""

    def __init__(self, backstage: Backstage) -> None:
        super().__init__()
        self.isLeaf = True
        self._backstage = backstage

    def render_POST(self, request: Request) -> bytes | int:
        """One push."""
        try:
            body = json.loads(cast("BinaryIO", request.content).read())
        except ValueError:
            request.setResponseCode(400)
            return b"not JSON"
        headers = {
            name.decode("latin-1").lower(): b", ".join(values).decode("latin-1")
            for name, values in request.requestHeaders.getAllRawHeaders()
        }
        treatment = Treatment(self._backstage, request)
        request.notifyFinish().addBoth(treatment.is_over)
        treatment.begin(self._backstage.push_received(ReceivedPush(body, headers)))
        return NOT_DONE_YET


@implementer(IPullProducer)
@define(eq=False)
class Treatment:
    """One push being answered."""

    _backstage: Backstage
    _request: Request
    _pause: float = field(default=0, init=False)
    _over: bool = field(default=False, init=False)

    def begin(self, answer: Answer) -> None:
        """Do as *answer* says, after its delay."""
        self._pause = answer.delay
        if answer.delay:
            self._backstage.later(answer.delay, lambda: self._answer(answer))
        else:
            self._answer(answer)

    def is_over(self, _: object) -> None:
        """The answer is out, or its connection is gone."""
        self._over = True
        self._backstage.push_over()

    def _answer(self, answer: Answer) -> None:
        if self._over or answer.manner is Manner.HANG:
            return
        if answer.manner is Manner.RESET:
            self._connection.abortConnection()
        elif answer.manner is Manner.RAW:
            self._connection.write(answer.body)
            self._connection.loseConnection()
        else:
            self._respond(answer)

    @property
    def _connection(self) -> ITCPTransport:
        return cast("ITCPTransport", self._request.channel.transport)

    def _respond(self, answer: Answer) -> None:
        self._request.setResponseCode(answer.status)
        for name, value in answer.headers:
            self._request.responseHeaders.addRawHeader(name, value)
        if answer.manner is Manner.ENDLESS:
            self._request.registerProducer(self, False)
        elif answer.manner is Manner.DRIP:
            self._drip()
        else:
            if answer.manner is Manner.CLOSE:
                self._request.setHeader(b"connection", b"close")
            self._request.setHeader(b"content-length", b"%d" % len(answer.body))
            self._request.write(answer.body)
            self._request.finish()

    def _drip(self) -> None:
        if not self._over:
            self._request.write(b".")
            self._backstage.later(self._pause, self._drip)

    def resumeProducing(self) -> None:
        """The connection takes more of an endless body."""
        self._request.write(CHUNK)

    def stopProducing(self) -> None:
        """The connection is gone."""


class QuietSite(Site):
    """No access log: a demo's terminal is its own."""

    noisy = False

    def log(self, request: object) -> None:
        """Say nothing."""


class Front(WrappingFactory[ProtocolWrapper]):
    """
    Knows every connection, to count them and to cut them.

    :ivar made: how many there ever were.
    """

    noisy = False
    made = 0

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self._empty: Deferred[None] | None = None

    def registerProtocol(self, p: ProtocolWrapper) -> None:
        """A connection is made."""
        self.made += 1
        super().registerProtocol(p)

    def unregisterProtocol(self, p: ProtocolWrapper) -> None:
        """A connection is gone."""
        super().unregisterProtocol(p)
        if self._empty is not None and not self.protocols:
            self._empty.callback(None)

    def cut(self) -> None:
        """Cut every connection, idle ones as well."""
        for connection in tuple(self.protocols):
            connection.transport.abortConnection()

    def all_gone(self) -> Deferred[None]:
        """Fires when no connection is left."""
        self._empty = Deferred()
        if not self.protocols:
            self._empty.callback(None)
        return self._empty

"""What the push services have in common: taking pushes, doing as they are told, counting."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Callable
from email.utils import formatdate
from typing import ClassVar, Generic, Protocol, TypeVar

from attrs import define, field, frozen

from sippn.testing.push_server.answers import NEVER_ANSWERED, Answer
from sippn.testing.push_server.exchange import Exchange, HTTPRequest
from sippn.testing.push_server.treatment import Later, Treatment

REMEMBERED = 100_000  # pushes that are kept; of more the older half is forgotten

_PLAIN = Answer()


class Push(Protocol):
    """A push as a service took it down."""

    @property
    def identity(self) -> str:
        """Two pushes with the same one are one push, sent twice."""

    @property
    def label(self) -> str:
        """For whom and of which kind, for people; without a token."""


P = TypeVar("P", bound=Push)


@frozen
class Verdict(Generic[P]):
    """
    What a service finds of a request.

    :ivar push: None: it is none that could be taken down.
    :ivar status: the answer's, as *fields* and *body* are.
    """

    push: P | None
    status: int
    fields: tuple[tuple[str, str], ...] = ()
    body: bytes = field(default=b"", repr=False)


@define(eq=False)
class Service(ABC, Generic[P]):
    """
    A push service.

    It answers by :attr:`script`, one :class:`Answer` a push, then by :attr:`default`.

    :cvar most_streams: that a connection may have at a time.
    :ivar later: calls something later, unless the server is stopped before.
    :ivar wall: the clock on the wall, in seconds since 1970.
    :ivar url: where it listens; "": it does not.
    :ivar clock_off: seconds by which its clock is ahead; it judges tokens and writes Date by it.
    :ivar goaway_every: after so many streams a connection takes no more; 0: never so.
    :ivar on_push: told each push that reaches its phone, as it arrives.
    :ivar on_answer: told each push, and with what status it is answered; 0: not at all.
    :ivar pushes: what came, in order, what was refused included.
    :ivar acted: how often each push reached its phone, by :attr:`Push.identity`.
    :ivar connections: how many were ever made.
    """

    most_streams: ClassVar[int] = 100

    later: Later
    wall: Callable[[], float]
    name: str = ""
    url: str = field(default="", init=False)
    clock_off: float = field(default=0, init=False)
    goaway_every: int = field(default=0, init=False)
    default: Answer = field(default=_PLAIN, init=False)
    script: deque[Answer] = field(factory=deque, init=False)
    on_push: Callable[[P], None] | None = field(default=None, init=False)
    on_answer: Callable[[P, int], None] | None = field(default=None, init=False)
    pushes: list[P] = field(factory=list, init=False)
    acted: Counter[str] = field(factory=Counter, init=False)
    connections: int = field(default=0, init=False)

    def streams(self, certified: str) -> int:  # noqa: ARG002 - most ask for no certificate
        """
        How many streams a connection may have at a time until its first good answer.

        :param certified: the user id in the client's certificate; "": it showed none.
        """
        return self.most_streams

    @property
    def now(self) -> float:
        """Its idea of the time, in seconds since 1970."""
        return self.wall() + self.clock_off

    @property
    def doubled(self) -> int:
        """How many pushes reached their phone more than once."""
        return sum(times > 1 for times in self.acted.values())

    def forget(self) -> None:
        """Forget what came."""
        self.pushes.clear()
        self.acted.clear()

    @abstractmethod
    def judge(self, request: HTTPRequest) -> Verdict[P]:
        """What a well-behaved service finds of *request*."""

    def listens(self, url: str) -> None:
        """From now on it listens at *url*."""
        self.url = url

    def reaches(self, push: P) -> bool:  # noqa: ARG002 - most devices are always there
        """Whether a push that is acted on reaches its device now."""
        return True

    def take(self, exchange: Exchange) -> None:
        """Take a request down, and answer it."""
        request = exchange.request
        if request.method == "GET" and request.path == "/counts":
            exchange.answer(200, _JSON, json.dumps(self.counts()).encode())
            return
        verdict = self.judge(request)
        if verdict.push is None:
            exchange.answer(verdict.status, self._dated(verdict.fields), verdict.body)
            return
        self._take(verdict.push, verdict, exchange)

    def act(self, push: P) -> None:
        """Let *push* reach its phone."""
        self.acted[push.identity] += 1
        if self.on_push is not None:
            self.on_push(push)

    def counts(self) -> dict[str, int]:
        """How many pushes came, reached their phones, and did so more than once."""
        acted = sum(self.acted.values())
        return {
            "acted": acted,
            "different": len(self.acted),
            "doubled": self.doubled,
            "connections": self.connections,
        }

    def _take(self, push: P, verdict: Verdict[P], exchange: Exchange) -> None:
        self.pushes.append(push)
        if len(self.pushes) > REMEMBERED:
            del self.pushes[: REMEMBERED // 2]
        told = self.script.popleft() if self.script else self.default
        status = verdict.status if told.status is None else told.status
        if told.reaches_the_phone(status) and self.reaches(push):
            self.act(push)
        if self.on_answer is not None:
            self.on_answer(push, 0 if told.manner in NEVER_ANSWERED else status)
        if told is _PLAIN:
            exchange.answer(status, self._dated(verdict.fields), verdict.body)
        else:
            self._treat(verdict, told, exchange)

    def _treat(self, verdict: Verdict[P], told: Answer, exchange: Exchange) -> None:
        if told.status is None:
            status, body = verdict.status, verdict.body
        else:
            status, body = told.status, b""
        written = {name.lower() for name, _ in told.fields}
        own = tuple(pair for pair in self._dated(verdict.fields) if pair[0] not in written)
        if told.body is not None:
            body = told.body
        Treatment(exchange, told, status, own + told.fields, body, self.later).begin()

    def _dated(self, fields: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        return (*fields, ("date", formatdate(self.now, usegmt=True)))


_JSON = (("content-type", "application/json"),)

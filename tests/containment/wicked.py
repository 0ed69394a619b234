"""Plugins that do what no plugin should."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, TypeAlias

from attrs import define, field
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from zope.interface import implementer

from sippn.binding import (
    AOR,
    Binding,
    Capability,
    Change,
    PushJob,
    PushKind,
    PushOutcome,
    PushRequest,
    PushTarget,
    Record,
    RegisterPlan,
    RoutePlan,
)
from sippn.interfaces import IPushDialect, IPushProvider, IRoutingPolicy, Maybe
from sippn.sip import NameAddr, Request
from sippn.storage.memory import MemoryStore

PRID = "secret-prid"  # in every error there is: none may reach the log
LATE = 45.0  # seconds: nobody waits as long

Ask: TypeAlias = Callable[[], Any]
Way: TypeAlias = Callable[[IReactorTime, Ask], Any]


class Wickedness(Exception):
    """No error that anybody expects."""


def raises(_: IReactorTime, __: Ask) -> Any:
    """At once."""
    raise Wickedness(PRID)


def fails(_: IReactorTime, __: Ask) -> Any:
    """As a Deferred."""
    return fail(Wickedness(PRID))


def fails_as_a_coroutine(_: IReactorTime, __: Ask) -> Coroutine[Any, Any, Any]:
    """As one."""

    async def wickedly() -> None:
        raise Wickedness(PRID)

    return wickedly()


def fails_later(clock: IReactorTime, _: Ask) -> Any:
    """When nobody listens any more."""
    return deferLater(clock, LATE, partial(raises, clock, list))


def never_answers(_: IReactorTime, __: Ask) -> Any:
    """Never."""
    return Deferred()


def answers_late(clock: IReactorTime, ask: Ask) -> Any:
    """Right, but when nobody listens any more, and whether it is cancelled or not."""
    answer: Deferred[Any] = Deferred(lambda _: None)

    def too_late() -> None:
        if not answer.called:
            answer.callback(ask())

    clock.callLater(LATE, too_late)
    return answer


def breaks_when_cancelled(clock: IReactorTime, ask: Ask) -> Any:
    """And never answers."""
    return Deferred(lambda _: raises(clock, ask))


def gives_nonsense(_: IReactorTime, __: Ask) -> Any:
    """At once."""
    return object()


def gives_nonsense_later(_: IReactorTime, __: Ask) -> Any:
    """As a Deferred."""
    return succeed(object())


AT_ONCE = (raises, fails, fails_as_a_coroutine, gives_nonsense, gives_nonsense_later)
IN_NO_TIME = (never_answers, breaks_when_cancelled, answers_late, fails_later)
WAYS = (*AT_ONCE, *IN_NO_TIME)


@define(eq=False)
class Mind:
    """
    What a plugin is up to.

    :ivar on: the method that goes wrong; empty: none.
    """

    clock: IReactorTime
    on: str = ""
    way: Way = raises

    def do(self, method: str, ask: Ask) -> Any:
        """What *ask* says, or not."""
        return self.way(self.clock, ask) if method == self.on else ask()


@define(eq=False, repr=False)
class WickedStore(MemoryStore):
    """A store."""

    mind: Mind = field(kw_only=True)

    def load(self, aor: AOR) -> Any:
        """Read a record, or not."""
        return self.mind.do("load", lambda: super(WickedStore, self).load(aor))

    def find(self, key: bytes) -> Any:
        """Find who has a key, or not."""
        return self.mind.do("find", lambda: super(WickedStore, self).find(key))

    def commit(self, changes: Sequence[Change]) -> Any:
        """Write, or not."""
        return self.mind.do("commit", lambda: super(WickedStore, self).commit(changes))

    def due(self, before: float, limit: int, lease: float) -> Any:
        """Claim what is due, or not."""
        return self.mind.do("due", lambda: super(WickedStore, self).due(before, limit, lease))

    def scan(self, after: AOR, limit: int) -> Deferred[Sequence[Record]]:
        """List, or not."""
        found: Deferred[Sequence[Record]] = self.mind.do(
            "scan", lambda: super(WickedStore, self).scan(after, limit)
        )
        return found


@implementer(IPushProvider)
@define(eq=False)
class WickedProvider:
    """A provider of the PNS ``wicked``."""

    mind: Mind

    @property
    def capabilities(self) -> Sequence[Capability]:
        """What it serves, or not."""
        listed: Sequence[Capability] = self.mind.do("capabilities", lambda: [Capability("wicked")])
        return listed

    def can_push(self, target: PushTarget, kind: PushKind) -> bool:  # noqa: ARG002 - the interface's
        """Whether it can, or not."""
        can: bool = self.mind.do("can_push", lambda: target.provider == "wicked")
        return can

    def request_push(self, job: PushJob) -> Deferred[PushOutcome]:  # noqa: ARG002 - the interface's
        """A push that is never answered, or worse."""
        asked: Deferred[PushOutcome] = self.mind.do("request_push", Deferred)
        return asked


@implementer(IPushDialect)
@define(eq=False)
class WickedDialect:
    """A dialect that nobody speaks."""

    mind: Mind

    def read(self, register: Request, contact: NameAddr) -> PushRequest | None:  # noqa: ARG002 - the interface's
        """Nothing, or worse."""
        push: PushRequest | None = self.mind.do("read", lambda: None)
        return push


@implementer(IRoutingPolicy)
@define(eq=False)
class WickedPolicy:
    """A policy."""

    mind: Mind

    def on_register(self, register: Request, plan: RegisterPlan) -> Maybe[RegisterPlan]:  # noqa: ARG002 - the interface's
        """The plan, or not."""
        bent: Maybe[RegisterPlan] = self.mind.do("on_register", lambda: plan)
        return bent

    def determine_targets(self, request: Request, plan: RoutePlan) -> RoutePlan:  # noqa: ARG002 - the interface's
        """The plan."""
        return plan

    def select_bindings(self, request: Request, found: Sequence[Binding]) -> Sequence[Binding]:  # noqa: ARG002 - the interface's
        """All of them."""
        return found

    def on_push(self, job: PushJob) -> Maybe[PushJob | None]:
        """The job, or not."""
        passed: Maybe[PushJob | None] = self.mind.do("on_push", lambda: job)
        return passed

    def on_push_result(self, job: PushJob, outcome: PushOutcome) -> None:  # noqa: ARG002 - the interface's
        """Take note, or not."""
        return self.mind.do("on_push_result", lambda: None)  # type: ignore[no-any-return] # wicked

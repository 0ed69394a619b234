"""One push as the server would send it, told from beginning to end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import time
from typing import Any

from attrs import define, evolve, field, frozen
from twisted.application.service import IService
from twisted.internet.defer import TimeoutError as NotInTime
from twisted.internet.defer import maybeDeferred

from sippn.binding import AOR, PushJob, PushKind, PushOutcome, PushTarget, Verdict, aor_of
from sippn.cli.aims import Aim, aim_of_token, aims_of_record
from sippn.cli.redaction import Redactor
from sippn.cli.showing import exchange, verdict, wrapped
from sippn.cli.wish import CannotTry, Wish
from sippn.containment import ContainedProvider, ContainedService
from sippn.errors import SIPError
from sippn.http import Overheard
from sippn.interfaces import IReadable, Surroundings
from sippn.push import Dispatcher
from sippn.service import ServerSettings

_REFRESH, _CANCEL = 60.0, 10.0  # seconds: nobody waits for the one, the other is soon of no use
_SPARE = 2.0  # seconds more than a provider has: it is to say itself that it was too late

_METHODS = {
    PushKind.CALL: "INVITE",
    PushKind.MESSAGE: "MESSAGE",
    PushKind.MID_DIALOG: "BYE",
    PushKind.REFRESH: "",
    PushKind.CANCEL: "INVITE",
}
_CALLER = '"sippn push test" <sip:push-test@example.invalid>;tag=1'
_REASON = 'SIP;cause=487;text="ORIGINATOR_CANCEL"'

_NOT_IN_TIME = PushOutcome(Verdict.FAILED, detail="the provider did not end in time")
_IN_STORE = (
    'is not kept where this command could read it: with [storage] type = "sqlite" it is. Say a'
    " token in place of the AOR: what the phone sends as pn-prid"
)


@frozen
class _Desk:
    """
    The configuration's push providers, for a moment.

    :ivar services: those of them that start and stop.
    """

    push: Dispatcher
    services: Sequence[ContainedService]

    @classmethod
    def furnished(cls, settings: ServerSettings, around: Surroundings) -> _Desk:
        """:raises ConfigErrors: a provider cannot be built."""
        built = [build(around) for build in settings.providers]
        services = [IService(provider) for provider in built if IService.providedBy(provider)]
        contained = [ContainedProvider(provider, around.clock) for provider in built]
        return cls(Dispatcher(contained), [ContainedService(one, around.clock) for one in services])

    def open(self) -> None:
        for service in self.services:
            service.startService()

    async def close(self) -> None:
        for service in self.services:
            await maybeDeferred(service.stopService)


@define(eq=False)
class PushTest:
    """
    The whole of it.

    :ivar _say: takes a text to show.
    """

    _wish: Wish
    _settings: ServerSettings
    _around: Surroundings
    _say: Callable[[str], None]
    _redactor: Redactor = field(factory=Redactor, init=False)

    async def run(self) -> bool:
        """
        Push, and tell.

        :returns: whether all that was to be pushed was accepted.
        :raises CannotTry: there is nobody to push.
        :raises ConfigErrors: a provider cannot be built, or the storage not read.
        """
        around = evolve(self._around, serves=self._settings.serves, overhear=self._overhear)
        desk = _Desk.furnished(self._settings, around)
        aims = self._aims(desk.push)
        for aim in aims:
            if aim.target is not None:
                self._redactor.hide_target(aim.target)
        desk.open()
        try:
            return all([await self._one(aim, desk.push) for aim in aims])
        finally:
            await desk.close()

    def _aims(self, push: Dispatcher) -> Sequence[Aim]:
        wish = self._wish
        if wish.aor is None:
            domain = next(iter(self._settings.domains), "example.invalid")
            return [aim_of_token(wish, push, domain)]
        if wish.provider or wish.param or wish.sandbox or wish.hints:
            what = "--provider, --param, --sandbox and --hint are of a token"
            raise CannotTry(f"{what}: a binding has its own")
        try:
            aor = aor_of(wish.aor)
        except SIPError as error:
            raise CannotTry(f"{wish.aor}: {error}: write it as sip:alice@example.com") from None
        return self._bindings(aor, push)

    def _bindings(self, aor: AOR, push: Dispatcher) -> Sequence[Aim]:
        store = self._settings.storage(self._around)
        if not IReadable.providedBy(store):
            raise CannotTry(f"{aor} {_IN_STORE}")
        record = IReadable(store).read(aor)
        if record is None or not record.bindings:
            what = "has no binding: its phone never registered, or not for long enough"
            raise CannotTry(f"{aor} {what}")
        return aims_of_record(record, self._wish, push, self._around.wall())

    async def _one(self, aim: Aim, push: Dispatcher) -> bool:
        """Push one of them, if it can be; whether it was accepted."""
        self._say(wrapped(self._redactor.text(f"{aim.aor}: {aim.says}"), first=""))
        target = aim.target
        if target is None or aim.why_not:
            self._say(wrapped(self._redactor.text(f"Not pushed: {aim.why_not}.")) + "\n")
            return False
        outcome = await self._pushed(aim, target, push)
        self._say("\n" + verdict(outcome, self._redactor) + "\n")
        return outcome.verdict is Verdict.ACCEPTED

    async def _pushed(self, aim: Aim, target: PushTarget, push: Dispatcher) -> PushOutcome:
        clock, seconds = self._around.clock, self._patience()
        asked = push.request_push(self._job(aim, target, clock.seconds() + seconds))
        try:
            return await asked.addTimeout(seconds + _SPARE, clock)
        except NotInTime:
            return _NOT_IN_TIME

    def _job(self, aim: Aim, target: PushTarget, deadline: float) -> PushJob:
        kind, name = self._wish.kind, f"push-test-{self._around.entropy(8).hex()}"
        refresh = kind is PushKind.REFRESH
        return PushJob(
            id=name,
            kind=kind,
            target=target,
            aor=aim.aor,
            deadline=deadline,
            collapse_key=name,
            method=_METHODS[kind],
            call_id="" if refresh else name,
            caller="" if refresh else _CALLER,
            reason=_REASON if kind is PushKind.CANCEL else "",
        )

    def _patience(self) -> float:
        wait = self._settings.proxy.wait
        return {
            PushKind.CALL: wait.invite,
            PushKind.MESSAGE: wait.message,
            PushKind.MID_DIALOG: wait.mid_dialog,
            PushKind.REFRESH: _REFRESH,
            PushKind.CANCEL: _CANCEL,
        }[self._wish.kind]

    def _overhear(self, heard: Overheard) -> None:
        self._say("\n" + exchange(heard, self._redactor))


def surroundings(reactor: Any, entropy: Callable[[int], bytes]) -> Surroundings:
    """What a provider may use of this process."""
    return Surroundings(reactor=reactor, clock=reactor, wall=time, entropy=entropy)

"""Access to one project's messages: a token that Google gives for an hour (RFC 7523)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Final
from urllib.parse import urlencode

import jwt
from attrs import define, evolve, field
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from sippn.binding import PushOutcome, Verdict
from sippn.http import Ask, NoAnswer
from sippn.providers.fcm.account import ServiceAccount
from sippn.providers.fcm.grants import Grant, grant_in
from sippn.providers.fcm.servers import Server
from sippn.providers.settings import Endpoint

SCOPE: Final = "https://www.googleapis.com/auth/firebase.messaging"
ANSWER_TIME: Final = 5.0
"""Seconds for a token, connecting included; whoever waits for one has to wait for a push, too."""

RENEWAL: Final = 0.9
"""The part of its life after which a token is renewed, while pushes still go on with it."""

REFUSAL_TIME: Final = 10.0
"""Seconds until Google is asked again that refused: it does not change its mind sooner."""

FAILURE_TIME: Final = 1.0
"""Seconds until it is asked again where it is out of order, and does not say when it is back."""

LONGEST_WAIT: Final = 60.0
"""Seconds after which it is asked again whatever it said: no phone of the project is reached."""

_GRANT_TYPE: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LIFE: Final = 3600  # seconds: the most that Google takes


@define(eq=False)
class Access:
    """
    The token of one project, got when the first push needs it, and renewed from then on.

    However many pushes wait for it, it is asked for once; and not again for a while when that
    failed, so that a project whose key was deleted does not have Google asked for every push.

    :ivar _lacking: why the last request for a token gave none; None: it gave one.
    """

    _project: str
    _account: ServiceAccount
    _endpoint: Endpoint
    _server: Server = field(repr=False)
    _clock: IReactorTime = field(repr=False)
    _wall: Callable[[], float] = field(repr=False)
    _token: bytes = field(default=b"", init=False, repr=False)
    _expires_at: float = field(default=0.0, init=False)
    _replaced_at: float = field(default=-REFUSAL_TIME, init=False)
    _lacking: PushOutcome | None = field(default=None, init=False)
    _not_before: float = field(default=0.0, init=False)
    _asked: Deferred[Any] | None = field(default=None, init=False, repr=False)
    _waiting: list[Deferred[bytes | PushOutcome]] = field(factory=list, init=False, repr=False)
    _renewal: IDelayedCall | None = field(default=None, init=False, repr=False)
    _log: ClassVar[Logger] = Logger()

    def token(self) -> bytes | PushOutcome | Deferred[bytes | PushOutcome]:
        """The token; or why there is none, which is then the outcome of the push."""
        now = self._clock.seconds()
        if now < self._expires_at:
            return self._token
        if self._lacking is not None and now < self._not_before:
            return self._still_lacking(self._lacking, now)
        waiting: Deferred[bytes | PushOutcome] = Deferred(self._leave)
        self._waiting.append(waiting)
        self._ask()
        return waiting

    def replace(self, token: bytes) -> bool:
        """
        FCM takes *token* no more: forget it.

        :returns: whether another is worth a try; not where another was no better just now.
        """
        now = self._clock.seconds()
        if token != self._token:
            return True
        if now < self._replaced_at + REFUSAL_TIME:
            return False
        self._replaced_at = now
        self._token, self._expires_at = b"", 0.0
        return True

    def close(self) -> None:
        """Get no more of them."""
        self._expires_at = 0.0
        if self._asked is not None:
            self._asked.cancel()
        if self._renewal is not None:
            self._renewal.cancel()
            self._renewal = None

    def _ask(self) -> None:
        if self._asked is not None:
            return
        self._asked = self._server.ask(self._request(), ANSWER_TIME)
        granted = self._asked.addCallback(lambda answer: grant_in(answer, self._wall()))
        granted.addErrback(self._unanswered).addCallback(self._settle)

    def _request(self) -> Ask:
        now = int(self._wall())
        claims = {
            "iss": self._account.email,
            "scope": SCOPE,
            "aud": self._endpoint.url + self._endpoint.path,
            "iat": now,
            "exp": now + _LIFE,
        }
        headers = {"kid": self._account.key_id} if self._account.key_id else None
        assertion = jwt.encode(claims, self._account.key, "RS256", headers)
        return Ask(
            b"POST",
            self._endpoint.path.encode("ascii"),
            ((b"content-type", b"application/x-www-form-urlencoded"), (b"user-agent", b"sippn")),
            urlencode({"grant_type": _GRANT_TYPE, "assertion": assertion}).encode("ascii"),
        )

    def _unanswered(self, failure: Failure) -> PushOutcome:
        if isinstance(failure.value, NoAnswer):
            why = str(failure.value)
        elif failure.check(CancelledError):
            why = "stopped"
        else:
            self._log.failure("the access token of {project}", failure, project=self._project)
            why = "a bug"
        return PushOutcome(Verdict.FAILED, detail=f"token endpoint: {why}")

    def _settle(self, result: Grant | PushOutcome) -> None:
        self._asked = None
        waiting, self._waiting = self._waiting, []
        said = self._take(result) if isinstance(result, Grant) else self._lack(result)
        for each in waiting:
            if not each.called:  # what became of one may have ended the wait of another
                each.callback(said)

    def _leave(self, waiting: Deferred[bytes | PushOutcome]) -> None:
        """Somebody waits no more."""
        if waiting in self._waiting:
            self._waiting.remove(waiting)

    def _take(self, grant: Grant) -> bytes:
        self._lacking = None
        self._token = grant.token
        self._expires_at = self._clock.seconds() + grant.life
        self._renew_in(max(grant.life * RENEWAL, REFUSAL_TIME))
        return grant.token

    def _lack(self, outcome: PushOutcome) -> PushOutcome:
        """No message has left: those that wait for the token are not to be taken back."""
        outcome = evolve(outcome, unsent=outcome.verdict is Verdict.FAILED)
        now = self._clock.seconds()
        wait = outcome.retry_after
        if wait is None:
            wait = REFUSAL_TIME if outcome.verdict is Verdict.REFUSED else FAILURE_TIME
        wait = min(wait, LONGEST_WAIT)
        if now < self._expires_at:
            self._tell(outcome)
            self._renew_in(max(wait, REFUSAL_TIME))
        self._lacking, self._not_before = outcome, now + wait
        return self._still_lacking(outcome, now)

    def _tell(self, outcome: PushOutcome) -> None:
        """No push has failed yet, and there is time to mend it."""
        if self._lacking is None:
            self._log.warn(
                "fcm: no new access token for {project} yet, and this one ends in {left} s: "
                "{detail}{advice}",
                project=self._project,
                left=round(self._expires_at - self._clock.seconds()),
                detail=outcome.detail,
                advice=f"; {outcome.advice}" if outcome.advice else "",
            )

    def _still_lacking(self, outcome: PushOutcome, now: float) -> PushOutcome:
        if outcome.verdict is Verdict.REFUSED:
            return outcome
        return evolve(outcome, retry_after=self._not_before - now)

    def _renew_in(self, seconds: float) -> None:
        if self._renewal is not None:
            self._renewal.cancel()
        self._renewal = self._clock.callLater(seconds, self._renew)

    def _renew(self) -> None:
        self._renewal = None
        self._ask()

"""What Google's token endpoint answers, and what that says (RFC 6749 section 5, RFC 7523)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from attrs import evolve, field, frozen

from sippn.binding import PushOutcome, Verdict
from sippn.http import Answer
from sippn.providers.dates import clock_advice
from sippn.providers.rows import Row
from sippn.providers.verdicts import seconds_to_wait

_NEW_KEY = (
    "download a new one in the Firebase console, Project settings, Service accounts, and name it "
    "in service_account"
)
_NOTHING: Final = "no access token"

GRANTS: Final[Mapping[str, Row]] = MappingProxyType(
    {
        "invalid_grant": Row(
            Verdict.REFUSED,
            "Google takes no token request of this service account",
            "see that this machine's clock is right, that the account is there and enabled, and "
            f"that its key was not deleted; else {_NEW_KEY}",
        ),
        "invalid_grant: timeframe": Row(
            Verdict.REFUSED,
            "Google says that our token request is from another time",
            "set this machine's clock by NTP",
        ),
        "invalid_grant: signature": Row(
            Verdict.REFUSED, "the service account's key was deleted, or is another's", _NEW_KEY
        ),
        "invalid_grant: account": Row(
            Verdict.REFUSED, "the service account was deleted", f"create one: {_NEW_KEY}"
        ),
        "invalid_grant: audience": Row(
            Verdict.REFUSED,
            "the token endpoint says that our request is for another",
            "remove token_endpoint, so that the one of the service account's file is asked",
        ),
        "invalid_client": Row(
            Verdict.REFUSED, "Google does not know the service account", _NEW_KEY
        ),
        "unauthorized_client": Row(
            Verdict.REFUSED,
            "the service account may not ask for access to Firebase Cloud Messaging",
            "enable it in the Google Cloud console, IAM, Service accounts",
        ),
        "invalid_scope": Row(
            Verdict.REFUSED,
            "the token endpoint does not know Firebase Cloud Messaging",
            "remove token_endpoint, or name one of Google's",
        ),
        "HTTP 429": Row(Verdict.BUSY, "the token endpoint is asked too often"),
        "HTTP 3xx, 4xx": Row(
            Verdict.REFUSED,
            "the token endpoint refuses our request",
            "see that token_endpoint, or token_uri of the service account, is right",
        ),
        "HTTP 5xx": Row(Verdict.BUSY, "the token endpoint is out of order for now"),
        _NOTHING: Row(
            Verdict.FAILED,
            "the token endpoint answered, and with no access token",
            "see that token_endpoint leads to Google, and not to a login page on the way there",
        ),
    }
)
"""By ``error``, in places with what ``error_description`` shows; then by status."""

_DESCRIBED: Final = {
    "timeframe": re.compile(r"short-lived|timeframe|\biat\b", re.IGNORECASE),
    "audience": re.compile(r"audience", re.IGNORECASE),
    "signature": re.compile(r"signature", re.IGNORECASE),
    "account": re.compile(r"account not found|deleted", re.IGNORECASE),
}
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,4096}")
_LONGEST_LIFE: Final = 86400.0
_USUAL_LIFE: Final = 3600.0


@frozen
class Grant:
    """
    Access, for a time.

    :ivar token: as it goes into a header field.
    :ivar life: seconds from now.
    """

    token: bytes = field(repr=False)
    life: float


def grant_in(answer: Answer, wall: float) -> Grant | PushOutcome:
    """
    What the token endpoint gave, or what becomes of the pushes that wait for it.

    :param wall: wall clock, seconds: for a date in Retry-After, and to see whether it is right.
    """
    said = object_in(answer.body) or {}
    if 200 <= answer.status < 300:
        return _grant(said) or GRANTS[_NOTHING].outcome(f"token endpoint: {_NOTHING}")
    error = _error(said)
    row = GRANTS[error or _by_status(answer.status)]
    outcome = row.outcome(f"token endpoint: {error or f'HTTP {answer.status}'}")
    if row.verdict is Verdict.BUSY:
        return evolve(outcome, retry_after=wait_in(answer, wall))
    clock = clock_advice(answer, wall)
    return evolve(outcome, advice=f"{clock}; {outcome.advice}") if clock else outcome


def object_in(body: bytes) -> Mapping[str, Any] | None:
    """The JSON object that *body* is; None: it is none."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def wait_in(answer: Answer, wall: float) -> float | None:
    """The seconds that Retry-After asks for; None: it does not."""
    value = answer.value(b"retry-after")
    return None if value is None else seconds_to_wait(value, wall)


def _grant(said: Mapping[str, Any]) -> Grant | None:
    token, life = said.get("access_token"), said.get("expires_in", _USUAL_LIFE)
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        return None
    if type(life) not in (int, float) or not life > 0:
        return None
    return Grant(token.encode(), min(life, _LONGEST_LIFE))


def _error(said: Mapping[str, Any]) -> str:
    """Which of our errors it says; empty: none."""
    error = said.get("error")
    if not isinstance(error, str) or not error.isidentifier() or error not in GRANTS:
        return ""
    if error == "invalid_grant":
        words = str(said.get("error_description"))
        for what, pattern in _DESCRIBED.items():
            if pattern.search(words):
                return f"{error}: {what}"
    return error


def _by_status(status: int) -> str:
    if status == 429:
        return "HTTP 429"
    return "HTTP 5xx" if status >= 500 else "HTTP 3xx, 4xx"

"""
What APNs answers, and what that says of a push (REQUIREMENTS N-05).

Apple, "Handling notification responses from APNs"; ``docs/answers`` is written from this table.
Only what is about one token kills a binding.  What is about the topic, the key or the request
is the operator's to mend, and then every phone can be pushed again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from attrs import evolve, frozen

from sippn.binding import PushOutcome, Verdict
from sippn.http import Answer
from sippn.providers.dates import clock_advice
from sippn.providers.rows import Row
from sippn.providers.verdicts import seconds_to_wait

_OURS: Final = "this is a fault of sippn's: report it, with the line of the log"
_KEY: Final = "compare team, key_id and key_file with Apple's Keys page, where a key can be revoked"
_CERTIFICATE: Final = "make a new certificate on Apple's Certificates page"
_ENVIRONMENT: Final = (
    "take a key or certificate of both environments, or set sandbox to the one that it is of"
)
_SOON: Final = "nothing: sippn asks again while the call waits"

ROWS: Final[Mapping[tuple[int, str], Row]] = MappingProxyType(
    {
        (200, ""): Row(Verdict.ACCEPTED, "Apple took the push"),
        (400, "BadCollapseId"): Row(Verdict.REFUSED, "the apns-collapse-id is too long", _OURS),
        (400, "BadDeviceToken"): Row(
            Verdict.DEAD,
            "no device has this token, in this environment",
            "where all phones of the app get it, sandbox is wrong: an app that Xcode installed "
            "has tokens of the sandbox, one of TestFlight or the App Store has not",
        ),
        (400, "BadExpirationDate"): Row(Verdict.REFUSED, "the apns-expiration is wrong", _OURS),
        (400, "BadMessageId"): Row(Verdict.REFUSED, "the apns-id is wrong", _OURS),
        (400, "BadPriority"): Row(Verdict.REFUSED, "the apns-priority is wrong", _OURS),
        (400, "BadTopic"): Row(
            Verdict.REFUSED, "the apns-topic is wrong", "compare the bundle id in apps with Xcode's"
        ),
        (400, "DeviceTokenNotForTopic"): Row(
            Verdict.DEAD,
            "the token is of another app",
            "where all phones of the app get it, it registers a token of one app under the "
            "bundle id of another in pn-param",
        ),
        (400, "DuplicateHeaders"): Row(Verdict.REFUSED, "a header field came twice", _OURS),
        (400, "IdleTimeout"): Row(Verdict.FAILED, "the connection was idle for too long", _SOON),
        (400, "InvalidPushType"): Row(Verdict.REFUSED, "the apns-push-type is wrong", _OURS),
        (400, "MissingDeviceToken"): Row(Verdict.REFUSED, "the path has no device token", _OURS),
        (400, "MissingTopic"): Row(Verdict.REFUSED, "there is no apns-topic", _OURS),
        (400, "PayloadEmpty"): Row(Verdict.REFUSED, "there is no payload", _OURS),
        (400, "TopicDisallowed"): Row(
            Verdict.REFUSED,
            "the key or certificate may not push this app",
            "use a key of the team that the app is of, or a certificate that was made for its "
            "bundle id (for calls: one of VoIP services)",
        ),
        (403, "BadCertificate"): Row(Verdict.REFUSED, "the certificate is not valid", _CERTIFICATE),
        (403, "BadCertificateEnvironment"): Row(
            Verdict.REFUSED, "the certificate is of the other environment", _ENVIRONMENT
        ),
        (403, "BadEnvironmentKeyIdInToken"): Row(
            Verdict.REFUSED, "the key is of the other environment", _ENVIRONMENT
        ),
        (403, "BadEnvironmentKeyInToken"): Row(
            Verdict.REFUSED, "the key is of the other environment", _ENVIRONMENT
        ),
        (403, "ExpiredProviderToken"): Row(
            Verdict.REFUSED,
            "Apple takes our token for older than an hour, though it was made anew",
            "set this machine's clock by NTP",
        ),
        (403, "Forbidden"): Row(Verdict.REFUSED, "Apple does not allow it", _KEY),
        (403, "InvalidProviderToken"): Row(
            Verdict.REFUSED, "Apple does not know the key that our token is signed with", _KEY
        ),
        (403, "MissingProviderToken"): Row(
            Verdict.REFUSED,
            "neither a token nor a certificate of ours came to Apple",
            "look whether a gateway at endpoint drops header fields",
        ),
        (403, "UnrelatedKeyIdInToken"): Row(
            Verdict.REFUSED,
            "the key is for other apps than this one",
            "use a key without restriction to topics, or one that has this bundle id",
        ),
        (404, "BadPath"): Row(Verdict.REFUSED, "there is no such path", "compare endpoint"),
        (405, "MethodNotAllowed"): Row(Verdict.REFUSED, "it was no POST", _OURS),
        (410, "ExpiredToken"): Row(
            Verdict.DEAD, "the token has expired", "nothing: the app gets a new one"
        ),
        (410, "Unregistered"): Row(
            Verdict.DEAD, "the app was removed from the phone", "nothing: it is not pushed again"
        ),
        (413, "PayloadTooLarge"): Row(
            Verdict.REFUSED, "the payload is too large", "shorten payload: 4096 octets, calls 5120"
        ),
        (429, "TooManyProviderTokenUpdates"): Row(
            Verdict.REFUSED,
            "new tokens come more often than every 20 minutes",
            "give every server a key of its own, and wait 20 minutes after a restart",
        ),
        (429, "TooManyRequests"): Row(
            Verdict.BUSY, "too many pushes for this phone in a short time", _SOON
        ),
        (500, "InternalServerError"): Row(Verdict.BUSY, "Apple has a fault", _SOON),
        (503, "ServiceUnavailable"): Row(Verdict.BUSY, "Apple is not available", _SOON),
        (503, "Shutdown"): Row(Verdict.BUSY, "that server of Apple's shuts down", _SOON),
    }
)
"""By status and ``reason``."""

BY_STATUS: Final[Mapping[int, Row]] = MappingProxyType(
    {
        400: Row(Verdict.REFUSED, "Apple does not take the request", _OURS),
        403: Row(Verdict.REFUSED, "Apple does not take the key or certificate", _KEY),
        410: Row(Verdict.DEAD, "the token is no longer in use", "nothing: it is not pushed again"),
        413: ROWS[413, "PayloadTooLarge"],
        429: ROWS[429, "TooManyRequests"],
    }
)
"""What a status says whose reason is missing or not known."""

FAULT: Final = Row(Verdict.BUSY, "Apple is out of order", _SOON)
"""A 5xx that is in no table."""

STRANGE: Final = Row(Verdict.REFUSED, "this is no answer of Apple's", "compare endpoint")
"""Any other status."""

TOKEN_REFUSED: Final = frozenset({"ExpiredProviderToken", "InvalidProviderToken"})
"""What a provider token of ours may get only because it is old."""

OTHER_ENVIRONMENT: Final = frozenset(
    {
        "BadDeviceToken",
        "BadCertificateEnvironment",
        "BadEnvironmentKeyIdInToken",
        "BadEnvironmentKeyInToken",
    }
)
"""What the other environment may take."""

_REASON: Final = re.compile(r"[A-Z][A-Za-z]{1,63}")
_ID: Final = re.compile(rb"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_LONGEST: Final = 1024  # octets of a body; Apple's have 70
_MILLISECONDS: Final = range(10**12, 10**13)  # since 1970: from 2001 to 2286


@frozen
class Reply:
    """
    An answer, read.

    :ivar reason: Apple's own word; empty: there is none, or one that cannot be.
    :ivar gone_since: wall clock, seconds, from a 410: when the token was found out of use.
    """

    answer: Answer
    row: Row
    reason: str = ""
    gone_since: float | None = None

    @classmethod
    def of(cls, answer: Answer) -> Reply:
        """Read *answer*; whoever wrote it, it is one of these."""
        told = _told(answer.body)
        reason = told.get("reason")
        if not isinstance(reason, str) or not _REASON.fullmatch(reason):
            reason = ""
        row = ROWS.get((answer.status, reason)) or _row_of(answer.status)
        since = told.get("timestamp")
        if (
            row.verdict is not Verdict.DEAD
            or not isinstance(since, int)
            or since not in _MILLISECONDS
        ):
            return cls(answer, row, reason)
        return cls(answer, row, reason, since / 1000)

    def outcome(self, sent_as: str, wall: Callable[[], float]) -> PushOutcome:
        """
        What it says of the push that was *sent_as*, its apns-id.

        :param wall: wall clock, for a Retry-After, and for how far off it is.
        """
        name = self.answer.value(b"apns-id") or b""
        pns_id = name.decode("ascii") if _ID.fullmatch(name) else sent_as
        detail = f"{self.answer.status} {self.reason}".rstrip()
        wait = self._wait(wall) if self.row.verdict is Verdict.BUSY else None
        outcome = self.row.outcome(detail, pns_id, wait, self.gone_since)
        if self.reason not in TOKEN_REFUSED:
            return outcome
        first = clock_advice(self.answer, wall())
        return evolve(outcome, advice=f"{first}; {outcome.advice}") if first else outcome

    def _wait(self, wall: Callable[[], float]) -> float | None:
        value = self.answer.value(b"retry-after")
        return None if value is None else seconds_to_wait(value, wall())


def _row_of(status: int) -> Row:
    if status in BY_STATUS:
        return BY_STATUS[status]
    if 200 <= status < 300:
        return ROWS[200, ""]
    return FAULT if 500 <= status < 600 else STRANGE


def _told(body: bytes) -> dict[str, Any]:
    if not body or len(body) > _LONGEST:
        return {}
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}

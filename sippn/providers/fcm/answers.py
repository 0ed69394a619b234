"""
What FCM answers to a message, and what that says.

From Google's reference of ``ErrorCode`` and ``google.rpc.Code``, and where that says nothing
from answers that people have published.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from attrs import evolve, field, frozen

from sippn.binding import PushOutcome, Verdict
from sippn.http import Answer
from sippn.providers.dates import clock_advice
from sippn.providers.fcm.grants import object_in, wait_in
from sippn.providers.rows import Row
from sippn.providers.verdicts import PATIENCE

UNAUTHENTICATED: Final = "UNAUTHENTICATED"
_NO_JSON: Final = "no JSON"
QUOTA_TIME: Final = 60.0
"""Seconds that Google wants to be left alone where a quota is used up, and does not say longer."""

_DOWN: Final = Row(Verdict.BUSY, "FCM is out of order for now")
_QUOTA: Final = Row(
    Verdict.BUSY,
    "more is pushed than Google lets this project, or this phone, be sent",
    "if this lasts, ask for more in the Google Cloud console, Quotas",
)

ROWS: Final[Mapping[str, Row]] = MappingProxyType(
    {
        "HTTP 200": Row(Verdict.ACCEPTED, "FCM has it"),
        "UNREGISTERED": Row(
            Verdict.DEAD, "the app was removed from the phone, or has another token by now"
        ),
        "INVALID_ARGUMENT: message.token": Row(
            Verdict.DEAD, "the token is none, perhaps cut off or that of another push service"
        ),
        "INVALID_ARGUMENT": Row(
            Verdict.REFUSED,
            "FCM does not take the message",
            "see that payload has no key that Google keeps for itself (from, gcm, google...) and "
            "is below 4096 octets",
        ),
        "SENDER_ID_MISMATCH": Row(
            Verdict.REFUSED,
            "the app on the phone belongs to another Firebase project",
            "add the project that its google-services.json names, or build the app with this "
            "project's",
        ),
        "QUOTA_EXCEEDED": _QUOTA,
        "UNAVAILABLE": _DOWN,
        "INTERNAL": _DOWN,
        "THIRD_PARTY_AUTH_ERROR": Row(
            Verdict.REFUSED,
            "the phone is one of Apple's or a browser, and the project has no valid key for those",
            "upload one in the Firebase console, Project settings, Cloud Messaging; or have the "
            "app register with apns or webpush",
        ),
        "UNSPECIFIED_ERROR": Row(Verdict.FAILED, "FCM does not say what is wrong"),
        UNAUTHENTICATED: Row(
            Verdict.REFUSED,
            "FCM takes no access token of ours, not even a new one",
            "see that this machine's clock is right and that service_account is of this project",
        ),
        "PERMISSION_DENIED": Row(
            Verdict.REFUSED,
            "the service account may not send messages of this project, or there is none such",
            "see that the project's id is right, and give the account the role Firebase Cloud "
            "Messaging API Admin in the Google Cloud console, IAM",
        ),
        "SERVICE_DISABLED": Row(
            Verdict.REFUSED,
            "the project has the Firebase Cloud Messaging API switched off",
            "enable it in the Google Cloud console, APIs and services, and wait some minutes",
        ),
        "NOT_FOUND": Row(
            Verdict.REFUSED,
            "there is no such project",
            "write its id, as in the Firebase console, Project settings; and see that endpoint "
            "is right",
        ),
        "RESOURCE_EXHAUSTED": _QUOTA,
        "HTTP 5xx": _DOWN,
        "HTTP 3xx, 4xx": Row(
            Verdict.REFUSED,
            "what is at endpoint is not FCM, or refuses us for a reason of its own",
            "see that endpoint is right; leave it out for Google's own",
        ),
        _NO_JSON: Row(
            Verdict.FAILED,
            "the answer is that of somebody else on the way to FCM",
            "see that endpoint is right and that no proxy is in between",
        ),
    }
)
"""
By FCM's ``errorCode``; where it has none by the reason of ``ErrorInfo``, by ``status``, and at
last by the HTTP status.
"""

_NAME: Final = re.compile(r"projects/[^/\s]{1,128}/messages/([!-~]{1,128})")
_BAD_TOKEN: Final = "The registration token is not a valid FCM registration token"  # noqa: S105
_TYPES: Final = {
    "type.googleapis.com/google.firebase.fcm.v1.FcmError": "errorCode",
    "type.googleapis.com/google.rpc.ErrorInfo": "reason",
}
_BAD_REQUEST: Final = "type.googleapis.com/google.rpc.BadRequest"
_MOST: Final = 32  # of details and violations that are looked at


@frozen
class Reply:
    """
    What FCM said.

    :ivar key: of :data:`ROWS`.
    :ivar pns_id: FCM's own name for the message; empty: it took none, or does not say.
    """

    key: str
    _answer: Answer = field(repr=False)
    pns_id: str = ""

    def outcome(self, wall: float) -> PushOutcome:
        """
        What became of the push.

        :param wall: wall clock, seconds: for a Retry-After that is a date, and to see whether
            it is right.
        """
        row, answer = ROWS[self.key], self._answer
        detail = self.key.partition(":")[0]
        if detail.startswith("HTTP"):
            detail = f"HTTP {answer.status}"
        outcome = row.outcome(detail, self.pns_id)
        if row.verdict is Verdict.BUSY:
            wait = wait_in(answer, wall)
            return evolve(
                outcome, retry_after=QUOTA_TIME if wait is None and row is _QUOTA else wait
            )
        if self.key == _NO_JSON:
            return evolve(outcome, retry_after=PATIENCE)  # it may have come to FCM all the same
        if self.key == UNAUTHENTICATED and (clock := clock_advice(answer, wall)):
            return evolve(outcome, advice=f"{clock}; {outcome.advice}")
        return outcome


def reply_in(answer: Answer) -> Reply:
    """Read *answer*."""
    said = object_in(answer.body)
    if 200 <= answer.status < 300:
        if said is None:
            return Reply(_NO_JSON, answer)
        # one that is named in another way is on its way all the same, and is not sent again
        name = _NAME.fullmatch(str(said.get("name")))
        return Reply("HTTP 200", answer, name[1] if name else "")
    error = (said or {}).get("error")
    return Reply(_key(answer.status, error if isinstance(error, dict) else {}), answer)


def _key(status: int, error: Mapping[str, Any]) -> str:
    for code in (*_codes(error), str(error.get("status"))):
        if code == "INVALID_ARGUMENT" and _is_of_token(error):
            return "INVALID_ARGUMENT: message.token"
        if code.isidentifier() and code in ROWS:  # other rows are none that it may say itself
            return code
    if status == 401:
        return UNAUTHENTICATED
    if status == 429:
        return "QUOTA_EXCEEDED"
    return "HTTP 5xx" if status >= 500 else "HTTP 3xx, 4xx"


def _codes(error: Mapping[str, Any]) -> Iterator[str]:
    for detail in _details(error):
        name = _TYPES.get(str(detail.get("@type")))
        if name is not None:
            yield str(detail.get(name))


def _is_of_token(error: Mapping[str, Any]) -> bool:
    """The field is named in older answers; in newer ones there is but the message."""
    if error.get("message") == _BAD_TOKEN:
        return True
    return any(
        violation.get("field") == "message.token"
        for detail in _details(error)
        if detail.get("@type") == _BAD_REQUEST
        for violation in _objects(detail.get("fieldViolations"))
    )


def _details(error: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return _objects(error.get("details"))


def _objects(listed: Any) -> list[Mapping[str, Any]]:
    if not isinstance(listed, list):
        return []
    return [each for each in listed[:_MOST] if isinstance(each, dict)]

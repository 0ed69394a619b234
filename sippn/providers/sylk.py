"""
What sylk-pushserver is told (``POST /push``), and what its answers say.

From its source, as of 2026: ``models/requests.py``, ``api/routes/push.py``, ``api/errors`` and
``pns``.  It knows a call, a message, and a call taken back, of Apple's and Google's services.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from sippn.binding import PushJob, PushKind, PushTarget, Verdict
from sippn.dialect.names import APNS, FCM
from sippn.http import Answer
from sippn.providers.facts import from_name, from_uri, hint, shown
from sippn.providers.rows import Row

PLATFORMS: Final = MappingProxyType({APNS: "apple", FCM: "firebase"})
EVENTS: Final = MappingProxyType(
    {
        PushKind.CALL: "incoming_session",
        PushKind.MESSAGE: "message",
        PushKind.CANCEL: "cancel",
    }
)
"""There is none that lets an app register in silence: it would ring for a refresh."""

_MEDIA: Final = MappingProxyType({PushKind.CALL: "audio", PushKind.MESSAGE: "sms"})
_SANDBOX: Final = ".dev"  # as its Apple topics are told from Apple's own
_WRONG_TOKEN: Final = ("BadDeviceToken", "DeviceTokenNotForTopic")

_BUSY: Final = Row(Verdict.BUSY, "sylk-pushserver, or the push service behind it, is out of order")

SYLK_ROWS: Final[Mapping[str, Row]] = MappingProxyType(
    {
        "HTTP 2xx": Row(Verdict.ACCEPTED, "sylk-pushserver has it"),
        "HTTP 410": Row(Verdict.DEAD, "the push service says that the token is gone"),
        "HTTP 404, of the push service": Row(
            Verdict.DEAD, "the push service does not know the token"
        ),
        "HTTP 400 BadDeviceToken": Row(
            Verdict.DEAD, "Apple says that the token is none, or not this app's"
        ),
        "HTTP 404": Row(
            Verdict.REFUSED,
            "sylk-pushserver knows no such app, or there is another server at url",
            "add the app and its platform to applications.ini, and let url end in /push",
        ),
        "HTTP 400": Row(
            Verdict.REFUSED,
            "sylk-pushserver does not take what it is sent",
            "see its log; one that is old knows no messages: leave MESSAGE out of push.methods",
        ),
        "HTTP 401, 403": Row(
            Verdict.REFUSED,
            "sylk-pushserver does not let this server in, or the push service refuses its key",
            "add this server to allowed_hosts in general.ini; else see its log",
        ),
        "HTTP 429": _BUSY,
        "HTTP 5xx": _BUSY,
        "HTTP 3xx, 4xx": Row(
            Verdict.REFUSED,
            "what is at url is not sylk-pushserver, or the push service refuses the push",
            "see its log, and that url is right",
        ),
    }
)


def sylk_takes(target: PushTarget, kind: PushKind) -> bool:
    """Whether sylk-pushserver has a word for *kind*, and reaches *target*'s PNS."""
    return kind in EVENTS and target.provider in PLATFORMS and bool(_app_id(target))


def sylk_body(job: PushJob, token: str) -> dict[str, Any]:
    """
    What it is told of *job*, which it takes; who calls as well, since it asks for that.

    :param token: the one for this kind of push.
    """
    target = job.target
    said: dict[str, Any] = {
        "app-id": _app_id(target),
        "platform": PLATFORMS[target.provider],
        "token": token,
        "call-id": job.call_id,
        "from": _bare(from_uri(job)),
        "from-display-name": from_name(job),
        "to": _bare(shown(job.aor)),
        "event": EVENTS[job.kind],
        "silent": hint(job, "pn-silent") != "0",
    }
    if job.kind in _MEDIA:
        said["media-type"] = _MEDIA[job.kind]
    if job.reason:
        said["reason"] = shown(job.reason)
    device = hint(job, "pn-device")
    if device:
        said["device-id"] = device
    return said


def sylk_key(answer: Answer) -> str:
    """Which of :data:`SYLK_ROWS` says what *answer* does."""
    status = answer.status
    if 200 <= status < 300:
        return "HTTP 2xx"
    if status in (404, 400):
        return _by_cause(status, _result(answer.body))
    if status in (410, 429):
        return f"HTTP {status}"
    if status in (401, 403):
        return "HTTP 401, 403"
    return "HTTP 5xx" if status >= 500 else "HTTP 3xx, 4xx"


def _by_cause(status: int, result: Mapping[str, Any]) -> str:
    if status == 404:
        return "HTTP 404, of the push service" if result else "HTTP 404"
    if str(result.get("reason")).startswith(_WRONG_TOKEN):
        return "HTTP 400 BadDeviceToken"
    return "HTTP 3xx, 4xx" if result else "HTTP 400"


def _result(body: bytes) -> Mapping[str, Any]:
    """What the push service said, which it hands on; an empty one: these are its own words."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    result = said.get("data") if isinstance(said, dict) else None
    return result if isinstance(result, dict) else {}


def _app_id(target: PushTarget) -> str:
    """Its own parameter for it, the bundle id of Apple's apps, or what else names the app."""
    own = dict(target.hints).get("pn-app")
    if own:
        return own
    return (
        f"{target.app}{_SANDBOX}" if target.app and target.sandbox else target.app or target.param
    )


def _bare(uri: str) -> str:
    return uri.partition(":")[2] if uri.startswith(("sip:", "sips:")) else uri

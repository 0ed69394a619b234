"""What a user sees and hears of a call or a message where the app has no ``voip`` token."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Any, Final

from attrs import frozen

from sippn.binding import PushJob, PushKind
from sippn.providers.apns.presets import CALL_KEY, MESSAGE_KEY
from sippn.providers.facts import caller_of, hint

NOBODY: Final = "\u2026"
"""Who calls, where that is not told: the app's words for an alert have a gap for it."""

LINPHONE: Final = "linphone"

_CAUSE: Final = re.compile(r";\s*cause\s*=\s*([0-9]{3})(?![0-9])", re.IGNORECASE)


@frozen
class Alert:
    """
    What there is to say.

    :ivar hint: the push parameter in which a UA says by which key its app has it translated.
    :ivar english: for an app that says nothing.
    :ivar linphone: the key of Linphone's apps, which some of these leave out.
    :ivar sound: the push parameter that names the sound; empty: it makes none.
    """

    hint: str
    english: str
    linphone: str = ""
    sound: str = ""


CALL: Final = Alert("pn-call-str", "Incoming call", CALL_KEY, "pn-call-snd")
MESSAGE: Final = Alert("pn-msg-str", "New message", MESSAGE_KEY, "pn-msg-snd")
MISSED: Final = Alert("pn-missing-call-str", "Missed call")
ANSWERED: Final = Alert("pn-call-accepted-elsewhere-str", "Answered elsewhere")
DECLINED: Final = Alert("pn-call-declined-elsewhere-str", "Declined elsewhere")

_ALERTS: Final = MappingProxyType({PushKind.CALL: CALL, PushKind.MESSAGE: MESSAGE})


def what(job: PushJob) -> Alert:
    """
    What is said for *job*.

    A call that is over says how it ended: the cause in its Reason is 200 where another phone
    answered, and 6xx where one declined for all of them (RFC 3326).
    """
    if job.kind is not PushKind.CANCEL:
        return _ALERTS[job.kind]
    found = _CAUSE.search(job.reason)
    cause = found[1] if found else ""
    if cause == "200":
        return ANSWERED
    return DECLINED if cause.startswith("6") else MISSED


def alert_of(job: PushJob, preset: str) -> dict[str, Any]:
    """
    The ``aps`` of a push that the user sees.

    The app may run then, too (``content-available``), and may word it anew first
    (``mutable-content``): that is how it learns who calls if Apple shall not.
    """
    alert = what(job)
    key = hint(job, alert.hint) or (alert.linphone if preset == LINPHONE else "")
    said: dict[str, Any] = {"body": alert.english}
    if key:
        name = caller_of(job) if preset == LINPHONE else NOBODY
        said = {"loc-key": key, "loc-args": [name]}
    aps: dict[str, Any] = {"alert": said, "content-available": 1, "mutable-content": 1}
    if alert.sound:
        aps["sound"] = hint(job, alert.sound) or "default"
    return aps

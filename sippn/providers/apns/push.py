"""
One push as APNs wants it: its header fields, and what is in it.

Apple, "Sending notification requests to APNs" and "Generating a remote notification".  A push
is one of three: a call's (PushKit), one that the user sees, and one that the app alone sees.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from enum import Enum
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Final

from attrs import field, frozen

from sippn.binding import PushJob, PushKind, service_for
from sippn.dialect.apns import VOIP
from sippn.http.messages import Fields
from sippn.providers.apns.alerts import alert_of
from sippn.providers.apns.presets import SEEN
from sippn.providers.payload import Payload, call_hash

_TOKEN: Final = re.compile(r"(?:[0-9A-Fa-f]{2}){1,200}")
_WRITER: Final = json.JSONEncoder(separators=(",", ":"), check_circular=False, ensure_ascii=False)
_AWAKE: Final = MappingProxyType({"content-available": 1})


class Style(Enum):
    """
    How a phone takes a push; the value is the ``apns-push-type``.

    Only a call's may be ``VOIP``: iOS stops an app that shows no call for it (R-04).
    """

    VOIP = "voip"
    ALERT = "alert"
    BACKGROUND = "background"


LARGEST: Final = MappingProxyType({Style.VOIP: 5120, Style.ALERT: 4096, Style.BACKGROUND: 4096})
"""Octets of a payload."""

# 10: at once; 5 spares the battery, and Apple refuses a background push with another
_PRIORITY: Final = MappingProxyType({Style.VOIP: b"10", Style.ALERT: b"10", Style.BACKGROUND: b"5"})


def is_token(text: str) -> bool:
    """Whether *text* can be a device token: Apple promises hex, and no length."""
    return _TOKEN.fullmatch(text) is not None


def style_of(job: PushJob) -> Style:
    """
    Which push *job* is.

    A call that is taken back is told where the user saw it, in the alert itself; where it went
    to the ``voip`` token, the app is told without a word to the user (S-12).
    """
    called = service_for(job.target, PushKind.CALL)
    by_voip = called is not None and called[0] == VOIP
    if job.kind is PushKind.CALL:
        return Style.VOIP if by_voip else Style.ALERT
    if job.kind is PushKind.MESSAGE:
        return Style.ALERT
    if job.kind is PushKind.CANCEL and not by_voip:
        return Style.ALERT
    return Style.BACKGROUND


@frozen
class App:
    """
    What all pushes of one app have in common.

    :ivar _fields: by style, the header fields that never change.
    """

    bundle: str
    payload: Payload = field(repr=False)
    _fields: Mapping[Style, Fields] = field(repr=False)

    @classmethod
    def of(cls, bundle: str, payload: Payload) -> App:
        """The app *bundle*."""
        return cls(bundle, payload, {style: _same_for_all(bundle, style) for style in Style})

    def fields(self, job: PushJob, style: Style, expires_at: int) -> Fields:
        """
        The header fields of *job*, without what says who sends it.

        :param expires_at: wall clock, seconds: until when Apple keeps it for a phone that is
            away; 0: it is now or never.
        """
        fields = (
            *self._fields[style],
            (b"apns-id", push_id(job).encode("ascii")),
            (b"apns-expiration", b"%d" % expires_at),
        )
        if style is Style.VOIP:  # one per call, and CallKit shows each (S-04)
            return fields
        return (*fields, (b"apns-collapse-id", collapse_id(job, style)))

    def body(self, job: PushJob, style: Style, left: float) -> bytes:
        """The payload; it may be larger than :data:`LARGEST`."""
        payload = self.payload.of(job, left)
        payload["aps"] = {**_aps(self.payload, job, style), **_kept(payload.get("aps"), style)}
        return _WRITER.encode(payload).encode("utf-8")


def push_id(job: PushJob) -> str:
    """The ``apns-id``: the same each time that *job* is asked for, so that logs can be joined."""
    name = sha256(b"apns %s" % job.id.encode("utf-8", "surrogateescape")).hexdigest()
    return f"{name[:8]}-{name[8:12]}-8{name[13:16]}-8{name[17:20]}-{name[20:32]}"  # RFC 9562, 5.8


def collapse_id(job: PushJob, style: Style) -> bytes:
    """
    What a push takes the place of: what the user saw of the same call, or of the same message.

    One that the user does not see leaves that alone.
    """
    name = call_hash(job)
    return (name if style is Style.ALERT else f"{job.kind.value}-{name}").encode("ascii")


def _same_for_all(bundle: str, style: Style) -> Fields:
    topic = f"{bundle}.voip" if style is Style.VOIP else bundle
    return (
        (b"apns-topic", topic.encode("ascii")),
        (b"apns-push-type", style.value.encode("ascii")),
        (b"apns-priority", _PRIORITY[style]),
    )


def _aps(payload: Payload, job: PushJob, style: Style) -> Mapping[str, Any]:
    return alert_of(job, payload.preset) if style is Style.ALERT else _AWAKE


def _kept(aps: Mapping[str, Any] | None, style: Style) -> Mapping[str, Any]:
    """What of the app's own ``aps`` a push of *style* may have."""
    if not aps:
        return {}
    if style is not Style.BACKGROUND:
        return aps
    return {name: value for name, value in aps.items() if name not in SEEN} | _AWAKE

"""A push as it comes to APNs, and what may be wrong with it alone."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from attrs import field, frozen

from sippn.testing.push_server.apns_answers import (
    LONGEST,
    LONGEST_COLLAPSE_ID,
    LONGEST_VOIP,
    PUSH_TYPES,
    SUFFIXES,
)
from sippn.testing.push_server.exchange import HTTPRequest

HEX = re.compile(r"(?:[0-9a-f]{2})+", re.IGNORECASE)
BUNDLE = re.compile(r"[A-Za-z0-9.-]{1,155}")
_PATH = re.compile(r"/3/device/([0-9a-fA-F]{64,200})")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]{1,12}")


@frozen
class Device:
    """
    A device token that APNs knows more of than that it is one.

    :ivar app: the bundle id of the app that it was given to.
    :ivar sandbox: it is good in the sandbox alone.
    :ivar unregistered_at: since when it is no longer in use, in seconds since 1970.
    """

    app: str
    sandbox: bool = False
    unregistered_at: float | None = None


@frozen
class APNsPush:
    """
    One push.

    :ivar token: the device token.
    :ivar id: ``apns-id``, the client's or ours.
    :ivar fields: of the request, without what says who sent it.
    """

    token: str = field(repr=False)
    topic: str
    push_type: str
    id: str
    fields: Mapping[str, str] = field(repr=False)
    payload: dict[str, Any] = field(repr=False)
    sandbox: bool = False

    @property
    def identity(self) -> str:
        """Its apns-id."""
        return self.id

    @property
    def label(self) -> str:
        """The topic and the type."""
        return f"{self.topic} {self.push_type}"

    @property
    def priority(self) -> int:
        """``apns-priority``; 10 where it is not said."""
        text = self.fields.get("apns-priority", "10")
        return int(text) if _NUMBER.fullmatch(text) else 0

    @property
    def expiration(self) -> int:
        """``apns-expiration``, in seconds since 1970; 0: now or never."""
        text = self.fields.get("apns-expiration", "0")
        return int(text) if _NUMBER.fullmatch(text) else 0

    @property
    def collapse_id(self) -> str:
        """``apns-collapse-id``."""
        return self.fields.get("apns-collapse-id", "")


def push_of(request: HTTPRequest, *, sandbox: bool) -> APNsPush:
    """The push in *request*, as far as there is one."""
    fields = request.fields
    found = _PATH.fullmatch(request.path)
    return APNsPush(
        token=found[1].lower() if found else "",
        topic=fields.get("apns-topic") or request.peer.certified,
        push_type=fields.get("apns-push-type", ""),
        id=fields.get("apns-id") or str(uuid4()),
        fields={name: value for name, value in fields.items() if name != "authorization"},
        payload=_payload(request.body),
        sandbox=sandbox,
    )


def push_refused(push: APNsPush, size: int) -> str:
    """
    What is wrong with *push*, whoever sends it; "": nothing.

    :param size: octets of the payload.
    """
    voip = push.push_type == "voip"
    background = push.push_type == "background"
    wrong = {
        "BadMessageId": not _UUID.fullmatch(push.id),
        "InvalidPushType": bool(push.push_type) and push.push_type not in PUSH_TYPES,
        "BadPriority": push.priority not in ((1, 5) if background else (1, 5, 10)),
        "BadExpirationDate": not _NUMBER.fullmatch(push.fields.get("apns-expiration", "0")),
        "BadCollapseId": len(push.collapse_id.encode()) > LONGEST_COLLAPSE_ID,
        "PayloadTooLarge": size > (LONGEST_VOIP if voip else LONGEST),
        "PayloadEmpty": not push.payload,
    }
    return next((reason for reason, is_so in wrong.items() if is_so), "")


def app_of(topic: str, push_type: str) -> str | None:
    """The bundle id in *topic*; None: the topic is not one for *push_type*."""
    suffix = SUFFIXES.get(push_type, "")
    if suffix:
        return topic.removesuffix(suffix) if topic.endswith(suffix) else None
    foreign = push_type and any(topic.endswith(other) for other in SUFFIXES.values())
    return None if foreign else topic


def _payload(body: bytes) -> dict[str, Any]:
    try:
        payload = json.loads(body)
    except ValueError:
        return {}
    return payload if isinstance(payload, dict) else {}

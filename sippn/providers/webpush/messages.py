"""A push message as it is POSTed (RFC 8030 section 5)."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from hashlib import sha256
from types import MappingProxyType
from typing import Final

from attrs import define, field

from sippn.binding import PushJob, PushKind
from sippn.http import Ask
from sippn.providers.payload import Payload
from sippn.providers.webpush.encryption import LONGEST, SALT, BadKeys, encrypt, keys_of, new_key
from sippn.value import value_class

URGENCY: Final[Mapping[PushKind, bytes]] = MappingProxyType(
    {
        PushKind.CALL: b"high",
        PushKind.MESSAGE: b"high",
        PushKind.MID_DIALOG: b"high",
        PushKind.CANCEL: b"high",  # it rings
        PushKind.REFRESH: b"normal",  # less is for those on power or Wi-Fi: the rest would expire
    }
)
"""RFC 8030 section 5.3: high is for those whose battery is low as well."""

_TOPIC: Final = 24  # octets of a hash: 32 characters, the longest there may be (section 5.4)
_WRITER: Final = json.JSONEncoder(separators=(",", ":"), check_circular=False, ensure_ascii=False)


@value_class
class Body:
    """
    What is in a push.

    :ivar octets: encrypted; empty: there is nothing, and the push alone wakes the UA.
    :ivar remark: why there is nothing though the UA can be told something; never has a key.
    """

    octets: bytes = field(default=b"", repr=False)
    remark: str = ""


@define(eq=False)
class Writer:
    """Writes push messages."""

    _payload: Payload
    _entropy: Callable[[int], bytes]

    def body(self, job: PushJob, left: float) -> Body:
        """
        The payload of *job*, for the one UA that has the keys; none for a UA that gave none.

        RFC 8599 section 12 knows no payload: a push without one wakes every UA, so keys
        that are of no use keep nobody from being called.

        :param left: seconds until the deadline.
        """
        try:
            keys = keys_of(dict(job.target.hints))
        except BadKeys as error:
            return Body(remark=f"sent without a payload: {error}")
        if keys is None:
            return Body()
        plain = _WRITER.encode(self._payload.of(job, left)).encode("utf-8", "replace")
        if len(plain) > LONGEST:
            return Body(remark="sent without a payload: it is longer than a push service takes")
        return Body(encrypt(plain, keys, new_key(self._entropy), self._entropy(SALT)))

    def ask(self, job: PushJob, path: bytes, authorization: bytes, body: bytes, now: float) -> Ask:
        """
        The request; the push service forgets the message when it is of no use any more.

        Of one Topic it keeps the last message only: what takes a call back replaces what
        announced it, as long as that is not delivered (S-12).
        """
        fields = [
            (b"ttl", b"%d" % max(job.life(now), 0)),
            (b"urgency", b"high" if job.urgent else URGENCY[job.kind]),
            (b"topic", topic_of(job)),
            (b"authorization", authorization),
            (b"user-agent", b"sippn"),
        ]
        if body:
            fields += [
                (b"content-type", b"application/octet-stream"),
                (b"content-encoding", b"aes128gcm"),
            ]
        return Ask(b"POST", path, tuple(fields), body)


def topic_of(job: PushJob) -> bytes:
    """The same for all pushes that may replace each other; it shows nothing of what they say."""
    key = (job.collapse_key or job.id).encode("utf-8", "surrogateescape")
    return urlsafe_b64encode(sha256(key).digest()[:_TOPIC])

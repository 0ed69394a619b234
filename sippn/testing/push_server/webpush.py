"""A web push service (RFC 8030) that checks who sends (RFC 8292)."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from hashlib import sha256
from urllib.parse import urlsplit

from attrs import define, field, frozen
from cryptography.hazmat.primitives.asymmetric import ec

from sippn.testing.push_server.exchange import HTTPRequest
from sippn.testing.push_server.service import Service, Verdict
from sippn.testing.push_server.signed import BadToken, Signed, unarmoured
from sippn.testing.push_server.subscription import Subscription, Undecipherable, armoured
from sippn.testing.push_server.webpush_answers import refusal

_LONGEST = 4096  # octets of a body that every push service takes (RFC 8030, section 7.2)
_LONGEST_LIFE = 86400  # seconds of a VAPID token (RFC 8292, section 2)
_CLOCKS_DIFFER = 60
_TTL = re.compile(r"[0-9]{1,10}")
_TOPIC = re.compile(r"[A-Za-z0-9_-]{1,32}")
_URGENCIES = frozenset({"very-low", "low", "normal", "high"})

_JSON = ("content-type", "application/json")


@frozen
class WebPush:
    """
    One push.

    :ivar subscription: whom it is for.
    :ivar ttl: seconds for which it may wait.
    :ivar body: as it came; *plain* is what it says, None where the browser could not read it.
    :ivar contact: the ``sub`` of its VAPID token.
    """

    subscription: Subscription = field(repr=False)
    ttl: int
    topic: str
    urgency: str
    contact: str
    body: bytes = field(repr=False)
    plain: bytes | None = field(repr=False)

    @property
    def identity(self) -> str:
        """A digest of what it says to whom: RFC 8030 gives a client no way to name one."""
        said = self.body if self.plain is None else self.plain
        parts = (self.subscription.url.encode(), self.topic.encode(), said)
        return sha256(b"\0".join(parts)).hexdigest()

    @property
    def label(self) -> str:
        """The host of the subscription, and how urgent it is."""
        return f"{urlsplit(self.subscription.url).netloc} {self.urgency}"


@define(eq=False)
class WebPushService(Service[WebPush]):
    """
    A web push service.

    :ivar vapid: the public key of the application server whose subscriptions it makes.
    :ivar subscriptions: by path.
    """

    vapid: str = field(kw_only=True)
    subscriptions: dict[str, Subscription] = field(factory=dict, init=False, repr=False)
    _messages: int = field(default=0, init=False)

    def subscribe(
        self, *, keys: bool = True, host: str = "", vapid: str | None = None
    ) -> Subscription:
        """
        Subscribe a browser.

        :param keys: it gives its public key and a secret (RFC 8291).
        :param host: in the URL, in place of this server's: for a client that comes through
            a gateway.
        :param vapid: the public key to which it is restricted; "": any; None: :attr:`vapid`.
        """
        path = f"/push/{armoured(os.urandom(24))}"
        subscription = self.subscriptions[path] = Subscription(
            url=(f"https://{host}" if host else self.url) + path,
            vapid=self.vapid if vapid is None else vapid,
            key=ec.generate_private_key(ec.SECP256R1()) if keys else None,
            secret=os.urandom(16),
        )
        return subscription

    def come_online(self, subscription: Subscription) -> list[WebPush]:
        """
        A browser is back: it gets what waited.

        :returns: that.
        """
        subscription.online = True
        waited, subscription.waiting = subscription.waiting, []
        for push in waited:
            self.act(push)
        return waited

    def judge(self, request: HTTPRequest) -> Verdict[WebPush]:
        """Check the subscription, who sends, then the push."""
        subscription = self.subscriptions.get(request.path)
        if subscription is None or request.method != "POST":
            return _refused(None, "unknown")
        claims, wrong = self._sender(request, subscription)
        push = _push(subscription, request, str(claims.get("sub", "")))
        if subscription.gone_status is not None:
            return _refused(push, "gone" if subscription.gone_status == 410 else "unknown")
        wrong = wrong or _wrong(request)
        if wrong:
            return _refused(push, wrong)
        self._messages += 1
        place = ("location", f"{self.url}/message/{self._messages}")
        return Verdict(push, 201, (place, ("ttl", str(push.ttl))))

    def reaches(self, push: WebPush) -> bool:
        """A browser that is not online gets nothing yet."""
        if not push.subscription.online:
            push.subscription.arrived(push)
        return push.subscription.online

    def _sender(
        self, request: HTTPRequest, subscription: Subscription
    ) -> tuple[Mapping[str, object], str]:
        """The claims of the VAPID token, and what is wrong with it; "": nothing."""
        scheme, _, parameters = request.fields.get("authorization", "").partition(" ")
        if scheme.lower() != "vapid":
            return {}, "no authorization"
        named = dict(part.strip().partition("=")[::2] for part in parameters.split(","))
        try:
            signed = Signed.read(named.get("t", ""))
            signed.check(_public(named.get("k", "")))
        except (BadToken, ValueError):
            return {}, "authorization"
        if subscription.vapid and named["k"] != subscription.vapid:
            return signed.claims, "other key"
        origin = f"https://{request.authority}"
        return signed.claims, "" if self._timely(signed, origin) else "authorization"

    def _timely(self, signed: Signed, origin: str) -> bool:
        """Made for *origin*, not over, and not for longer than a day (RFC 8292, section 2)."""
        ends = signed.number("exp")
        if signed.claims.get("aud") != origin or ends is None:
            return False
        if not str(signed.claims.get("sub", "")).startswith(("mailto:", "https:")):
            return False
        return self.now < ends <= self.now + _LONGEST_LIFE + _CLOCKS_DIFFER


def _push(subscription: Subscription, request: HTTPRequest, contact: str) -> WebPush:
    ttl = request.fields.get("ttl", "")
    plain: bytes | None = b""
    if request.body:
        try:
            plain = subscription.decrypt(request.body)
        except Undecipherable:
            plain = None
    return WebPush(
        subscription,
        ttl=int(ttl) if _TTL.fullmatch(ttl) else 0,
        topic=request.fields.get("topic", ""),
        urgency=request.fields.get("urgency", "normal"),
        contact=contact,
        body=request.body,
        plain=plain,
    )


def _wrong(request: HTTPRequest) -> str:
    fields = request.fields
    wrong = {
        "no TTL": "ttl" not in fields,
        "TTL": not _TTL.fullmatch(fields.get("ttl", "0")),
        "topic": not _TOPIC.fullmatch(fields.get("topic", "none")),
        "urgency": fields.get("urgency", "normal") not in _URGENCIES,
        "too large": len(request.body) > _LONGEST,
        "encoding": bool(request.body) and fields.get("content-encoding") != "aes128gcm",
    }
    return next((name for name, is_so in wrong.items() if is_so), "")


def _refused(push: WebPush | None, wrong: str) -> Verdict[WebPush]:
    status, body = refusal(wrong)
    return Verdict(push, status, (_JSON,), body)


def _public(text: str) -> ec.EllipticCurvePublicKey:
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unarmoured(text))

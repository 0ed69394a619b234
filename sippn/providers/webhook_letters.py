"""The HTTP requests of a webhook: their head is made once, and signed for each push."""

from __future__ import annotations

import hmac
from collections.abc import Callable

from attrs import define, field
from twisted.web.client import URI

from sippn.http.one.exchange import Letter
from sippn.providers.webhook_settings import WebhookSettings


@define(eq=False)
class Letters:
    """
    Writes them.

    :ivar _wall: wall clock, seconds: what is signed has a date.
    :ivar _head: all that is the same for every push; it usually has a secret.
    """

    _wall: Callable[[], float]
    _head: bytes = field(repr=False)
    _signing_key: bytes = field(repr=False)
    _keep: bool

    @classmethod
    def of(cls, settings: WebhookSettings, wall: Callable[[], float], *, keep: bool) -> Letters:
        """
        Those to the gateway of *settings*.

        :param keep: what is answered is wanted, and not the status alone.
        """
        url = URI.fromBytes(settings.url.encode("ascii"))
        return cls(wall, _head(settings, url), settings.signing_key.encode(), keep)

    def letter(self, body: bytes) -> Letter:
        """One that has *body*."""
        signed = self._signed(body) if self._signing_key else b""
        octets = b"%s%sContent-Length: %d\r\n\r\n%s" % (self._head, signed, len(body), body)
        return Letter(octets, self._keep)

    def _signed(self, body: bytes) -> bytes:
        return b"X-Sippn-Signature: %s\r\n" % signature(self._signing_key, body, int(self._wall()))


def signature(key: bytes, body: bytes, now: int) -> bytes:
    """
    What proves that *body* is of somebody who has *key*, and of when.

    Its gateway makes the same and compares, in constant time; and refuses what is some minutes
    old, so that who overhears a push cannot send it once more.

    :param now: wall clock, seconds.
    """
    return b"t=%d,v1=%s" % (now, hmac.digest(key, b"%d.%s" % (now, body), "sha256").hex().encode())


def _head(settings: WebhookSettings, url: URI) -> bytes:
    fields = {"host": url.netloc, "content-type": b"application/json", "user-agent": b"sippn"}
    fields |= {name.lower(): value.encode("latin-1") for name, value in settings.headers}
    lines = [b"%s: %s\r\n" % (name.title().encode("ascii"), fields[name]) for name in fields]
    return b"POST %s HTTP/1.1\r\n%s" % (url.originForm, b"".join(lines))

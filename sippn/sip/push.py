"""What RFC 8599 adds to URIs and header fields: pn-* parameters and Feature-Caps."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from attrs import evolve, field

from sippn.errors import BadRequest
from sippn.sip.headers import Headers
from sippn.sip.params import parse_params, unquote
from sippn.sip.uri import URI
from sippn.value import value_class

MAX_CAPS: Final = 50  # values that are looked at; there are five PNSs

# what UAs in the field send (RFC 8599 section 4.1.1, REQUIREMENTS 1.10 and 1.11)
PN_PARAMS: Final = frozenset(
    (
        "app-id",
        "pn-app",
        "pn-call-accepted-elsewhere-str",
        "pn-call-declined-elsewhere-str",
        "pn-call-remote-push-interval",
        "pn-call-snd",
        "pn-call-str",
        "pn-device",
        "pn-enccode",
        "pn-enckey",
        "pn-encsec",
        "pn-groupchat-str",
        "pn-methods",
        "pn-missing-call-str",
        "pn-msg-snd",
        "pn-msg-str",
        "pn-mwi-str",
        "pn-param",
        "pn-prid",
        "pn-provider",
        "pn-silent",
        "pn-timeout",
        "pn-tok",
        "pn-type",
        "pn-uri",
        "sippn-wp-auth",
        "sippn-wp-p256dh",
    )
)

_APP_ID: Final = "app-id"
_PURR: Final = "pn-purr"
_OURS: Final = "sippn-wp-"  # keys of a Web Push subscription (REQUIREMENTS G-08)
_TAG_VALUE: Final = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]{1,512}")


def _hidden(name: str) -> Callable[[object], str]:
    return lambda value: f"<{name}>" if value else repr(value)


@value_class
class PushParams:
    """
    The push parameters that a UA puts into its Contact URI (RFC 8599 section 4.1.1), unescaped.

    :ivar provider: empty: it asks for all (section 4.1.5); None: not sent.
    :ivar param: empty: not sent.
    :ivar prid: whoever holds it can push, so no repr shows it; None: not sent.
    """

    provider: str | None
    param: str
    prid: str | None = field(repr=_hidden("prid"))


@value_class
class FeatureCaps:
    """
    One Feature-Caps value about push (RFC 8599 section 8).

    :ivar pns: the push notification service it is about.
    :ivar vapid: its VAPID public key.
    :ivar pnsreg: seconds before expiry at which the UA is to refresh by itself.
    :ivar purr: finds the UA again in a dialog; nobody else is to know it.
    """

    pns: str
    vapid: str | None = None
    pnsreg: int | None = None
    purr: str | None = field(default=None, repr=_hidden("purr"))


def is_push_param(name: str) -> bool:
    """
    Whether *name*, in lower case, is a parameter that may tell others how to push (T7).

    Every ``pn-*`` is but ``pn-purr``, which is for the others in a dialog; so are the older
    dialects' ``app-id`` (REQUIREMENTS D-03) and the keys that encrypt what is pushed (G-08).
    """
    if name[:3] == "pn-":
        return name != _PURR
    return name == _APP_ID or name[:9] == _OURS


def without_push_params(uri: URI) -> URI:
    """Leave out what would tell others how to push to the UA (T7)."""
    kept = tuple([one for one in uri.params if not is_push_param(one[0].lower())])
    return uri if len(kept) == len(uri.params) else evolve(uri, params=kept)


def write_feature_caps(caps: FeatureCaps) -> str:
    """
    Write one Feature-Caps value; each PNS has a field of its own (F-01).

    :raises ValueError: a value that is no ``tag-value`` (G-04).
    """
    text = _write_known(caps.pns, caps.vapid, caps.pnsreg)
    return text if caps.purr is None else text + _word("pnspurr", caps.purr)


@lru_cache(maxsize=64)  # there are as many as there are PNSs; only a PURR is ever another
def _write_known(pns: str, vapid: str | None, pnsreg: int | None) -> str:
    text = "*" + _word("pns", pns)
    if vapid is not None:
        text += _word("vapid", vapid)
    return text if pnsreg is None else text + _word("pnsreg", str(pnsreg))


def _word(name: str, value: str) -> str:
    if _TAG_VALUE.fullmatch(value) is None:
        raise ValueError(f"sip.{name} cannot be written as a tag-value")
    return f';+sip.{name}="{value}"'


def read_feature_caps(headers: Headers) -> list[FeatureCaps]:
    """Read what others said about push, leniently (F-02): what makes no sense is passed over."""
    found = []
    try:
        values = headers.values("Feature-Caps")
    except BadRequest:
        return []
    for value in values[:MAX_CAPS]:
        caps = _read_caps(value)
        if caps is not None:
            found.append(caps)
    return found


def _read_caps(value: str) -> FeatureCaps | None:
    text = value.removeprefix("*").strip(" \t")
    try:
        params = parse_params(text if text[:1] == ";" else f";{text}")
    except BadRequest:
        return None
    words = {name.lower().removeprefix("+"): unquote(word or "") for name, word in params}
    pns = words.get("sip.pns")
    if not pns:
        return None
    seconds = words.get("sip.pnsreg", words.get("sip.pnsreq", ""))  # the RFC's own misprint
    pnsreg = int(seconds) if re.fullmatch(r"[0-9]{1,9}", seconds) else None
    return FeatureCaps(
        pns.lower(), words.get("sip.vapid") or None, pnsreg, words.get("sip.pnspurr") or None
    )

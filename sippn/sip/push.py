"""What RFC 8599 adds to URIs and header fields: pn-* parameters and Feature-Caps."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from attrs import evolve, field

from sippn.errors import BadRequest
from sippn.sip.headers import Headers
from sippn.sip.params import parse_params, unquote
from sippn.sip.uri import URI, unescape
from sippn.value import value_class

MAX_PRID: Final = 4096  # octets, unescaped (T12)
MAX_CAPS: Final = 50  # values that are looked at; there are five PNSs

# what UAs in the field send besides the RFC's three (REQUIREMENTS 1.11)
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
    )
)

_RFC_8599: Final = frozenset({"pn-provider", "pn-param", "pn-prid"})
_TOKEN: Final = re.compile(r"[A-Za-z0-9_.:\-]{1,512}")  # as good as all: nothing to decode
_TAG_VALUE: Final = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]{1,512}")


def _hidden(name: str) -> Callable[[object], str]:
    return lambda value: f"<{name}>" if value else repr(value)


@value_class
class PushParams:
    """
    The push parameters of a Contact URI (RFC 8599 section 4.1.1), unescaped once.

    :ivar provider: lower case; empty: the UA asks for all (section 4.1.1); None: not sent.
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


def push_params(uri: URI) -> PushParams | None:
    """
    Read the push parameters of a Contact URI; None: none of the RFC's three.

    :raises BadRequest: an empty or overlong PRID, a parameter twice, a control octet, or
        octets that are no UTF-8 (T12).
    """
    found: dict[str, str | None] = {}
    for written, value in uri.params:
        name = written.lower()
        if name in _RFC_8599:
            if name in found:
                raise BadRequest(f"{name} given twice")
            found[name] = value
    if not found:
        return None
    provider = _plain("pn-provider", found)
    prid = _plain("pn-prid", found)
    if prid == "":
        raise BadRequest("Empty pn-prid")
    return PushParams(
        None if provider is None else provider.lower(), _plain("pn-param", found) or "", prid
    )


def _plain(name: str, found: dict[str, str | None]) -> str | None:
    if name not in found:
        return None
    plain = found[name] or ""
    if _TOKEN.fullmatch(plain):
        return plain
    plain = unescape(unquote(plain))
    if not plain.isascii():
        try:
            size = len(plain.encode())
        except UnicodeEncodeError:
            raise BadRequest(f"{name} is not UTF-8") from None
    else:
        size = len(plain)
    if size > MAX_PRID:
        raise BadRequest(f"{name} is too long")
    return plain


def without_push_params(uri: URI) -> URI:
    """
    Leave out what would tell others how to push to the UA (T7): every pn-* but pn-purr.

    ``app-id`` goes with the legacy dialect only: elsewhere it is somebody else's word.
    """
    names = {name.lower() for name, _ in uri.params}
    legacy = "pn-tok" in names or "pn-type" in names
    kept = tuple([one for one in uri.params if not _is_push(one[0].lower(), legacy)])
    return uri if len(kept) == len(uri.params) else evolve(uri, params=kept)


def _is_push(name: str, legacy: bool) -> bool:
    return (name.startswith("pn-") and name != "pn-purr") or (legacy and name == "app-id")


def write_feature_caps(caps: FeatureCaps) -> str:
    """
    Write one Feature-Caps value; each PNS has a field of its own (F-01).

    :raises ValueError: a value that is no ``tag-value`` (G-04).
    """
    words = [("pns", caps.pns), ("vapid", caps.vapid), ("pnsreg", caps.pnsreg)]
    text = "*"
    for name, value in (*words, ("pnspurr", caps.purr)):
        if value is None:
            continue
        if _TAG_VALUE.fullmatch(str(value)) is None:
            raise ValueError(f"sip.{name} cannot be written as a tag-value")
        text += f';+sip.{name}="{value}"'
    return text


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

"""SIP and SIPS URIs (RFC 3261 section 19.1)."""

from __future__ import annotations

import re
from collections.abc import Collection
from ipaddress import IPv6Address
from typing import Final
from urllib.parse import quote_from_bytes, unquote_to_bytes

from attrs import field

from sippn.errors import BadRequest, UnsupportedURIScheme
from sippn.sip.grammar import CONTROL, HOSTPORT
from sippn.sip.params import Params, get_param, parse_params, split_params, write_params
from sippn.value import value_class

MAX_URI: Final = 4096  # octets; RELIABILITY A5

_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+\-.]{0,31}")
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ESCAPE: Final = re.compile(r"%([0-9A-Fa-f]{2})")
# what the grammar of RFC 3261 makes of ``::192.0.2.1``, and must be tolerated (RFC 5118, 4.10)
_EXTRA_COLON: Final = re.compile(r":::(?=[0-9]{1,3}(?:\.[0-9]{1,3}){3}\])")
_UNRESERVED: Final = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.!~*'()"
)
_MUST_BE_IN_BOTH: Final = frozenset({"user", "ttl", "method", "maddr", "transport"})
_EXACT: Final = frozenset({"pn-prid", "pn-param", "pn-tok", "gr"})  # opaque: case matters


def _names_only(params: Params) -> str:
    return "".join([f";{name}" for name, _ in params])


@value_class(slots=False)
class URI:
    """
    One URI, taken apart; ``str()`` puts it together as it was, mended where that is harmless.

    :ivar scheme: ``sip`` or ``sips``, lower case.
    :ivar user: still escaped; None: there is none.
    :ivar host: as written, an IPv6 address in its brackets.
    :ivar params: may hold a PRID, so the repr names them only.
    :ivar headers: what follows the question mark, as written.
    """

    scheme: str
    user: str | None
    password: str | None = field(repr=False)
    host: str
    port: int | None
    params: Params = field(default=(), repr=_names_only)
    headers: str = field(default="", repr=False)

    @classmethod
    def parse(cls, text: str) -> URI:
        """
        Take *text* apart.

        :raises UnsupportedURIScheme: neither sip nor sips.
        :raises BadRequest: no URI, or longer than :data:`MAX_URI`.
        """
        scheme, _, place = text.partition(":")
        if scheme != "sip":
            scheme = _known_scheme(text)
        if (
            " " in text
            or "<" in text
            or ">" in text
            or not text.isascii()
            or not text.isprintable()
            or len(text) > MAX_URI
        ):
            raise BadRequest("Bad URI")
        user: str | None = None
        password: str | None = None
        if "@" in place:
            user, password, place = _split_user(place)
        headers = ""
        if "?" in place:
            place, _, headers = place.partition("?")
        params: Params = ()
        semicolon = place.find(";")
        if semicolon >= 0:
            behind = place[semicolon:]
            awkward = '"' in behind or "," in behind
            params = parse_params(behind) if awkward else split_params(behind)
            place = place[:semicolon]
        host, port = parse_hostport(place)
        return cls(scheme, user, password, host, port, params, headers)

    def param(self, name: str) -> str | None:
        """Look a parameter up, in any case; empty: without a value; None: absent."""
        return get_param(self.params, name)

    def __str__(self) -> str:
        user = ""
        if self.user is not None:
            user = f"{self.user}@" if self.password is None else f"{self.user}:{self.password}@"
        port = "" if self.port is None else f":{self.port}"
        params = write_params(self.params) if self.params else ""
        headers = f"?{self.headers}" if self.headers else ""
        return f"{self.scheme}:{user}{self.host}{port}{params}{headers}"


def _split_user(text: str) -> tuple[str, str | None, str]:
    userinfo, _, place = text.partition("@")
    user, colon, password = userinfo.partition(":")
    if not user or "@" in place:
        raise BadRequest("Bad URI")
    return user, password if colon else None, place


def _known_scheme(text: str) -> str:
    scheme, colon, _ = text.partition(":")
    if not colon or not _SCHEME.fullmatch(scheme):
        raise BadRequest("Bad URI")
    known = scheme.lower()
    if known not in ("sip", "sips"):
        raise UnsupportedURIScheme("Unsupported URI scheme")
    return known


def parse_hostport(text: str) -> tuple[str, int | None]:
    """
    Take ``host[:port]`` apart; the host stays as written, save for a colon that is too many.

    :raises BadRequest: no host name, no address, or a port above 65535.
    """
    found = HOSTPORT.fullmatch(text)
    if found is None:
        raise BadRequest("Bad host")
    host, digits = found.groups()
    if text[0] == "[":
        host = _reference(host)
    if digits is None:
        return host, None
    port = int(digits)
    if port > 65535:
        raise BadRequest("Bad port")
    return host, port


def _reference(host: str) -> str:
    try:
        _address(host)
    except BadRequest:
        plain = _EXTRA_COLON.sub("::", host)
        _address(plain)
        return plain
    return host


def _address(reference: str) -> IPv6Address:
    try:
        return IPv6Address(reference[1:-1])
    except ValueError:
        raise BadRequest("Bad IPv6 address") from None


def unescape(text: str) -> str:
    """
    Decode every ``%HH`` exactly once; octets that are no UTF-8 become surrogates.

    :raises BadRequest: a broken escape, or a control character in the result (T11).
    """
    if "%" in text:
        if _BAD_ESCAPE.search(text):
            raise BadRequest("Bad escape")
        octets = unquote_to_bytes(text.encode("utf-8", "surrogateescape"))
        text = octets.decode("utf-8", "surrogateescape")
    if not text.isprintable() and CONTROL.search(text):
        raise BadRequest("Control character in a value")
    return text


def escape_pvalue(text: str) -> str:
    """Write *text* as a ``pvalue`` of RFC 3261, which is what RFC 8599 section 8 wants (G-02)."""
    return quote_from_bytes(text.encode("utf-8", "surrogateescape"), safe="[]/:&+$-_.!~*'()")


def same_uri(a: URI, b: URI, ignoring: Collection[str] = ()) -> bool:
    """
    Compare by RFC 3261 section 19.1.4, leaving the parameters named *ignoring* out.

    Those names are lower case.  A PRID and a GRUU are opaque: their case matters.
    """
    return (
        (a.scheme, a.port) == (b.scheme, b.port)
        and _normal(a.user) == _normal(b.user)
        and _normal(a.password) == _normal(b.password)
        and _same_host(a.host, b.host)
        and _same_params(_named(a.params, ignoring), _named(b.params, ignoring))
        and (a.headers == b.headers or _header_set(a.headers) == _header_set(b.headers))
    )


def _same_host(a: str, b: str) -> bool:
    if a == b or a.lower() == b.lower():
        return True
    # RFC 5954 section 4.2: addresses are compared, not their spellings
    return a[0] == b[0] == "[" and _address(a) == _address(b)


def _normal(text: str | None) -> str | None:
    if text is None or "%" not in text:
        return text
    return _ESCAPE.sub(_decode_unreserved, text)


def _decode_unreserved(escape: re.Match[str]) -> str:
    character = chr(int(escape[1], 16))
    return character if character in _UNRESERVED else escape[0].upper()


def _named(params: Params, ignoring: Collection[str]) -> dict[str, str | None]:
    named: dict[str, str | None] = {}
    for written, value in params:
        name = (_normal(written) or "").lower()
        if name not in ignoring:
            plain = _normal(value)
            named[name] = plain if plain is None or name in _EXACT else plain.lower()
    return named


def _same_params(a: dict[str, str | None], b: dict[str, str | None]) -> bool:
    if any((name in a) != (name in b) for name in _MUST_BE_IN_BOTH):
        return False
    return all(a[name] == b[name] for name in a.keys() & b.keys())


def _header_set(headers: str) -> set[tuple[str, str]]:
    fields: set[tuple[str, str]] = set()
    for one in headers.split("&"):
        name, _, value = one.partition("=")
        fields.add(((_normal(name) or "").lower(), _normal(value) or ""))
    return fields

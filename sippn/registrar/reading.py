"""
What a REGISTER asks for, in values (RFC 3261 section 10.3, steps 5 to 7).

Nothing here depends on settings, nor on what is stored.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

from attrs import field

from sippn.binding import AOR, PushRequest, aor_of
from sippn.dialect import read_push
from sippn.errors import BadRequest, NotFound, UnsupportedURIScheme
from sippn.interfaces import IPushDialect
from sippn.sip import (
    URI,
    NameAddr,
    Params,
    Request,
    read_feature_caps,
    split_values,
    unquote,
)
from sippn.value import value_class

MAX_CONTACTS = 50  # RELIABILITY A5
MAX_PATH = 20  # nobody has as many edge proxies; each is stored with each binding
_MAX_USER_AGENT = 256
_LONGEST_KEPT = 256
_MAX_SECONDS = 2**32 - 1  # RFC 3261 section 20.19
_MAX_REG_ID = 2**31 - 1  # RFC 5626 section 4.2

_SECONDS = re.compile(r"[0-9]{1,10}")
_Q = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")
_STAR = "*"
# what a registrar before us may have put there, which a UA copies into its next REGISTER, and
# push parameters in the wrong place, which it copies into its INVITE (INTEROP 4)
_NOT_KEPT = frozenset(
    {
        "app-id",
        "expires",
        "pub-gruu",
        "received",
        "sippn-wp-auth",
        "sippn-wp-p256dh",
        "temp-gruu",
    }
)
_PUSH = "pn-"
_REFRESHES_ITSELF = frozenset({"+sip.pnsreg", "+sip.pnsreq"})  # RFC 8599 spells it both ways


def _hidden(name: str) -> Callable[[object], str]:
    return lambda _: f"<{name}>"


@value_class
class AskedContact:
    """
    One Contact, as it was asked for.

    :ivar uri: it carries the PRID, so no repr shows it.
    :ivar params: its header parameters that are given back to the UA, as written.
    :ivar q: thousandths; None: none given.
    :ivar instance: ``+sip.instance`` without quotes; *reg_id* 0: none (RFC 5626).
    :ivar push: what it says about push; None: nothing.
    :ivar expires: seconds; None: not given, or not to be understood (O-100).
    :ivar refreshes_itself: it has ``+sip.pnsreg`` (RFC 8599 section 4.1.4).
    """

    uri: URI = field(repr=_hidden("contact"))
    uri_text: str = field(repr=_hidden("contact"))
    params: Params
    q: int | None
    instance: str
    reg_id: int
    push: PushRequest | None
    expires: int | None
    refreshes_itself: bool

    @property
    def pns(self) -> str:
        """Its PNS by the UA's own name; empty: it asks for all, or for none."""
        return self.push.pns if self.push else ""

    @property
    def wants_push(self) -> bool:
        """It asks to be pushed (RFC 8599 section 4.1.1)."""
        push = self.push
        return push is not None and (push.target is not None or bool(push.problem))

    @property
    def asks_support(self) -> bool:
        """It asks which PNS there are, and not to be pushed (RFC 8599 section 4.1.5)."""
        return self.push is not None and not self.wants_push


@value_class
class Reading:
    """
    One REGISTER.

    :ivar contacts: none: a query (RFC 3261 section 10.2.3), or *star*.
    :ivar supported: option tags, in lower case; *required* as they came.
    :ivar first_hop: it passed no proxy.
    :ivar pushed_elsewhere: a proxy on its way will push (RFC 8599 section 5.6.1.1).
    """

    aor: AOR
    call_id: str
    cseq: int
    contacts: tuple[AskedContact, ...]
    star: bool
    supported: frozenset[str]
    required: tuple[str, ...]
    path: tuple[str, ...]
    user_agent: str
    first_hop: bool
    pushed_elsewhere: bool


@lru_cache(maxsize=8)  # the authority reads it again, in the same turn
def read_register(request: Request, dialects: Sequence[IPushDialect] = ()) -> Reading:
    """
    Read *request*, whose mandatory fields have been checked.

    :param dialects: those of plugins, a tuple; the first that knows a Contact reads it.
    :raises BadRequest: a Contact, Path or address that makes no sense; ``*`` beside
        others or without ``Expires: 0`` (O-104); more than :data:`MAX_CONTACTS`.
    :raises NotFound: To is not a SIP address.
    """
    headers = request.headers
    header_expires = headers.get("Expires")
    star, contacts = _contacts(request, header_expires, dialects)
    path = tuple(headers.values("Path"))
    _check_path(path)
    return Reading(
        registered_aor(request),
        request.call_id,
        request.cseq.number,
        contacts,
        star,
        _option_tags(headers.line("Supported")),
        tuple(headers.values("Require")),
        path,
        (headers.get("User-Agent") or "")[:_MAX_USER_AGENT],
        len(headers.values("Via")) <= 1,
        "Feature-Caps" in headers and bool(read_feature_caps(headers)),
    )


def registered_aor(request: Request) -> AOR:
    """
    The address-of-record that *request* is about: its To.

    :raises BadRequest: it names no user.
    :raises NotFound: it is no SIP address.
    """
    try:
        return aor_of(request.to.uri_text)
    except UnsupportedURIScheme:
        raise NotFound("Not an address of this server") from None


def _contacts(
    request: Request, expires: str | None, dialects: Sequence[IPushDialect]
) -> tuple[bool, tuple[AskedContact, ...]]:
    found = request.contacts
    if len(found) > MAX_CONTACTS:
        raise BadRequest("Too many Contacts")
    if _STAR in [contact.uri_text for contact in found]:
        if len(found) > 1 or expires is None or _seconds(expires) != 0:
            raise BadRequest("Contact: * needs Expires: 0 and no other Contact")
        return True, ()
    default = None if expires is None else _seconds(expires)
    return False, tuple([_contact(contact, default, request, dialects) for contact in found])


def _contact(
    contact: NameAddr,
    header_expires: int | None,
    request: Request,
    dialects: Sequence[IPushDialect],
) -> AskedContact:
    uri, params = _sip_uri(contact, "Contact"), contact.params
    said: dict[str, str] = {}  # no comprehensions: they cost a call each
    kept: list[tuple[str, str | None]] = []
    for param in params:
        written, word = param
        name = written.lower()
        if name not in said:  # the first counts
            said[name] = unquote(word) if word else ""
        if name not in _NOT_KEPT and name[:3] != _PUSH:
            kept.append(param)
    instance = said.get("+sip.instance", "")
    push = _foreign_push(contact, request, dialects) if dialects else None
    return AskedContact(
        uri,
        contact.uri_text,
        tuple(kept),
        _thousandths(said.get("q")),
        instance,
        _reg_id(said.get("reg-id")) if instance else 0,
        push or read_push(uri, params),
        _seconds(said["expires"]) if "expires" in said else header_expires,
        not _REFRESHES_ITSELF.isdisjoint(said),
    )


def _foreign_push(
    contact: NameAddr, request: Request, dialects: Sequence[IPushDialect]
) -> PushRequest | None:
    for dialect in dialects:
        push = dialect.read(request, contact)
        if push is not None:
            return push
    return None


def _option_tags(line: str) -> frozenset[str]:
    short = len(line) <= _LONGEST_KEPT
    return _read_option_tags(line) if short else _read_option_tags.__wrapped__(line)


@lru_cache(maxsize=64)  # there are as many as there are makes of phones
def _read_option_tags(line: str) -> frozenset[str]:
    return frozenset([tag.lower() for tag in split_values(line)])


def _sip_uri(address: NameAddr, where: str) -> URI:
    try:
        return address.uri
    except UnsupportedURIScheme:
        raise BadRequest(f"{where} must be a SIP URI") from None


def _seconds(text: str) -> int | None:
    text = text.strip()
    if _SECONDS.fullmatch(text) is None:
        return None
    seconds = int(text)
    return seconds if seconds <= _MAX_SECONDS else None


def _thousandths(q: str | None) -> int | None:
    if q is None:
        return None
    if _Q.fullmatch(q) is None:
        raise BadRequest("Bad q")
    whole, _, fraction = q.partition(".")
    return int(whole) * 1000 + int(fraction.ljust(3, "0"))


def _reg_id(text: str | None) -> int:
    if text is None:
        return 0
    if _SECONDS.fullmatch(text) is None or not 0 < int(text) <= _MAX_REG_ID:
        raise BadRequest("Bad reg-id")
    return int(text)


def _check_path(path: tuple[str, ...]) -> None:
    if len(path) > MAX_PATH:
        raise BadRequest("Too many Path values")
    for value in path:
        _sip_uri(NameAddr.parse(value), "Path")

"""What a message must have before anything is done about it (RFC 3261 sections 8.1.1, 16.3)."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Final

from sippn.errors import BadRequest, UnsupportedURIScheme
from sippn.sip.address import NameAddr
from sippn.sip.grammar import METHODS
from sippn.sip.headers import Headers
from sippn.sip.limits import DEFAULT_LIMITS, Limits
from sippn.sip.message import Message, Request
from sippn.sip.reader import BadMessage, BadMethod, TooLarge, is_answerable

_SINGLE: Final = ("From", "To", "Call-ID", "CSeq", "Max-Forwards", "Content-Length")
_PLAIN_URI: Final = re.compile(
    r"sip:(?:[A-Za-z0-9_.\-+]++@)?[A-Za-z0-9_][A-Za-z0-9_.\-]*+(?::[1-9][0-9]{0,3}+|:[1-5][0-9]{4}+)?"
    r"(?:;transport=[a-z]{2,4}+)?"
)


def check(message: Message, limits: Limits = DEFAULT_LIMITS) -> None:
    """
    Look into the fields that every element relies on: there once, and well-formed.

    Max-Forwards may be missing (RFC 2543); Contact is counted and measured, not parsed.

    :raises BadMessage: with *message* as its request, if that can be answered.
    """
    try:
        _check(message, limits)
    except BadMessage as problem:
        problem.request = _answerable(message)
        raise
    except BadRequest as problem:
        raise BadMessage(str(problem), _answerable(message)) from None


def _answerable(message: Message) -> Request | None:
    return message if isinstance(message, Request) and is_answerable(message.headers) else None


def _check(message: Message, limits: Limits) -> None:
    headers = message.headers
    keys = headers.keys
    if len(set(keys)) != len(keys):
        _check_singles(headers)
    message.via, message.call_id, message.max_forwards  # noqa: B018 - a view raises
    _check_tag(message.from_)
    _check_tag(message.to)
    cseq = message.cseq
    if isinstance(message, Request):
        if cseq.method != message.method:
            error = BadMessage if message.method in METHODS else BadMethod
            raise error("CSeq of another method")
        if len(message.uri) > limits.uri:
            raise BadRequest("Request-URI too long")
        if _PLAIN_URI.fullmatch(message.uri) is None:
            _check_uri(message)
    _check_vias(headers, limits)
    if "contact" in keys:
        _check_contacts(headers, limits)


def _check_uri(request: Request) -> None:
    with suppress(UnsupportedURIScheme):  # sound, and 416 to whom it matters
        request.request_uri  # noqa: B018 - a view raises


def _check_singles(headers: Headers) -> None:
    for name in _SINGLE:
        if headers.keys.count(name.lower()) > 1:
            raise BadRequest(f"Two {name}")


def _check_tag(address: NameAddr) -> None:
    for name, value in address.params:
        if not value and name.lower() == "tag":
            raise BadRequest("Empty tag")  # neither in a dialog nor outside of one


def _check_vias(headers: Headers, limits: Limits) -> None:
    if headers.keys.count("via") == 1 and "," not in (headers.get("via") or ""):
        return
    if len(headers.values("via")) > limits.vias:
        raise BadRequest("Too many Via")


def _check_contacts(headers: Headers, limits: Limits) -> None:
    if headers.keys.count("contact") == 1:
        line = headers.get("contact") or ""
        if "," not in line and len(line) <= limits.contact:
            return
    contacts = headers.values("contact")
    if len(contacts) > limits.contacts:
        raise BadRequest("Too many Contacts")
    if any(len(contact) > limits.contact for contact in contacts):
        raise TooLarge("Contact too long")

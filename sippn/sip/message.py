"""Requests and responses, and what their header fields mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

from attrs import field, frozen

from sippn.errors import BadRequest
from sippn.sip.address import NameAddr, split_values
from sippn.sip.grammar import LWS, METHOD, METHODS, number
from sippn.sip.headers import Headers
from sippn.sip.uri import URI
from sippn.sip.via import Via

T = TypeVar("T")

MAX_CSEQ = 2**31 - 1  # RFC 3261 section 8.1.1.5


@frozen
class CSeq:
    """The order of a request within its dialog or Call-ID (RFC 3261 section 20.16)."""

    number: int
    method: str

    @classmethod
    def parse(cls, text: str) -> CSeq:
        """
        Take a CSeq apart.

        :raises BadRequest: no number below 2**31, or no method.
        """
        digits, _, method = text.partition(" ")
        if method not in METHODS:
            digits, _, method = text.replace("\t", " ").partition(" ")
            method = method.strip(" ")
        if method not in METHODS and METHOD.fullmatch(method) is None:
            raise BadRequest("Bad CSeq")
        return cls(number("CSeq", digits.rstrip(LWS), MAX_CSEQ), method)

    def __str__(self) -> str:
        return f"{self.number} {self.method}"


class View(Generic[T]):
    """
    A property that is worked out once: what :func:`functools.cached_property` does, lock-free.

    Python 3.11 still takes a lock there, which costs as much as the parsing.
    """

    def __init__(self, parse: Callable[[Any], T]) -> None:
        self._parse = parse
        self._name = parse.__name__
        self.__doc__ = parse.__doc__

    @overload
    def __get__(self, message: None, owner: type) -> Self: ...
    @overload
    def __get__(self, message: object, owner: type) -> T: ...
    def __get__(self, message: object | None, owner: type) -> Self | T:
        if message is None:
            return self
        value = message.__dict__[self._name] = self._parse(message)
        return value


@frozen(eq=False, repr=False, slots=False)
class Message:
    """
    What a request and a response have in common.

    A message is never changed once it is made, for its views are parsed once: copy its
    headers, change the copy, make a new message.  Each view raises
    :class:`~sippn.errors.BadRequest` when its field is missing or malformed.
    """

    headers: Headers
    body: bytes = b""

    @View
    def via(self) -> Via:
        """The topmost hop."""
        line = self._field("Via")
        return Via.parse(split_values(line)[0] if "," in line else line)

    @View
    def from_(self) -> NameAddr:
        """Who sent the request; proves nothing."""
        return NameAddr.parse(self._field("From"))

    @View
    def to(self) -> NameAddr:
        """Whom the request was for, in the sender's words."""
        return NameAddr.parse(self._field("To"))

    @View
    def call_id(self) -> str:
        """The Call-ID, compared octet by octet (RFC 3261 section 20.8)."""
        text = self._field("Call-ID")
        if not text or " " in text or not text.isprintable():
            raise BadRequest("Bad Call-ID")
        return text

    @View
    def cseq(self) -> CSeq:
        """The CSeq."""
        return CSeq.parse(self._field("CSeq"))

    @View
    def max_forwards(self) -> int | None:
        """Hops left, 0 to 255 (RFC 3261 section 20.22); None: the field is missing."""
        text = self.headers.get("Max-Forwards")
        return None if text is None else number("Max-Forwards", text, 255)

    @View
    def contacts(self) -> tuple[NameAddr, ...]:
        """Every Contact, in order; ``*`` has an empty name and no parameters."""
        values = self.headers.values("Contact")
        return tuple([STAR if value == "*" else NameAddr.parse(value) for value in values])

    def _field(self, name: str) -> str:
        value = self.headers.get(name)
        if value is None:
            raise BadRequest(f"Missing {name}")
        return value

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {summary(self)}>"  # fields and URIs may hold a PRID


STAR = NameAddr("", "*", ())  # ``Contact: *``, RFC 3261 section 10.2.2


@frozen(eq=False, repr=False, slots=False)
class Request(Message):
    """
    A request.

    :ivar method: case matters.
    :ivar uri: the Request-URI as written, any scheme.
    """

    method: str
    uri: str
    headers: Headers = field()
    body: bytes = b""

    @View
    def request_uri(self) -> URI:
        """
        The Request-URI, taken apart.

        :raises UnsupportedURIScheme: neither sip nor sips.
        """
        return URI.parse(self.uri)


@frozen(eq=False, repr=False, slots=False)
class Response(Message):
    """
    A response.

    :ivar status: 100 to 699.
    :ivar reason: for people; may be empty.
    """

    status: int
    reason: str
    headers: Headers = field()
    body: bytes = b""


def summary(message: Message) -> str:
    """Name *message* in a few words that hold no secret: ``INVITE``, ``200 OK (INVITE)``."""
    if isinstance(message, Request):
        return message.method
    if not isinstance(message, Response):
        return ""
    try:
        method = message.cseq.method
    except BadRequest:
        method = "?"
    words = [str(message.status), f"({method})"]
    if message.reason and message.reason.isprintable():  # it is a stranger's
        words.insert(1, message.reason)
    return " ".join(words)

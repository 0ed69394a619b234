"""Requests and responses, and what their header fields mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Self, TypeVar, overload

from attrs import field, frozen

from sippn.errors import BadRequest
from sippn.sip.address import NameAddr, split_values
from sippn.sip.grammar import LWS, METHOD, METHODS, number
from sippn.sip.headers import Headers
from sippn.sip.uri import URI
from sippn.sip.via import Via
from sippn.value import value_class

T = TypeVar("T")

STAR = NameAddr("", "*", ())  # ``Contact: *``, RFC 3261 section 10.2.2
MAX_CSEQ = 2**31 - 1  # RFC 3261 section 8.1.1.5


@value_class
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
        if method not in METHODS:  # or not written as usual
            digits, _, method = text.replace("\t", " ").partition(" ")
            method = method.strip(" ")
        if method not in METHODS and METHOD.fullmatch(method) is None:
            raise BadRequest("Bad CSeq")
        return cls(number("CSeq", digits.rstrip(LWS), MAX_CSEQ), method)

    def __str__(self) -> str:
        return f"{self.number} {self.method}"


class View(Generic[T]):
    """
    What a field says, parsed once: a property that :func:`functools.cached_property` would be.

    Python 3.11 still takes a lock there, which costs as much as the parsing.
    """

    def __init__(self, parse: Callable[[Headers], T]) -> None:
        self._parse = parse
        self._name = ""
        self.__doc__ = parse.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, message: None, owner: type) -> Self: ...
    @overload
    def __get__(self, message: Message, owner: type) -> T: ...
    def __get__(self, message: Message | None, owner: type) -> Self | T:
        if message is None:
            return self
        said = message.__dict__[self._name] = self._parse(message.headers)
        return said


def _via(headers: Headers) -> Via:
    """The topmost hop."""
    line = headers.required("Via")
    return Via.parse(split_values(line)[0] if "," in line else line)


def _from(headers: Headers) -> NameAddr:
    """Who sent the request; proves nothing."""
    return NameAddr.parse(headers.required("From"))


def _to(headers: Headers) -> NameAddr:
    """Whom the request was for, in the sender's words."""
    return NameAddr.parse(headers.required("To"))


def _call_id(headers: Headers) -> str:
    """The Call-ID, compared octet by octet (RFC 3261 section 20.8)."""
    text = headers.required("Call-ID")
    if not text or " " in text or not text.isprintable():
        raise BadRequest("Bad Call-ID")
    return text


def _cseq(headers: Headers) -> CSeq:
    """The CSeq."""
    return CSeq.parse(headers.required("CSeq"))


def _max_forwards(headers: Headers) -> int | None:
    """Hops left, 0 to 255 (RFC 3261 section 20.22); None: the field is missing."""
    text = headers.get("Max-Forwards")
    if text == "70":  # what nearly all begin with (section 8.1.1.6)
        return 70
    return None if text is None else number("Max-Forwards", text, 255)


def _contacts(headers: Headers) -> tuple[NameAddr, ...]:
    """Every Contact, in order; ``*`` has an empty name and no parameters."""
    values = headers.values("Contact")
    return tuple([STAR if value == "*" else NameAddr.parse(value) for value in values])


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

    via = View(_via)
    from_ = View(_from)
    to = View(_to)
    call_id = View(_call_id)
    cseq = View(_cseq)
    max_forwards = View(_max_forwards)
    contacts = View(_contacts)

    def derived(self, headers: Headers, *changed: str, via: Via | None = None) -> Self:
        """
        Make the message that has other *headers*; what was parsed is not parsed again.

        :param changed: the views that another field of *headers* is behind, by their names.
        :param via: the topmost one in *headers*, if it is another one and known.
        """
        new = object.__new__(type(self))
        fields = new.__dict__
        fields.update(self.__dict__)
        for view in changed:
            fields.pop(view, None)
        fields["headers"] = headers
        if via is not None:
            fields["via"] = via
        return new

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {summary(self)}>"  # fields and URIs may hold a PRID


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

    @property
    def request_uri(self) -> URI:
        """
        The Request-URI, taken apart once.

        :raises UnsupportedURIScheme: neither sip nor sips.
        :raises BadRequest: it breaks the grammar.
        """
        uri: URI | None = self.__dict__.get("_request_uri")
        if uri is None:
            uri = self.__dict__["_request_uri"] = URI.parse(self.uri)
        return uri

    def readdressed(self, uri: str) -> Self:
        """Make the request that goes to *uri* instead, and is the same otherwise."""
        new = self.derived(self.headers, "_request_uri")
        new.__dict__["uri"] = uri
        return new

    def came_from(self, host: str, port: int) -> None:
        """
        Write its source into its topmost Via, before anybody has seen it: the one change there is.

        A transport does that (RFC 3261 section 18.2.1, RFC 3581 section 4).

        :param host: an address, IPv6 without brackets.
        :raises BadRequest: its Via cannot be read.
        """
        said = self.via
        via = said.with_source(host, port)
        if via is not said:
            self.headers.replace_value("Via", str(via))
            self.__dict__["via"] = via


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

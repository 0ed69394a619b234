"""``name-addr`` and ``addr-spec``: the values of From, To, Contact, Route and their like."""

from __future__ import annotations

import re
from typing import Final

from attrs import field

from sippn.errors import BadRequest
from sippn.sip.grammar import LWS, QUOTED
from sippn.sip.params import Params, get_param, parse_params, write_params
from sippn.sip.uri import URI
from sippn.value import value_class

_VALUE: Final = re.compile(r'(?:[^,"<]++|"[^"\\]*+(?:\\.[^"\\]*+)*+"|<[^<>]*+>)*+')
_MOST_COMMAS: Final = 1000  # 64 KiB of nothing else take 20 ms, and written anew twice the room
_NOT_BARE: Final = re.compile(r'[ ,?"<>]')
# an unquoted name is of tokens: a comma in it would make two of it for the next hop (RFC 4475
# section 3.1.2.15); octets beyond ASCII are no tokens either, and harmless
_NOT_A_DISPLAY_NAME: Final = re.compile(r"[^A-Za-z0-9\-.!%*_+`'~ \t\x80-\U0010ffff]")


def _without_params(uri_text: str) -> str:
    return repr(uri_text.partition(";")[0])


def _names_only(params: Params) -> str:
    return "".join([f";{name}" for name, _ in params])


@value_class(slots=False)
class NameAddr:
    """
    An address with a name and header parameters.

    :ivar display: as written, quotes included; empty: none.
    :ivar uri_text: any scheme; it may carry a PRID, so the repr cuts it at the parameters.
    :ivar params: the header field's parameters, not the URI's.
    """

    display: str
    uri_text: str = field(repr=_without_params)
    params: Params = field(default=(), repr=_names_only)

    @classmethod
    def parse(cls, text: str) -> NameAddr:
        """
        Take one value apart; its URI is left alone until :attr:`uri` is asked for.

        Without angle brackets the parameters are the header field's, and a URI with a
        comma or question mark is refused (RFC 3261 section 20.10).

        :raises BadRequest: not one address, or something is left over behind it.
        """
        left = text.find("<")
        if left > 0:
            left = _end_of_display(text, left)
        if left < 0:
            return cls._parse_addr_spec(text)
        uri_text, closed, rest = text[left + 1 :].partition(">")
        if not closed or ":" not in uri_text or " " in uri_text or not uri_text.isprintable():
            raise BadRequest("Bad address")
        display = text[:left].strip(LWS) if left else ""
        return cls(display, uri_text, parse_params(rest) if rest else ())

    @classmethod
    def _parse_addr_spec(cls, text: str) -> NameAddr:
        semicolon = text.find(";")
        uri_text = (text if semicolon < 0 else text[:semicolon]).strip(LWS)
        if ":" not in uri_text or not uri_text.isprintable() or _NOT_BARE.search(uri_text):
            raise BadRequest("Bad address")
        return cls("", uri_text, parse_params(text[semicolon:]) if semicolon >= 0 else ())

    @property
    def uri(self) -> URI:
        """
        Parse the URI, each time.

        :raises UnsupportedURIScheme: neither sip nor sips.
        :raises BadRequest: it breaks the grammar.
        """
        return URI.parse(self.uri_text)

    @property
    def tag(self) -> str | None:
        """Half of a dialog's name; None: there is none (RFC 3261 section 19.3)."""
        return get_param(self.params, "tag")

    def param(self, name: str) -> str | None:
        """Look a header parameter up, in any case; empty: without a value; None: absent."""
        return get_param(self.params, name)

    def __str__(self) -> str:
        if self.uri_text == "*":
            return "*"
        name = f"{self.display} " if self.display else ""
        return f"{name}<{self.uri_text}>{write_params(self.params)}"


def _end_of_display(text: str, left: int) -> int:
    """Where the angle bracket behind the display name is; negative: it is an addr-spec."""
    if text[0] == '"':
        quoted = QUOTED.match(text)
        if quoted is None:
            raise BadRequest("Quoted string without an end")
        rest = text[quoted.end() :].lstrip(LWS)
        if rest[:1] != "<":
            raise BadRequest("Bad address")
        return len(text) - len(rest)
    return -1 if _NOT_A_DISPLAY_NAME.search(text, 0, left) else left


def split_values(text: str) -> list[str]:
    """
    Split a field value at its commas, those in quotes and angle brackets excepted.

    An empty field has no values; an empty value between two commas is one, so that
    whoever parses it can refuse it.

    :raises BadRequest: a quote or an angle bracket without its partner, or too many values.
    """
    if "," not in text:
        text = text.strip(LWS)
        return [text] if text else []
    if text.count(",") > _MOST_COMMAS:
        raise BadRequest("Too many values")
    if '"' not in text and "<" not in text:
        return [value.strip(LWS) for value in text.split(",")]
    values = []
    at = 0
    while True:
        found = _VALUE.match(text, at)
        end = found.end() if found else at
        values.append(text[at:end].strip(LWS))
        if end == len(text):
            return values
        if text[end] != ",":
            raise BadRequest("Quote or angle bracket without its partner")
        at = end + 1

"""
Pieces of the grammar of RFC 3261 section 25 that several files need.

Every repetition is possessive or of single characters: what does not match is
refused in time linear in its length.
"""

from __future__ import annotations

import re
from typing import Final

from sippn.errors import BadRequest

LWS: Final = " \t"

TOKEN: Final = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")
METHOD: Final = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]{1,64}")
METHODS: Final = frozenset(
    (
        "REGISTER",
        "INVITE",
        "ACK",
        "CANCEL",
        "BYE",
        "OPTIONS",
        "MESSAGE",
        "SUBSCRIBE",
        "NOTIFY",
        "INFO",
        "PRACK",
        "UPDATE",
        "REFER",
        "PUBLISH",
    )
)  # known to be tokens
QUOTED: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"')
DIGITS: Final = re.compile(r"[0-9]{1,10}")
CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")

# fields of name-addr values, whose display names and parameters may be quoted-strings
_NAME_ADDR: Final = frozenset(
    (
        "from",
        "to",
        "contact",
        "route",
        "record-route",
        "path",
        "service-route",
        "reply-to",
        "refer-to",
        "referred-by",
        "p-asserted-identity",
        "p-preferred-identity",
        "diversion",
        "history-info",
    )
)
# NUL as a quoted-pair, in a quoted-string, which is not in angle brackets
_NUL_QUOTED: Final = re.compile(
    r'(?:[^"<>\x00]++|<[^"<>\x00]*+>|"[^"\\\x00]*+(?:\\.[^"\\\x00]*+)*+")*+', re.DOTALL
)

# ``hostport``: an underscore is no host name by the RFC and is one in the field
HOSTPORT: Final = re.compile(
    r"([A-Za-z0-9_][A-Za-z0-9_.\-]*+|\[[0-9A-Fa-f:.]{2,45}(?:%[A-Za-z0-9_.\-]{1,32})?\])"
    r"(?::([0-9]{1,5}))?"
)


def breaks_out(key: str, value: str) -> bool:
    """
    Whether *value* would end its field, or make another one of it for some reader (T11).

    NUL ends a text for many.  The grammar has it in one place, as a quoted-pair in a
    quoted-string (RFC 4475 section 3.1.1.2); it is let through in addresses, whose names
    nothing here looks into.

    :param key: of the field: its name in lower case, never compact.
    """
    if "\r" in value or "\n" in value:
        return True
    if "\x00" not in value:
        return False
    return key not in _NAME_ADDR or _NUL_QUOTED.fullmatch(value) is None


def number(name: str, text: str, largest: int) -> int:
    """
    Read the 1*DIGIT of the field called *name*, ASCII only.

    ``int()`` alone takes signs, underscores, spaces and the digits of all scripts.

    :raises BadRequest: it is no number, or above *largest*.
    """
    if DIGITS.fullmatch(text) is None or (value := int(text)) > largest:
        raise BadRequest(f"Bad {name}")
    return value

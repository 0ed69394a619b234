"""
Where a push goes: a URL that the UA chose, and so anybody (RELIABILITY T8, A10).

Only one spelling of a URL is let through: what two readers of it could understand differently is
none.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from attrs import field

from sippn.value import value_class

MAX_URL: Final = 2048
"""Octets: browsers' have 500 at most."""

MAX_HOST: Final = 253  # RFC 1035 section 2.3.4
HTTPS_PORT: Final = 443

# no user, no brackets, no escapes, no dot at the end; path and query as RFC 3986 has them
_URL: Final = re.compile(
    r"[hH][tT][tT][pP][sS]://"
    r"([0-9A-Za-z.\-]{1,253})(?::([1-9][0-9]{0,4}))?"
    r"((?:[/?](?:[0-9A-Za-z\-._~!$&'()*+,;=:@/?\[\]|]|%[0-9A-Fa-f]{2})*)?)"
)
# not xn-- and its like: no push service has such a name, and not all of them can be connected to
_LABEL: Final = re.compile(r"(?!..--)[0-9a-z](?:[0-9a-z\-]{0,61}[0-9a-z])?")
# what ends like this is an IPv4 address to some, in whichever base (the URL standard's host parser)
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_ALLOWED: Final = re.compile(r"(\*|(?:\*\.)?[0-9a-z.\-]{1,253})(?::([1-9][0-9]{0,4}))?")
_ANY: Final = "*"


@value_class
class PushAddress:
    """
    The parts of a push subscription's URL.

    :ivar host: lower case.
    :ivar path: origin-form: path and query, octet for octet; it is the secret of the URL.
    """

    host: str
    port: int
    path: bytes = field(repr=False)

    @property
    def authority(self) -> str:
        """Host, and port where it is no default."""
        return self.host if self.port == HTTPS_PORT else f"{self.host}:{self.port}"

    @property
    def origin(self) -> str:
        """As RFC 6454 section 6.1 writes it: all that may be shown of the URL."""
        return f"https://{self.authority}"


@value_class
class Allowed:
    """
    Hosts that the operator lets us push to.

    :ivar host: a name; or a suffix with its dot in front, for all names below that; empty: any
        name that has a dot in it.
    """

    host: str
    port: int = HTTPS_PORT

    @classmethod
    def parse(cls, text: str) -> Allowed:
        """
        Read ``host``, ``*.host`` or ``*``, each with ``:port`` where that is not 443.

        :raises ValueError: it is none of these.
        """
        found = _ALLOWED.fullmatch(text.lower())
        if found is None:
            raise ValueError("no pattern")
        host, port = found[1].removeprefix(_ANY), int(found[2] or HTTPS_PORT)
        if port > 65535 or (host and not _is_name(host.removeprefix("."))):
            raise ValueError("no host")
        return cls(host, port)

    def has(self, address: PushAddress) -> bool:
        """Whether *address* is among them."""
        if address.port != self.port:
            return False
        if self.host.startswith("."):
            return address.host.endswith(self.host)
        return address.host == self.host if self.host else "." in address.host


@lru_cache(maxsize=256)  # a push asks three times: can it be pushed, in which lane, where to
def address_of(url: str) -> PushAddress | None:
    """The parts of *url*, a PRID; None: it is no URL to push to, or not plainly one."""
    found = _URL.fullmatch(url) if len(url) <= MAX_URL else None
    if found is None:
        return None
    host, port, path = found[1].lower(), int(found[2] or HTTPS_PORT), found[3]
    if port > 65535 or not _is_name(host):
        return None
    return PushAddress(host, port, (path if path[:1] == "/" else f"/{path}").encode("ascii"))


def _is_name(host: str) -> bool:
    """Whether *host*, in lower case, is a name, and an address to nobody."""
    labels = host.split(".")
    if len(host) > MAX_HOST or not all(map(_LABEL.fullmatch, labels)):
        return False
    return _NUMBER.fullmatch(labels[-1]) is None

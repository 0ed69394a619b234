"""What a message is worth, by a glance at its octets: for when not all can be served."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Protocol

from attrs import define, field

from sippn.binding import AOR, aor_of
from sippn.errors import ServiceUnavailable, SIPError
from sippn.transport import Flow

SHORTEST_RETRY: Final = 5  # seconds
RETRY_SPREAD: Final = 26  # seconds, or all who are refused come back at once

# what goes on or ends; a request of these methods is never the first of anything
_GOES_ON: Final = (b"SIP/2.0 ", b"ACK ", b"BYE ", b"CANCEL ", b"PRACK ", b"UPDATE ")
_TO: Final = re.compile(rb"\r\n(?:to|t)[ \t]*:([^\r\n]*)", re.IGNORECASE)
_TAG: Final = re.compile(rb";[ \t]*tag[ \t]*=", re.IGNORECASE)


class Awaited(Protocol):
    """The AORs whose UAs somebody waits for."""

    def __len__(self) -> int:
        """How many wait."""

    def __contains__(self, aor: AOR, /) -> bool:
        """Whether somebody waits for *aor*'s."""


class Refuses(Protocol):
    """Answers without a transaction: the stack."""

    def refuse(self, octets: bytes, flow: Flow, error: SIPError) -> None:
        """Answer what came on *flow* with *error*, if it can be answered; it does not raise."""


@define(eq=False)
class Triage:
    """
    Tells what must not be lost when the server is behind (RELIABILITY A6), and refuses.

    That is what belongs to something that has begun: responses, whatever has a To tag, and
    the REGISTER that an INVITE waits for.  Losing it wastes what was done, and the peer
    repeats it.  Nothing is parsed here; whoever writes a message so that it is taken for
    less than it is loses by it himself.

    :ivar stack: set before the first message.
    """

    _awaited: Awaited
    _entropy: Callable[[int], bytes]
    stack: Refuses = field(init=False)

    def is_vital(self, octets: bytes) -> bool:
        """See :meth:`sippn.transport.intake.Triage.is_vital`."""
        if octets.startswith(_GOES_ON):
            return True
        if octets.startswith(b"REGISTER "):
            return bool(self._awaited) and self._is_awaited(_to(octets))
        to = _to(octets)
        return b"=" in to and _TAG.search(to) is not None

    def refuse(self, octets: bytes, flow: Flow) -> None:
        """503, as RFC 3261 section 21.5.4 has it for an overload."""
        wait = SHORTEST_RETRY + self._entropy(1)[0] % RETRY_SPREAD
        error = ServiceUnavailable("Overloaded", (("Retry-After", str(wait)),))
        self.stack.refuse(octets, flow, error)

    def _is_awaited(self, to: bytes) -> bool:
        aor = _aor(to)
        return aor is not None and aor in self._awaited


def _to(octets: bytes) -> bytes:
    """The value of the first To, as far as its line goes; empty: there is none."""
    start = octets.find(b"\r\nTo: ")
    if start >= 0:
        return octets[start + 6 : octets.find(b"\r\n", start + 6)]
    found = _TO.search(octets)
    return found[1] if found else b""


def _aor(to: bytes) -> AOR | None:
    start = to.rfind(b"<")
    uri = to.partition(b";")[0] if start < 0 else to[start + 1 : to.find(b">", start)]
    try:
        return aor_of(uri.strip().decode("utf-8", "surrogateescape"))
    except SIPError:
        return None

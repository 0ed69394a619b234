"""
What the answer to a request is worked out with, and on which terms.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from attrs import field
from twisted.internet.interfaces import IReactorTime

from sippn.binding import AOR, PushKind
from sippn.errors import SIPError
from sippn.events import Bus
from sippn.proxy.forwarder import Forwarder, Target
from sippn.proxy.late_calls import LateCalls
from sippn.proxy.selection import Selection
from sippn.proxy.settings import ProxySettings
from sippn.seal import Reference
from sippn.sip import URI
from sippn.transaction import FixedTimer
from sippn.value import value_class
from sippn.wake import Caller, Parking, WakeQueue

TIMER_C = 181  # seconds: more than three minutes (RFC 3261 section 16.6, step 11)
UNLIMITED = float("inf")
NON_INVITE_LIMIT = 30.0  # seconds: an answer must reach the client before its Timer F (P-047)

Find = Callable[[URI], Awaitable[Sequence[Target]]]


class Unanswered(Protocol):
    """A request that has not got its answer."""

    def fail(self, error: SIPError, to_tag: str = "") -> None:
        """Answer it with *error*, and end what is under way."""


@value_class
class Means:
    """
    What response contexts work with, the same for all of them.

    :ivar wall: wall clock, seconds.
    :ivar timer_c: of :data:`TIMER_C`, for all branches; *hedge* of ``settings.hedge``.
    :ivar late_calls: told of UAs that were pushed and did not come in time.
    :ivar unanswered: those that have not given their answer.
    """

    forwarder: Forwarder
    queue: WakeQueue
    parking: Parking
    selection: Selection
    late_calls: LateCalls
    settings: ProxySettings
    clock: IReactorTime
    wall: Callable[[], float]
    entropy: Callable[[int], bytes]
    bus: Bus
    timer_c: FixedTimer
    hedge: FixedTimer
    unanswered: set[Unanswered] = field(factory=set)


@value_class
class Terms:
    """
    On whose account a request is forwarded, and how long its sleepers get.

    :ivar wait: seconds, from when it is their turn.
    :ivar provisional: what the caller of a parked INVITE is told; None: nothing.
    :ivar aors: whose new bindings join while others ring (S-09).
    :ivar in_dialog: its failure must not end the dialog (P-067).
    :ivar most: seconds, from its start, after which nobody is waited for nor asked.
    :ivar mark: it is known by that if it comes back (RFC 5393); empty: it is not looked for.
    :ivar find: the targets behind a Contact of a 3xx; it raises SIPError where that may not be
        followed.  None: no redirection is followed.
    :ivar kind: of the pushes that wake its sleepers; None: it wakes nobody.
    :ivar origin: the caller's own binding, for the requests that come back in its dialog.
    """

    caller: Caller
    wait: float
    provisional: int | None
    aors: Sequence[AOR] = ()
    in_dialog: bool = False
    most: float = UNLIMITED
    mark: str = ""
    find: Find | None = None
    kind: PushKind | None = None
    origin: Reference | None = None

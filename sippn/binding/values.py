"""
Facts about a user: what a store keeps and a plugin sees.  All frozen, no I/O.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TypeAlias

from attrs import field

from sippn.sip import URI, Response
from sippn.value import value_class

AOR: TypeAlias = str  # canonical: "sip:alice@example.com", see rules.canonical_aor


def _hidden(name: str) -> Callable[[object], str]:
    return lambda value: f"<{name}>" if value else repr(value)


@value_class
class PushTarget:
    """
    One UA instance as its push notification service (PNS) sees it (RFC 8599 section 4.1.1).

    :ivar provider: the PNS by its name of RFC 8599, whatever the UA calls it, e.g. ``"fcm"``.
    :ivar param: ``pn-param``, unescaped; empty when the UA sent none.
    :ivar prid: ``pn-prid``, unescaped once; whoever holds it can push, so no repr shows it.
    :ivar tokens: (service, token) pairs where the PNS has several services for one app, as
        APNs has ``voip`` and ``remote``; none: the PRID is the token, for all there is.
    :ivar app: the app by the PNS's own name where that is but a part of *param*: APNs' bundle id.
    :ivar sandbox: the token is of the PNS's test environment.
    :ivar delay: seconds that the UA wants to be asked without a push at first; None: no wish.
    :ivar hints: its other push parameters, as (name in lower case, value): they say how its
        user is to be alerted, and mean something to some providers.
    """

    provider: str
    param: str
    prid: str = field(repr=_hidden("prid"))
    tokens: tuple[tuple[str, str], ...] = field(default=(), repr=_hidden("tokens"))
    app: str = ""
    sandbox: bool = False
    delay: float | None = None
    hints: tuple[tuple[str, str], ...] = field(default=(), repr=_hidden("hints"))


@value_class
class PushRequest:
    """
    What a Contact says about push, in whichever dialect (RFC 8599 section 4.1).

    :ivar pns: its PNS by the UA's own name for it, lower case: what Feature-Caps must say so
        that the UA understands; empty: it asks for all of them.
    :ivar provider: the same by its name of RFC 8599.
    :ivar target: whom to push; None: it asks what there is (section 4.1.5), or *problem*.
    :ivar problem: why it can be pushed by nobody though it means to be; never has a PRID.
    :ivar dialect: what it was written in.
    """

    pns: str
    provider: str
    target: PushTarget | None = None
    problem: str = ""
    dialect: str = "RFC 8599"


class PushState(Enum):
    """
    Whether pushes reach a binding's UA (REQUIREMENTS S-01).

    ELSEWHERE is for a proxy on the way to know, which pushes it (RFC 8599 section 5.6.1.1).
    The values are what :func:`~sippn.binding.write_record` writes.
    """

    ACTIVE = "active"
    DEAD = "dead"
    ELSEWHERE = "elsewhere"


@value_class
class Binding:
    """
    One Contact of one AOR; *id* outlives rotation of contact, PRID and flow.

    :ivar id: opaque, random, unique.
    :ivar contact: the Contact URI as registered; it carries the PRID, so no repr shows it.
    :ivar flow: token of the flow its last REGISTER came on (RFC 5626).
    :ivar expires_at: wall clock, seconds: it outlives the process.
    :ivar registered_at: wall clock, seconds, of the last REGISTER.
    :ivar call_id: Call-ID and *cseq* of that REGISTER (RFC 3261 section 10.3, step 7).
    :ivar q: preference in thousandths, 0 to 1000; None: the UA gave none.
    :ivar instance: ``+sip.instance`` without quotes; *reg_id* 0 where RFC 5626 does not apply.
    :ivar path: Path values to send through (RFC 3327), topmost first.
    :ivar params: Contact header parameters to return to the UA, as (name, value).
    :ivar push_target: whom to wake; None: a UA that does not sleep, or that others wake.
    :ivar push_state: DEAD when the PNS disowned each token; the next REGISTER revives it.
    :ivar refresh_at: wall clock, seconds: when a refresh push is due (RFC 8599 section 5.5);
        None: never.
    :ivar refresh_attempt: refresh pushes since the last REGISTER.
    :ivar asleep_until: wall clock, seconds: it may be woken until then, though it expired
        before that (REQUIREMENTS S-32); None: it may not.
    """

    id: str
    contact: str = field(repr=_hidden("contact"))
    flow: str
    expires_at: float
    registered_at: float
    call_id: str
    cseq: int
    q: int | None = None
    instance: str = ""
    reg_id: int = 0
    path: tuple[str, ...] = ()
    params: tuple[tuple[str, str | None], ...] = ()
    user_agent: str = ""
    push_target: PushTarget | None = None
    push_state: PushState = PushState.ACTIVE
    refresh_at: float | None = None
    refresh_attempt: int = 0
    asleep_until: float | None = None


@value_class
class Record:
    """
    All that is stored of one AOR, the unit of compare-and-swap.

    :ivar version: never repeats for an AOR: wall clock ms, or the old + 1 if that is more.
    :ivar due_at: wall clock, seconds: when somebody must look again; None: never.
    :ivar keys: digests of tokens and, later, contact ids and GRUUs: for ``find()``.
    """

    aor: AOR
    version: int
    bindings: tuple[Binding, ...]
    due_at: float | None
    keys: frozenset[bytes] = frozenset()

    @property
    def idle(self) -> bool:
        """Nothing worth keeping: a store deletes it."""
        return not self.bindings and self.due_at is None


@value_class
class Change:
    """A record to store, and the version it was decided on (0: there was none)."""

    record: Record
    expected: int


@value_class
class Decision:
    """
    What a rule made of a record.

    :ivar record: what is to be stored; None: leave the store as it is.
    :ivar registered: bindings that a REGISTER just added or refreshed, as stored.
    :ivar removed: bindings that are gone, as they were.
    :ivar superseded: (id of a removed one, id of a registered one) that are the same UA.
    :ivar refreshing: bindings whose UA is to be pushed now, so that it refreshes them.
    """

    record: Record | None
    registered: tuple[Binding, ...] = ()
    removed: tuple[Binding, ...] = ()
    superseded: tuple[tuple[str, str], ...] = ()
    refreshing: tuple[Binding, ...] = ()

    def ids_of(self, binding: Binding) -> tuple[str, ...]:
        """All that the UA of *binding*, a registered one, was known by: its id comes first."""
        return (binding.id, *(gone for gone, stays in self.superseded if stays == binding.id))


class PushKind(Enum):
    """Why a push is sent; the values are the webhook's ``kind``."""

    CALL = "call"
    MESSAGE = "message"
    MID_DIALOG = "mid-dialog"
    REFRESH = "refresh"
    CANCEL = "cancel"


@value_class
class PushJob:
    """
    One push to request.

    :ivar id: opaque, random, unique; safe to log and to show.
    :ivar deadline: monotonic clock, seconds; after it nobody asks the PNS for it any more.
    :ivar collapse_key: pushes of one key may replace each other at the PNS.
    :ivar method: the SIP method that waits, empty for a refresh.
    :ivar caller: the From of the request that waits, as it came; empty for a refresh.  The
        PNS is told of it only where the operator's payload says so (RFC 8599 section 13).
    :ivar reason: why a call is taken back, the value of a Reason field (RFC 3326), so that
        "answered elsewhere" is no missed call; empty for all other kinds.
    :ivar held_until: monotonic clock, seconds: until then it is of use to a phone that was
        away; 0: until the deadline, as nobody waits for longer.
    :ivar urgent: a refresh that is the last one before its binding expires (S-30).
    """

    id: str
    kind: PushKind
    target: PushTarget
    aor: AOR
    deadline: float
    collapse_key: str = ""
    method: str = ""
    call_id: str = ""
    caller: str = field(default="", repr=_hidden("caller"))
    reason: str = ""
    held_until: float = 0.0
    urgent: bool = False

    def life(self, now: float) -> float:
        """Seconds, from *now*, for which the PNS may keep it for a phone that is away."""
        return max(self.deadline, self.held_until) - now


class Verdict(Enum):
    """What the PNS said; each value is what is done about it."""

    ACCEPTED = "taken: wait for the REGISTER"
    DEAD = "the PRID is gone: forget it, answer the callers"
    BUSY = "ask again after retry_after, inside the deadline"
    REFUSED = "our credentials or topic are wrong: tell the operator, keep the binding"
    FAILED = "no answer, or an answer that says nothing"


@value_class
class PushOutcome:
    """
    What came of a push.

    :ivar detail: for the operator: the PNS's own words, never a PRID.
    :ivar advice: for the operator as well: what that means, and what to do about it; words of
        the provider's own.  Where it is REFUSED, the log says it once.
    :ivar retry_after: seconds the PNS asked to wait.
    :ivar gone_since: wall clock of :class:`~sippn.interfaces.Surroundings`, seconds: a
        REGISTER after it proves the PRID alive again.
    :ivar unsent: FAILED, and the PNS certainly has not got it; where it may have, the phone may
        ring, and is told when the call is over (S-12).
    """

    verdict: Verdict
    pns_id: str = ""
    detail: str = ""
    retry_after: float | None = None
    gone_since: float | None = None
    advice: str = ""
    unsent: bool = False


@value_class
class Capability:
    """One Feature-Caps field (RFC 8599 section 8): a PNS and its VAPID key."""

    pns: str
    vapid: str | None = None


@value_class
class Source:
    """
    Where a request came from, as the transport saw it.

    :ivar flow: the flow's token.
    :ivar secure: TLS or the like.
    """

    flow: str
    host: str
    port: int
    secure: bool = False


@value_class
class Principal:
    """
    Who proved to be who.

    :ivar user: as in the credentials; for a trusted peer its address.
    :ivar aors: the AORs it may register and speak for; a trusted peer's is empty.
    :ivar trusted: a peer of the operator's: neither challenged nor budgeted.
    """

    user: str
    realm: str
    aors: tuple[AOR, ...] = ()
    trusted: bool = False


@value_class
class Grant:
    """
    A registration that was allowed: for how long each Contact, and on whose word.

    :ivar expires: seconds granted to each Contact URI of the request, in order; 0 removes it.
    :ivar response: the upstream's 2xx to build on (mid, edge); None: ours to write.
    """

    aor: AOR
    expires: tuple[tuple[URI, int], ...]
    response: Response | None = None


@value_class
class RegisterPlan:
    """What is about to be asked for; a policy returns it, or an evolved one."""

    aor: AOR
    principal: Principal | None


@value_class
class RoutePlan:
    """
    Where a request is about to go.

    :ivar targets: AORs to look up (str) and URIs to send to as they are.
    :ivar wait: seconds a sleeper gets; None: as configured.
    :ivar provisional: what to tell the caller of a parked INVITE; None: as configured.
    """

    targets: tuple[AOR | URI, ...]
    principal: Principal | None
    wait: float | None = None
    provisional: int | None = None

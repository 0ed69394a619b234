"""
The proxy of RFC 3261 section 16, in the order of its subsections.
"""

from __future__ import annotations

from attrs import Factory, define, evolve, field
from twisted.internet.defer import Deferred

from sippn.binding import AOR, Principal, Record, RoutePlan, canonical_aor, live
from sippn.errors import (
    CallDoesNotExist,
    Forbidden,
    LoopDetected,
    NotFound,
    ServiceUnavailable,
    SIPError,
    TransportError,
)
from sippn.location import LocationService
from sippn.proxy.caller_side import CallerSide
from sippn.proxy.context import ResponseContext
from sippn.proxy.forwarder import Target
from sippn.proxy.forwarding import WAIT_HEADER
from sippn.proxy.loops import LoopDetection
from sippn.proxy.means import Find, Means, Terms
from sippn.proxy.record_route import Dialog
from sippn.proxy.route import Routed, RouteReader
from sippn.proxy.settings import ProxySettings
from sippn.proxy.validation import validate_request
from sippn.sip import URI, Request
from sippn.stack import SIPStack
from sippn.transaction import ServerTransaction
from sippn.transport import Flow
from sippn.wake import Caller

SHORTEST_RETRY = 5  # seconds (RELIABILITY A6)
RETRY_SPREAD = 26
LAST_PUSHES = 1.0  # seconds that a server which stops gives its push services
_UNLIMITED = float("inf")
_NONE_YET = Terms(Caller("", stranger=True), 0, None)  # of a request that nobody has looked at
NON_INVITE_LIMIT = 30.0  # seconds: a 480 must reach the client before its Timer F (P-047)


@define(eq=False)
class Proxy:
    """Decides where requests go, and lets a response context see to the rest."""

    _stack: SIPStack
    _location: LocationService
    _routes: RouteReader
    _means: Means
    _closing: bool = field(default=False, init=False)
    _loops: LoopDetection = field(
        init=False,
        default=Factory(lambda self: LoopDetection(self._means.entropy(16)), takes_self=True),
    )

    def begin(
        self, request: Request, transaction: ServerTransaction, flow: Flow
    ) -> ResponseContext:
        """A context for *request*, so that a CANCEL finds one from the first moment."""
        means = self._means
        caller = CallerSide(transaction, means.entropy, means.clock, means.bus)
        return ResponseContext(means, caller, flow, request, _NONE_YET)

    def preprocess(self, request: Request) -> Routed:
        """
        Validate *request* and read its Route (RFC 3261 16.3 and 16.4).

        Our own token in a Route leads to one place only: there no loop has to be looked for.

        :raises LoopDetected: it was here as it is.
        :raises SIPError: it cannot be proxied.
        """
        validate_request(request)
        routed = self._routes.preprocess_route(request)
        if routed.dialog is not None:
            return routed
        mark = self._loops.mark(request)
        return Routed(routed.request, None, routed.next_hop, mark)

    def is_last(self, request: Request) -> bool:
        """Whether the Route of *request* ends here.  :raises BadRequest: it makes no sense."""
        if "route" not in request.headers.keys:
            return True
        routed = self._routes.preprocess_route(request)
        return routed.dialog is None and routed.next_hop is None

    async def forward_request(
        self, context: ResponseContext, routed: Routed, principal: Principal | None, caller: Caller
    ) -> None:
        """
        Determine the targets of a request and send it to them (RFC 3261 16.5 and 16.6).

        :raises SIPError: the answer, when there is nowhere to send it.
        """
        if self._closing and routed.dialog is None:  # who hangs up must be heard (A6)
            raise self._goodbye()
        request = routed.request
        if routed.dialog is not None:
            targets = [_other_side(routed.dialog, request)]
            context.start(request, targets, Terms(caller, 0, None, in_dialog=True))
            return
        mark = routed.mark
        if routed.next_hop is not None:
            terms = Terms(caller, 0, None, mark=mark)
            context.start(request, [await self._onward(routed, principal)], terms)
            return
        plan = RoutePlan((), principal, wait=_asked_wait(request, principal))
        try:
            plan = await self._means.selection.planned(request, plan)
        except NotFound:
            if not self._conceals(request, caller):
                raise
            plan = evolve(plan, targets=(canonical_aor(request.request_uri),))
            targets = []
        else:
            targets = await self._targets(request, plan)
        context.start(request, targets, self._terms(request, plan, caller, mark))

    def forward_ack(self, ack: Request) -> None:
        """
        Pass on the ACK of a 2xx; one that fits no dialog of ours is dropped.

        An ACK is never answered (RFC 3261 section 17): whatever is wrong ends here.
        """
        try:
            routed = self.preprocess(ack)
            if routed.dialog is not None:
                self._forward_ack(routed.request, _other_side(routed.dialog, routed.request))
        except (SIPError, TransportError):
            return

    def shut_down(self) -> Deferred[None]:
        """
        Answer all that is unanswered: the server is about to stop (RELIABILITY D6).

        :returns: fires when the phones that were woken for it are told so, a second later at
            the latest.
        """
        self._closing = True
        for context in tuple(self._means.unanswered):
            context.fail(self._goodbye())
        told = self._means.queue.recalled()
        return told.addTimeout(LAST_PUSHES, self._means.clock, lambda *_: None)

    def _goodbye(self) -> SIPError:
        """Spread, so that the callers do not all come back at once."""
        seconds = SHORTEST_RETRY + self._means.entropy(1)[0] % RETRY_SPREAD
        return ServiceUnavailable("", [("Retry-After", str(seconds))])

    def _forward_ack(self, ack: Request, target: Target) -> None:
        forwarder = self._means.forwarder
        flow = forwarder.flow_to(ack, target)
        if isinstance(flow, Deferred):
            flow.addCallback(lambda opened: forwarder.forward_ack(ack, target, opened))
            flow.addErrback(lambda failure: failure.trap(SIPError, TransportError))
        else:
            forwarder.forward_ack(ack, target, flow)

    def _conceals(self, request: Request, caller: Caller) -> bool:
        """Whether a name that does not exist is to look like one whose phone sleeps (T15)."""
        uri = request.request_uri
        if not (self._means.settings.conceal and caller.stranger and uri.user):
            return False
        return not self._stack.owns(uri.host, uri.port)

    async def _targets(self, request: Request, plan: RoutePlan) -> list[Target]:
        found: list[Target] = []
        for target in dict.fromkeys(plan.targets):  # a set: nobody is called twice
            if isinstance(target, URI):
                found.append(Target(str(target), await self._flow_to(target)))
            else:
                found.extend(await self._registered(request, target))
        return found

    async def _registered(self, request: Request, aor: AOR) -> list[Target]:
        stored = self._location.load(aor)
        record = stored if stored is None or isinstance(stored, Record) else await stored
        means = self._means
        chosen = means.selection.chosen(request, live(record, means.wall()))
        return [means.forwarder.target_of(aor, binding) for binding in chosen]

    async def _onward(self, routed: Routed, principal: Principal | None) -> Target:
        """The sender's own Route leads further: only those we know may use us so (A13)."""
        if principal is None or routed.next_hop is None:
            raise Forbidden("Relaying Denied")
        return Target(routed.request.uri, await self._flow_to(routed.next_hop))

    async def _flow_to(self, uri: URI) -> str:
        flow = await self._stack.resolve(uri)
        if self._stack.owns(flow.remote.host, flow.remote.port):
            raise LoopDetected
        return flow.token

    def _terms(self, request: Request, plan: RoutePlan, caller: Caller, mark: str) -> Terms:
        settings = self._means.settings
        return Terms(
            caller,
            wait=plan.wait if plan.wait is not None else _configured(request, settings),
            provisional=settings.provisional if plan.provisional is None else plan.provisional,
            aors=tuple([target for target in plan.targets if isinstance(target, str)]),
            most=_UNLIMITED if request.method == "INVITE" else NON_INVITE_LIMIT,
            mark=mark,
            find=self._find(request, plan) if settings.recurse else None,
        )

    def _find(self, request: Request, plan: RoutePlan) -> Find | None:
        """
        Looks up where a 3xx leads, as if *request* had been sent there.

        None where *request* is not for this server: then its Request-URI is not ours to
        change (RFC 3261 section 16.5).
        """
        if plan.targets == (request.request_uri,):
            return None

        async def find(uri: URI) -> list[Target]:
            moved = request.readdressed(str(uri))
            onward = await self._means.selection.planned(moved, RoutePlan((), plan.principal))
            return await self._targets(moved, onward)

        return find


def _configured(request: Request, settings: ProxySettings) -> float:
    if request.method == "INVITE":
        return settings.wait.invite
    return settings.wait.message if request.method == "MESSAGE" else settings.wait.other


def _asked_wait(request: Request, principal: Principal | None) -> float | None:
    """A trusted peer may say how long its caller will wait (S-14)."""
    asked = request.headers.get(WAIT_HEADER)
    if asked is None or principal is None or not principal.trusted:
        return None
    return min(float(asked), 180.0) if asked.isascii() and asked.isdigit() else None


def _other_side(dialog: Dialog, request: Request) -> Target:
    flow = dialog.flow_of(request)
    if flow is None:
        raise CallDoesNotExist
    return Target(request.uri, flow)

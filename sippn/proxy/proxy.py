"""
The proxy of RFC 3261 section 16, in the order of its subsections.
"""

from __future__ import annotations

from attrs import Factory, define, evolve, field
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from sippn.binding import Principal, PushKind, RoutePlan, canonical_aor
from sippn.errors import (
    NotFound,
    ServiceUnavailable,
    SIPError,
    TransportError,
)
from sippn.location import LocationService
from sippn.proxy.caller_side import CallerSide
from sippn.proxy.context import ResponseContext
from sippn.proxy.forwarder import Target, makes_dialog
from sippn.proxy.forwarding import WAIT_HEADER
from sippn.proxy.in_dialog import Crossing, InDialog
from sippn.proxy.loops import LoopDetection
from sippn.proxy.means import NON_INVITE_LIMIT, UNLIMITED, Means, Terms
from sippn.proxy.route import Routed, RouteReader
from sippn.proxy.settings import ProxySettings
from sippn.proxy.targets import Targets, check_event
from sippn.proxy.validation import validate_request
from sippn.seal import Reference
from sippn.sip import Request
from sippn.stack import SIPStack
from sippn.transaction import ServerTransaction
from sippn.transport import Flow
from sippn.wake import Caller

SHORTEST_RETRY = 5  # seconds (RELIABILITY A6)
RETRY_SPREAD = 26
LAST_PUSHES = 1.0  # seconds that a server which stops gives its push services
_NONE_YET = Terms(Caller("", stranger=True), 0, None)  # of a request that nobody has looked at


@define(eq=False)
class Proxy:
    """Decides where requests go, and lets a response context see to the rest."""

    _stack: SIPStack
    _location: LocationService
    _routes: RouteReader
    _means: Means
    _closing: bool = field(default=False, init=False)
    _in_dialog: InDialog = field(
        init=False,
        default=Factory(lambda self: InDialog(self._location, self._means), takes_self=True),
    )
    _targets: Targets = field(
        init=False,
        default=Factory(
            lambda self: Targets(self._stack, self._location, self._means, self._in_dialog),
            takes_self=True,
        ),
    )
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
        return Routed(routed.request, None, routed.next_hop, mark, routed.reference)

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
        if routed.dialog is not None:  # even by a server that stops: who hangs up must be heard
            crossing = self._in_dialog.crossing(routed, routed.dialog)
            target = crossing.beginning
            if crossing.reference is not None and not self._closing:  # no time to wait for anybody
                target = await self._in_dialog.target(crossing)
            terms = self._in_dialog.terms(
                crossing.request, target, crossing.caller(caller, context.arrived_on)
            )
            context.start(crossing.request, [target], terms)
            return
        if self._closing:
            raise self._goodbye()
        origin = None
        if makes_dialog(routed.request):
            purr = self._routes.purr_of_contact(routed.request)
            if purr is not None or self._means.settings.wakes_all:
                origin = await self._in_dialog.origin(routed.request, purr, context.arrived_on)
        if routed.next_hop is None:
            await self._look_up(context, routed, principal, caller, origin)
        else:
            terms = Terms(caller, 0, None, mark=routed.mark, origin=origin)
            context.start(routed.request, [await self._targets.onward(routed, principal)], terms)

    def forward_ack(self, ack: Request) -> None:
        """
        Pass on the ACK of a 2xx; one that fits no dialog of ours is dropped.

        An ACK is never answered (RFC 3261 section 17): whatever is wrong ends here.
        """
        try:
            routed = self.preprocess(ack)
            if routed.dialog is None:
                return
            crossing = self._in_dialog.crossing(routed, routed.dialog)
            if crossing.reference is None:
                self._forward_ack(crossing.request, crossing.beginning)
            else:
                Deferred.fromCoroutine(self._cross_ack(crossing)).addErrback(_let_go)
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

    async def _look_up(
        self,
        context: ResponseContext,
        routed: Routed,
        principal: Principal | None,
        caller: Caller,
        origin: Reference | None,
    ) -> None:
        request = routed.request
        plan = RoutePlan((), principal, wait=_asked_wait(request, principal))
        try:
            plan = await self._means.selection.planned(request, plan)
        except NotFound:
            if not self._conceals(request, caller):
                raise
            plan = evolve(plan, targets=(canonical_aor(request.request_uri),))
            targets = []
        else:
            check_event(request, plan)
            if routed.reference is not None:
                referred = await self._targets.referred(request, routed.reference, plan)
                if referred is not None:
                    kind = PushKind.MID_DIALOG if request.to.tag else PushKind.CALL
                    terms = self._in_dialog.terms(request, referred, caller, kind)
                    terms = evolve(terms, mark=routed.mark, origin=origin)
                    context.start(request, [referred], terms)
                    return
            targets = await self._targets.of(request, plan)
        context.start(request, targets, self._terms(request, plan, caller, routed.mark, origin))

    async def _cross_ack(self, crossing: Crossing) -> None:
        target = await self._in_dialog.target(crossing)
        if self._means.forwarder.open_flow(target) is None:
            target = crossing.beginning  # it waits for nobody
        self._forward_ack(crossing.request, target)

    def _forward_ack(self, ack: Request, target: Target) -> None:
        forwarder = self._means.forwarder
        flow = forwarder.flow_to(ack, target)
        if isinstance(flow, Deferred):
            flow.addCallback(lambda opened: forwarder.forward_ack(ack, target, opened))
            flow.addErrback(_let_go)
        else:
            forwarder.forward_ack(ack, target, flow)

    def _conceals(self, request: Request, caller: Caller) -> bool:
        """Whether a name that does not exist is to look like one whose phone sleeps (T15)."""
        uri = request.request_uri
        if not (self._means.settings.conceal and caller.stranger and uri.user):
            return False
        return not self._stack.owns(uri.host, uri.port)

    def _terms(
        self,
        request: Request,
        plan: RoutePlan,
        caller: Caller,
        mark: str,
        origin: Reference | None,
    ) -> Terms:
        settings = self._means.settings
        return Terms(
            caller,
            wait=plan.wait if plan.wait is not None else _configured(request, settings),
            provisional=settings.provisional if plan.provisional is None else plan.provisional,
            aors=tuple([target for target in plan.targets if isinstance(target, str)]),
            most=UNLIMITED if request.method == "INVITE" else NON_INVITE_LIMIT,
            mark=mark,
            find=self._targets.find(request, plan) if settings.recurse else None,
            kind=_kind(request) if request.method in settings.methods else None,
            origin=origin,
        )


def _kind(request: Request) -> PushKind:
    """Of its pushes: those for calls may have to ring, which nothing else must (R-04)."""
    return PushKind.CALL if request.method == "INVITE" else PushKind.MESSAGE


def _let_go(failure: Failure) -> None:
    failure.trap(SIPError, TransportError)


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

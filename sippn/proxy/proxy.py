"""
The proxy of RFC 3261 section 16, in the order of its subsections.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define, field
from twisted.internet.defer import Deferred

from sippn.binding import AOR, Principal, Record, RoutePlan, live
from sippn.errors import (
    CallDoesNotExist,
    Forbidden,
    LoopDetected,
    ServiceUnavailable,
    SIPError,
    TransportError,
)
from sippn.interfaces import IRoutingPolicy
from sippn.location import LocationService
from sippn.proxy.caller_side import CallerSide
from sippn.proxy.context import Means, ResponseContext, Terms
from sippn.proxy.forwarder import Target
from sippn.proxy.forwarding import WAIT_HEADER
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
_NONE_YET = Terms(Caller("", stranger=True), 0, None)  # of a request that nobody has looked at
NON_INVITE_LIMIT = 30.0  # seconds: a 480 must reach the client before its Timer F (P-047)


@define(eq=False)
class Proxy:
    """
    Decides where requests go, and lets a response context see to the rest.

    :ivar _policies: asked in order; the last is usually a :class:`DomainPolicy`.
    """

    _stack: SIPStack
    _location: LocationService
    _routes: RouteReader
    _policies: Sequence[IRoutingPolicy]
    _means: Means
    _closing: bool = field(default=False, init=False)

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

        :raises SIPError: it cannot be proxied.
        """
        validate_request(request)
        return self._routes.preprocess_route(request)

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
        if routed.next_hop is not None:
            context.start(request, [await self._onward(routed, principal)], Terms(caller, 0, None))
            return
        plan = RoutePlan((), principal, wait=_asked_wait(request, principal))
        for policy in self._policies:
            bent = policy.determine_targets(request, plan)
            plan = bent if isinstance(bent, RoutePlan) else await bent
        targets = await self._targets(request, plan)
        context.start(request, targets, self._terms(request, plan, caller))

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

    def _terms(self, request: Request, plan: RoutePlan, caller: Caller) -> Terms:
        settings = self._means.settings
        seconds = plan.wait if plan.wait is not None else _configured(request, settings)
        if request.method != "INVITE":
            seconds = min(seconds, NON_INVITE_LIMIT)
        provisional = settings.provisional if plan.provisional is None else plan.provisional
        until = self._means.clock.seconds() + seconds
        aors = tuple(target for target in plan.targets if isinstance(target, str))
        return Terms(caller, until, provisional, aors)


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

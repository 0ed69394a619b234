"""
Determining the targets of a request outside a dialog (RFC 3261 section 16.5).
"""

from __future__ import annotations

from attrs import evolve

from sippn.binding import AOR, Principal, Record, RoutePlan, reachable
from sippn.errors import BadEvent, Forbidden, LoopDetected
from sippn.location import LocationService
from sippn.proxy.forwarder import Target
from sippn.proxy.in_dialog import InDialog
from sippn.proxy.means import Find, Means
from sippn.proxy.route import Routed
from sippn.seal import Reference
from sippn.sip import URI, Request
from sippn.stack import SIPStack
from sippn.value import value_class


@value_class(eq=False)
class Targets:
    """Finds whom a plan means: those who have registered, and hosts elsewhere."""

    _stack: SIPStack
    _location: LocationService
    _means: Means
    _in_dialog: InDialog

    async def of(self, request: Request, plan: RoutePlan) -> list[Target]:
        """
        The targets that *plan* has for *request*, in order.

        :raises SIPError: a policy refuses *request*, or a host cannot be reached.
        """
        found: list[Target] = []
        for target in dict.fromkeys(plan.targets):  # a set: nobody is called twice
            if isinstance(target, URI):
                found.append(Target(str(target), await self._flow_to(target)))
            else:
                found.extend(await self._registered(request, target))
        return found

    async def onward(self, routed: Routed, principal: Principal | None) -> Target:
        """
        The next hop, where the sender's own Route leads further.

        :raises Forbidden: only those we know may use us so (A13).
        """
        if principal is None or routed.next_hop is None:
            raise Forbidden("Relaying Denied")
        return Target(routed.request.uri, await self._flow_to(routed.next_hop))

    async def referred(
        self, request: Request, reference: Reference, plan: RoutePlan
    ) -> Target | None:
        """
        The one UA that *request*, which has no token of ours, is for by its PURR: in a dialog,
        or in the place of one (RFC 8599 sections 6.2.3 and 7).

        None: it is a request like others: a stranger's, whom a PURR does not make known (T2),
        or a policy wants it elsewhere.
        """
        as_asked = plan.targets in ((request.request_uri,), (reference.aor,))
        if plan.principal is None or not as_asked:
            return None
        target = await self._in_dialog.present(request, reference)
        if target is None or target.binding is None:
            return None
        if not self._means.selection.chosen(request, (target.binding,)):
            return None
        return target if request.to.tag else evolve(target, path=target.binding.path)

    def find(self, request: Request, plan: RoutePlan) -> Find | None:
        """
        Looks up where a 3xx leads, as if *request* had been sent there.

        None where *request* is not for this server: then its Request-URI is not ours to
        change.
        """
        if plan.targets == (request.request_uri,):
            return None

        async def find(uri: URI) -> list[Target]:
            moved = request.readdressed(str(uri))
            onward = await self._means.selection.planned(moved, RoutePlan((), plan.principal))
            return await self.of(moved, onward)

        return find

    async def _registered(self, request: Request, aor: AOR) -> list[Target]:
        stored = self._location.load(aor)
        record = stored if stored is None or isinstance(stored, Record) else await stored
        means = self._means
        chosen = means.selection.chosen(request, reachable(record, means.wall()))
        return [means.forwarder.target_of(aor, binding) for binding in chosen]

    async def _flow_to(self, uri: URI) -> str:
        flow = await self._stack.resolve(uri)
        if self._stack.owns(flow.remote.host, flow.remote.port):
            raise LoopDetected
        return flow.token


def check_event(request: Request, plan: RoutePlan) -> None:
    """
    Refuse a SUBSCRIBE to the registrations of an AOR of ours (RFC 3680): nobody tells them.

    :raises BadEvent: it is one (RFC 6665 section 4.1.3).
    """
    if request.method != "SUBSCRIBE" or not any(isinstance(one, str) for one in plan.targets):
        return
    event = request.headers.get("Event") or ""
    if event.partition(";")[0].strip().lower() == "reg":
        raise BadEvent

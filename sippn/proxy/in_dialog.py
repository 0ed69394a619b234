"""
Whom a request in a dialog goes to, and who is woken for it (RFC 8599 section 6.2.3).

Without a PURR that is the flow that its dialog began on.  A PURR names a binding, whose UA may
be elsewhere by now, or asleep.  Nothing is kept of a dialog: the PURR and the token in its
Route are all the memory there is.
"""

from __future__ import annotations

from sippn.binding import AOR, PushKind, Record, canonical_aor, reachable
from sippn.errors import CallDoesNotExist, SIPError, StoreUnavailable
from sippn.interfaces import settled
from sippn.location import LocationService
from sippn.proxy.forwarder import Target
from sippn.proxy.means import NON_INVITE_LIMIT, UNLIMITED, Means, Terms
from sippn.proxy.record_route import Dialog, Side
from sippn.proxy.route import Routed
from sippn.seal import Reference
from sippn.sip import Request
from sippn.value import value_class
from sippn.wake import Caller


@value_class
class Crossing:
    """
    A request on its way from one side of its dialog to the other.

    :ivar reference: the binding that it is for; None: it goes where the dialog began.
    """

    request: Request
    dialog: Dialog
    sender: Side
    receiver: Side
    reference: Reference | None

    @property
    def beginning(self) -> Target:
        """Where its dialog began: its way where nothing better is known."""
        return Target(self.request.uri, self.receiver.flow)

    def caller(self, otherwise: Caller, arrived_on: str) -> Caller:
        """
        On whose account it waits and pushes: its side's, if somebody answers for that.

        Its own credentials are not asked for: who hangs up must not be challenged.  But its
        tags prove nothing, for the other side knows them, too: it has to come from that side.

        :param arrived_on: token of the flow that it came on.
        """
        if otherwise.trusted or not self.sender.vouched or self.sender.flow != arrived_on:
            return otherwise
        return Caller(f"{self.dialog.caller_mark} {self.sender.flow}")


@value_class(eq=False)
class InDialog:
    """Finds the UA that a PURR, or a token of ours, stands for."""

    _location: LocationService
    _means: Means

    def crossing(self, routed: Routed, dialog: Dialog) -> Crossing:
        """
        Which way *routed* goes, whose token says that it is of *dialog*.

        :raises CallDoesNotExist: it is not.
        """
        sides = dialog.sides(routed.request)
        if sides is None:
            raise CallDoesNotExist
        sender, receiver = sides
        reference = routed.reference
        if reference is not None and not receiver.is_of(reference.aor):
            reference = None  # it is beyond the next hop, or of another dialog
        if reference is None and self._means.settings.wakes_all:
            reference = receiver.reference
        return Crossing(routed.request, dialog, sender, receiver, reference)

    async def target(self, crossing: Crossing) -> Target:
        """
        The present place of the UA that *crossing* is for.

        Where it cannot be told, because the UA has taken its binding back or the store does
        not answer, the request takes its ordinary way.
        """
        if crossing.reference is None:
            return crossing.beginning
        target = await self.present(crossing.request, crossing.reference)
        return crossing.beginning if target is None else target

    async def present(self, request: Request, reference: Reference) -> Target | None:
        """
        The target of *request* for the binding of *reference*; None: there is none any more.

        The Request-URI stays as it is, and the route set: only the flow is the binding's.  A
        UA with several flows is reached by one that is open (RFC 5626 section 5.3).
        """
        found = reachable(await self._record(reference.aor), self._means.wall())
        known = next((one for one in found if one.id == reference.binding_id), None)
        if known is None:
            return None
        target = Target(request.uri, known.flow, reference.aor, known)
        if known.instance and self._means.forwarder.open_flow(target) is None:
            for one in found:
                other = Target(request.uri, one.flow, reference.aor, one)
                same = one.instance == known.instance
                if same and self._means.forwarder.open_flow(other) is not None:
                    return other
        return target

    def terms(
        self,
        request: Request,
        target: Target,
        caller: Caller,
        kind: PushKind = PushKind.MID_DIALOG,
    ) -> Terms:
        """On which terms *request* goes to *target*: no failure of it may end the dialog."""
        if target.binding is None:
            return Terms(caller, 0, None, in_dialog=True)
        wait = self._means.settings.wait.mid_dialog
        most = UNLIMITED if request.method == "INVITE" else NON_INVITE_LIMIT
        return Terms(caller, wait, None, in_dialog=True, most=most, kind=kind)

    async def origin(self, request: Request, purr: Reference | None, flow: str) -> Reference | None:
        """
        The binding of who sent *request* on *flow*, for what comes back in its dialog.

        :param purr: what the PURR in its Contact stands for; None: there is none.
        :param flow: a token; only who has registered on it is believed to be who From says.  A
            PURR is believed as well where no proxy can have passed it on.
        """
        if purr is not None and len(request.headers.values("Via")) == 1:
            return purr
        try:
            aor = canonical_aor(request.from_.uri) if purr is None else purr.aor
        except SIPError:
            return None
        for binding in reachable(await self._record(aor), self._means.wall()):
            if binding.flow == flow:
                return Reference(aor, binding.id)
        return None

    async def _record(self, aor: AOR) -> Record | None:
        try:
            return await settled(self._location.load(aor))
        except StoreUnavailable:  # which it has told of
            return None

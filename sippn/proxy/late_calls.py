"""
Calls that were over before their UA came back (REQUIREMENTS S-12).
"""

from __future__ import annotations

from attrs import define, field, frozen
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from sippn.binding import AOR, Binding, Decision, PushKind
from sippn.errors import TransportError
from sippn.interfaces import IPushProvider
from sippn.proxy.forwarder import Forwarder, Target
from sippn.proxy.hang_up import Nobody, hang_up
from sippn.sip import Request, Response
from sippn.transaction import FixedTimer
from sippn.transport import Flow

LATE = 60.0  # seconds after which a call that was missed is no longer news
MOST = 10_000
MOST_EACH = 5


@frozen(eq=False)
class LateCall:
    """
    One call that ended.

    :ivar invite: as it came, preprocessed.
    :ivar reason: why it ended, the value of a Reason field (RFC 3326).
    """

    invite: Request
    reason: str


@define(eq=False)
class LateCalls:
    """
    Shows a call that is over to a UA that comes too late, and takes it back at once.

    That is for those that no push can tell that the call is over: an iOS app which got a
    VoIP push must show a call, or it is killed, and a second push would have to show one
    more.  Whatever can be pushed a cancellation is spared this.

    :ivar _push: says which UAs those are.
    """

    _forwarder: Forwarder
    _push: IPushProvider
    _clock: IReactorTime
    _expected: dict[tuple[AOR, str], list[LateCall]] = field(factory=dict, init=False)
    _timer: FixedTimer = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._timer = FixedTimer(self._clock, LATE)

    def __len__(self) -> int:
        return sum(map(len, self._expected.values()))

    def expect(self, invite: Request, target: Target, reason: str) -> None:
        """*target*'s UA was pushed for *invite*, and did not come while it was wanted."""
        binding = target.binding
        if binding is None or not self._must_be_shown(binding):
            return
        key = (target.aor, binding.id)
        calls = self._expected.setdefault(key, [])
        if len(calls) < MOST_EACH and len(self._timer) < MOST:
            call = LateCall(invite, reason)
            calls.append(call)
            self._timer.start(self._forget, key, call)

    def location_changed(self, aor: AOR, decision: Decision) -> None:
        """A change of *aor* was committed: show who came what they have missed."""
        if not self._expected:
            return
        for binding in decision.registered:
            old = (gone for gone, stays in decision.superseded if stays == binding.id)
            for binding_id in (binding.id, *old):
                for call in self._expected.pop((aor, binding_id), ()):
                    self._show(call, aor, binding)

    def _must_be_shown(self, binding: Binding) -> bool:
        target = binding.push_target
        if target is None or not self._push.can_push(target, PushKind.CALL):
            return False
        return not self._push.can_push(target, PushKind.CANCEL)

    def _forget(self, key: tuple[AOR, str], call: LateCall) -> None:
        calls = self._expected.get(key, [])
        if call in calls:
            calls.remove(call)
        if not calls:
            self._expected.pop(key, None)

    def _show(self, call: LateCall, aor: AOR, binding: Binding) -> None:
        target = self._forwarder.target_of(aor, binding)
        try:
            flow = self._forwarder.flow_to(call.invite, target)
        except TransportError:
            return
        if not isinstance(flow, Deferred):  # it has registered on it a moment ago
            client = self._forwarder.send_apart(
                call.invite, target, flow, _Shown(self._forwarder, call, target, flow)
            )
            client.cancel(call.reason)


@define(eq=False)
class _Shown(Nobody):
    """A call that is shown; if its UA is faster than the CANCEL, it is ended by a BYE."""

    _forwarder: Forwarder
    _call: LateCall
    _target: Target
    _flow: Flow

    def response_received(self, response: Response) -> None:
        """Acknowledge a 2xx, and hang up."""
        if 200 <= response.status < 300:
            hang_up(self._forwarder, self._call.invite, response, self._target, self._flow)

"""
Calls that were over before their UA came back (REQUIREMENTS S-12).
"""

from __future__ import annotations

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from sippn.binding import AOR, Binding, Decision
from sippn.errors import TransportError
from sippn.proxy.forwarder import Forwarder, Target
from sippn.proxy.hang_up import Nobody, hang_up
from sippn.sip import Request, Response
from sippn.transaction import FixedTimer
from sippn.transport import Flow
from sippn.value import value_class

LATE = 60.0  # seconds after which a call that was missed is no longer news
MOST = 10_000
MOST_EACH = 5


@value_class(eq=False)
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

    That is for those that no push tells for sure that the call is over: an iOS app which got
    a VoIP push must show a call, or it is killed, and whether a push to its other token gets
    through before it comes is up to Apple.  Whoever else can be pushed a cancellation is
    spared this, unless that fails; the wake queue knows.
    """

    _forwarder: Forwarder
    _clock: IReactorTime
    _expected: dict[tuple[AOR, str], list[LateCall]] = field(factory=dict, init=False)
    _timer: FixedTimer = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._timer = FixedTimer(self._clock, LATE)

    def __len__(self) -> int:
        return sum(map(len, self._expected.values()))

    def expect(self, invite: Request, aor: AOR, binding_id: str, reason: str) -> None:
        """That binding's UA was pushed for *invite*, and did not come while it was wanted."""
        key = (aor, binding_id)
        if len(self._timer) >= MOST or len(self._expected.get(key, ())) >= MOST_EACH:
            return
        call = LateCall(invite, reason)
        self._expected.setdefault(key, []).append(call)
        self._timer.start(self._forget, key, call)

    def location_changed(self, aor: AOR, decision: Decision) -> None:
        """A change of *aor* was committed: show who came what they have missed."""
        if not self._expected:
            return
        for binding in decision.registered:
            for binding_id in decision.ids_of(binding):
                for call in self._expected.pop((aor, binding_id), ()):
                    self._show(call, aor, binding)

    def _forget(self, key: tuple[AOR, str], call: LateCall) -> None:
        calls = self._expected.get(key, [])
        if call in calls:
            calls.remove(call)
        if not calls:
            self._expected.pop(key, None)

    def _show(self, call: LateCall, aor: AOR, binding: Binding) -> None:
        target = self._forwarder.target_of(aor, binding)
        if self._forwarder.open_flow(target) is None:  # it was there a moment ago, to register
            return
        try:
            flow = self._forwarder.flow_to(call.invite, target)
        except TransportError:  # sips, and no TLS
            return
        assert not isinstance(flow, Deferred), "it is open"  # noqa: S101 - for the type checker
        shown = _Shown(self._forwarder, call, target, flow)
        self._forwarder.send_apart(call.invite, target, flow, shown).cancel(call.reason)


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

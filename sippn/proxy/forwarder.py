"""
Sends the request of one branch on its way (RFC 3261 section 16.6).
"""

from __future__ import annotations

from collections.abc import Awaitable, Collection

from attrs import define, evolve
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from sippn.binding import AOR, Binding, PushState
from sippn.errors import SIPError, TransportError
from sippn.events import Bus, RequestForwarded
from sippn.proxy.breadth import breadth_of
from sippn.proxy.forwarding import forwarded_request, without_credentials
from sippn.proxy.record_route import Dialog, Side, user_of, write_token
from sippn.seal import Keyring, Reference
from sippn.sip import URI, NameAddr, Request, Response, without_params, without_push_params
from sippn.sip.grammar import METHODS
from sippn.stack import SIPStack
from sippn.transaction import ClientObserver, ClientTransaction
from sippn.transport import Flow
from sippn.value import value_class

HIGHEST_Q = 1000  # thousandths; also that of a Contact without a q
LONGEST_CALL = 4 * 3600.0  # seconds without a re-INVITE
_TLS_ONLY = "sips leads over TLS only"
_DIALOG_MAKERS = ("INVITE", "SUBSCRIBE", "REFER")
# pn-purr stays; the others that go do not begin with "pn-"
_INTRICATE = ('"', "?", ",", ";app-id", ";pn-purr", ";sippn-wp-")


@value_class
class Target:
    """
    Where a branch goes.

    :ivar uri: the Request-URI it gets.
    :ivar flow: token of the flow to send on.
    :ivar binding: the UA behind it; None: a URI, or the other side of a dialog.
    :ivar q: thousandths; who has a higher one is asked first.
    :ivar path: Route values that lead there (RFC 3327), topmost first; in a dialog its route
        set does.
    """

    uri: str
    flow: str
    aor: AOR = ""
    binding: Binding | None = None
    q: int = HIGHEST_Q
    path: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What it is known by among the targets of a request."""
        return self.uri if self.binding is None else self.binding.id

    @property
    def binding_id(self) -> str:
        """Of the binding; empty: there is none."""
        return "" if self.binding is None else self.binding.id

    @property
    def sleeps(self) -> bool:
        """Whether its UA may have a PURR."""
        return self.binding is not None and self.binding.push_target is not None

    @property
    def reference(self) -> Reference | None:
        """To the binding; None: there is none."""
        return None if self.binding is None else Reference(self.aor, self.binding.id)


@value_class
class Passage:
    """
    What a copy of a request gets from its response context.

    :ivar caller_flow: where the request came from.
    :ivar mark: it is known by that if it comes back; empty: it is not looked for.
    :ivar breadth: how widely others may fork it.
    :ivar vouched: this server knows who sent it.
    :ivar wakes_all: both sides of its dialog are woken without a PURR, too (REQUIREMENTS S-22).
    :ivar origin: the binding of who sent it, where that is wanted.
    """

    caller_flow: Flow
    mark: str
    breadth: int
    vouched: bool = False
    wakes_all: bool = False
    origin: Reference | None = None


@define(eq=False)
class Forwarder:
    """
    Makes and sends the copies of a request.

    :ivar _strip_push: leave the push parameters out of a Request-URI.
    :ivar _realm: ours; credentials for it go no further.
    """

    _stack: SIPStack
    _keyring: Keyring
    _clock: IReactorTime
    _bus: Bus
    _strip_push: bool
    _realm: str = ""

    def target_of(self, aor: AOR, binding: Binding) -> Target:
        """
        Where *binding* is to be reached: on the flow of its last REGISTER (P-002).

        A proxy on the way that pushes needs the push parameters for that (P-040).
        """
        contact = binding.contact
        if self._strip_push and binding.push_state is not PushState.ELSEWHERE:
            contact = public_uri(contact)
        q = HIGHEST_Q if binding.q is None else binding.q
        return Target(contact, binding.flow, aor, binding, q, binding.path)

    def open_flow(self, target: Target) -> Flow | None:
        """The flow of *target*; None: its connection is gone."""
        return self._stack.flow(target.flow)

    def flow_to(self, request: Request, target: Target) -> Flow | Deferred[Flow]:
        """
        The way to *target*.

        A connection that is gone is opened again where the peer can be reached, which behind
        a NAT it cannot; what asked for secrecy goes over TLS or not at all (RFC 5630).

        :raises TransportError: there is no way.
        """
        flow = self._stack.flow(target.flow)
        secret = _is_sips(request.uri) or _is_sips(target.uri)
        if flow is not None:
            return _checked(flow, secret)
        if secret and not target.flow.startswith("tls:"):
            raise TransportError(_TLS_ONLY)
        try:
            opened = self._stack.reopen(target.flow, _next_hop(request, target))
        except SIPError as error:
            raise TransportError(f"no way to whoever was there: {error}") from error
        if isinstance(opened, Awaitable):
            return Deferred.fromCoroutine(_opened(opened, secret))
        return _checked(opened, secret)

    def keep(self, flow: Flow) -> None:
        """A call goes on over *flow*: people talk for long without a message."""
        if flow.reliable:
            self._stack.keep(flow.token, LONGEST_CALL)

    def forward(
        self,
        request: Request,
        passage: Passage,
        target: Target,
        flow: Flow,
        observer: ClientObserver,
    ) -> ClientTransaction:
        """Send *request* to *target* on *flow*."""
        record_routes = self._record_routes(request, passage, target, flow)
        copy = self._copy(request, target, passage.breadth, record_routes)
        client = self._stack.send(copy, flow, observer, passage.mark)
        if self._bus.heard:
            now, peer = self._clock.seconds(), str(flow.remote)
            self._bus.publish(
                RequestForwarded(now, request.call_id, request.method, peer, target.binding_id)
            )
        return client

    def send_apart(
        self, request: Request, target: Target, flow: Flow, observer: ClientObserver
    ) -> ClientTransaction:
        """Send *request* as :meth:`forward` does, but keep its dialog off this proxy's route."""
        return self._stack.send(self._copy(request, target, 1, ()), flow, observer)

    def routes_to(self, response: Response) -> list[str]:
        """
        The route set from here to the UA that sent *response* (RFC 3261 section 12.1.2).

        :raises BadRequest: a Record-Route value that is no URI.
        """
        values = response.headers.values("Record-Route")
        uris = [NameAddr.parse(value).uri for value in values]
        ours = (at for at, uri in enumerate(uris) if self._stack.owns(uri.host, uri.port))
        return values[: next(ours, len(values))][::-1]

    def forward_ack(self, ack: Request, target: Target, flow: Flow) -> None:
        """
        Pass on the ACK of a 2xx, which has no transaction (RFC 3261 section 16.11).

        :raises TransportError: it cannot leave.
        """
        copy = forwarded_request(ack, target.uri, breadth=breadth_of(ack))
        self._stack.send_stateless(strict_routed(copy), flow)

    def _copy(
        self, request: Request, target: Target, breadth: int, record_routes: Collection[str]
    ) -> Request:
        bare = without_credentials(request, self._realm)
        uri = _request_uri(target.uri)
        return strict_routed(forwarded_request(bare, uri, target.path, record_routes, breadth))

    def _record_routes(
        self, request: Request, passage: Passage, target: Target, flow: Flow
    ) -> list[str]:
        """
        The callee's side first; both alike are written once.

        A method that nobody knows may make a dialog, too (RFC 3261 16.6, step 4).
        """
        if not makes_dialog(request):
            return []
        caller_flow = passage.caller_flow
        origin = passage.origin
        caller = Side(
            caller_flow.token,
            passage.vouched,
            origin if passage.wakes_all else None,
            "" if origin is None else user_of(origin.aor),
        )
        callee = Side(
            flow.token,
            target.binding is not None,
            target.reference if passage.wakes_all else None,
            user_of(target.aor) if target.sleeps else "",
        )
        token = write_token(Dialog.begun_by(request, caller, callee), self._keyring)
        secret = _is_sips(request.uri)
        sides = [_side(token, flow, secret), _side(token, caller_flow, secret)]
        return sides[:1] if sides[0] == sides[1] else sides


def makes_dialog(request: Request) -> bool:
    """Whether *request* may be the first of a dialog."""
    method = request.method
    return (method in _DIALOG_MAKERS or method not in METHODS) and not request.to.tag


def public_uri(contact: str) -> str:
    """
    *contact*, a URI that a registrar let in, without what would tell others how to push (T7).

    It is cut where that is plain to see, which costs a tenth of taking the URI apart.
    """
    lowered = contact.lower()
    if "pn-" not in lowered and ";app-id" not in lowered:
        return contact
    if contact.count("@") > 1 or any(each in lowered for each in _INTRICATE):
        return str(without_push_params(URI.parse(contact)))
    user, at, place = contact.rpartition("@")
    host, *params = place.split(";")
    kept = [one for one in params if one[:3].lower() != "pn-"]
    return ";".join([f"{user}{at}{host}", *kept])


def _next_hop(request: Request, target: Target) -> str:
    """The URI that leads there first (RFC 3261 16.6, step 7)."""
    routes = (*target.path, *request.headers.values("Route")[:1])
    if routes:
        return NameAddr.parse(routes[0]).uri_text
    return target.uri if target.binding is None else public_uri(target.binding.contact)


def _side(token: str, flow: Flow, secret: bool) -> str:
    """What one side of a dialog is told: the address and the transport that it can reach."""
    if secret:
        return f"<sips:{token}@{flow.sent_by};lr>"
    transport = "" if flow.transport == "UDP" else f";transport={flow.transport.lower()}"
    return f"<sip:{token}@{flow.sent_by}{transport};lr>"


def _is_sips(uri: str) -> bool:
    return uri[:5].lower() == "sips:"


async def _opened(opening: Awaitable[Flow], secret: bool) -> Flow:
    return _checked(await opening, secret)


def _checked(flow: Flow, secret: bool) -> Flow:
    if secret and not flow.secure:
        raise TransportError(_TLS_ONLY)
    return flow


def _request_uri(text: str) -> str:
    """*text* without what a Request-URI has not (RFC 3261 16.6, step 2, and 19.1.1)."""
    if "?" not in text and ";method" not in text.lower():
        return text
    uri = URI.parse(text)
    return str(evolve(uri, params=without_params(uri.params, ("method",)), headers=""))


def strict_routed(request: Request) -> Request:
    """
    *request* for a next hop that does not know loose routing (RFC 3261 16.6, step 6).

    Its Request-URI and topmost Route value change places.
    """
    if "route" not in request.headers.keys:
        return request
    top = request.headers.values("Route")[:1]
    if not top or NameAddr.parse(top[0]).uri.param("lr") is not None:
        return request
    headers = request.headers.copy()
    headers.pop_value("Route")
    headers.add("Route", f"<{request.uri}>")
    return request.derived(headers).readdressed(NameAddr.parse(top[0]).uri_text)

"""
Sends the request of one branch on its way (RFC 3261 section 16.6).
"""

from __future__ import annotations

from attrs import define, evolve, frozen
from twisted.internet.interfaces import IReactorTime

from sippn.binding import AOR, Binding
from sippn.errors import TransportError
from sippn.events import Bus, RequestForwarded
from sippn.proxy.forwarding import forwarded_request, without_credentials
from sippn.proxy.record_route import Dialog, write_token
from sippn.seal import Keyring
from sippn.sip import URI, NameAddr, Request, without_params, without_push_params
from sippn.stack import SIPStack
from sippn.transaction import ClientObserver, ClientTransaction
from sippn.transport import Flow

_DIALOG_MAKERS = ("INVITE", "SUBSCRIBE", "REFER")


@frozen
class Target:
    """
    Where a branch goes.

    :ivar uri: the Request-URI it gets.
    :ivar flow: token of the flow to send on.
    :ivar binding: the UA behind it; None: a URI, or the other side of a dialog.
    """

    uri: str
    flow: str
    aor: AOR = ""
    binding: Binding | None = None


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
        """Where *binding* is to be reached: on the flow of its last REGISTER (P-002)."""
        contact = binding.contact
        if self._strip_push and "pn-" in contact.lower():
            contact = str(without_push_params(URI.parse(contact)))
        return Target(contact, binding.flow, aor, binding)

    def forward(
        self, request: Request, caller_flow: Flow, target: Target, observer: ClientObserver
    ) -> ClientTransaction:
        """
        Send *request* to *target*.

        :param caller_flow: where it came from.
        :raises TransportError: there is no way to *target* any more.
        """
        flow = self._flow(target)
        path = target.binding.path if target.binding else ()
        copy = forwarded_request(
            without_credentials(request, self._realm),
            _request_uri(target.uri),
            path,
            self._record_routes(request, caller_flow, flow),
        )
        client = self._stack.send(strict_routed(copy), flow, observer)
        if self._bus.heard:
            binding_id = target.binding.id if target.binding else ""
            self._bus.publish(
                RequestForwarded(
                    self._clock.seconds(),
                    request.call_id,
                    request.method,
                    str(flow.remote),
                    binding_id,
                )
            )
        return client

    def forward_ack(self, ack: Request, target: Target) -> None:
        """
        Pass on the ACK of a 2xx, which has no transaction (RFC 3261 section 16.11).

        :raises TransportError: there is no way to *target* any more.
        """
        copy = forwarded_request(ack, target.uri)
        self._stack.send_stateless(strict_routed(copy), self._flow(target))

    def _flow(self, target: Target) -> Flow:
        flow = self._stack.flow(target.flow)
        if flow is None:
            raise TransportError("the flow is gone")
        return flow

    def _record_routes(self, request: Request, caller_flow: Flow, flow: Flow) -> list[str]:
        if request.method not in _DIALOG_MAKERS or request.to.tag:
            return []
        token = write_token(Dialog.begun_by(request, caller_flow.token, flow.token), self._keyring)
        sides = [flow.sent_by]
        if caller_flow.sent_by != flow.sent_by:  # each side is told the address it can reach
            sides.append(caller_flow.sent_by)
        return [f"<sip:{token}@{side};lr>" for side in sides]


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
    top = request.headers.values("Route")[:1]
    if not top or NameAddr.parse(top[0]).uri.param("lr") is not None:
        return request
    headers = request.headers.copy()
    headers.pop_value("Route")
    headers.add("Route", f"<{request.uri}>")
    return Request(request.method, NameAddr.parse(top[0]).uri_text, headers, request.body)

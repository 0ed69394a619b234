"""
Which core a request is for, and the one place that turns errors into responses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from attrs import define
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from sippn.auth import Admission
from sippn.binding import Principal
from sippn.errors import ProxyAuthenticationRequired, SIPError, Unauthorized
from sippn.proxy import Proxy, ResponseContext
from sippn.registrar import Registrar
from sippn.sip import Request, response_to
from sippn.stack import SIPStack
from sippn.transaction import ServerTransaction
from sippn.transport import Flow
from sippn.wake import Caller

_CHALLENGES = (Unauthorized, ProxyAuthenticationRequired)  # nothing is kept of them (A7)
ALLOW = "REGISTER, INVITE, ACK, CANCEL, BYE, OPTIONS, MESSAGE, SUBSCRIBE, NOTIFY, REFER, INFO"


@define(eq=False)
class Element:
    """
    Hands each request to the registrar, the proxy, or answers it itself.

    :ivar _serves: whether a host is one of our domains.
    """

    _stack: SIPStack
    _admission: Admission
    _registrar: Registrar
    _proxy: Proxy
    _serves: Callable[[str], bool]
    _entropy: Callable[[int], bytes]
    _log: ClassVar[Logger] = Logger()

    def request_received(
        self, request: Request, transaction: ServerTransaction, flow: Flow
    ) -> None:
        """A new request: not a retransmission, and no ACK."""
        if request.method == "CANCEL":
            self._cancel(request, transaction)
        elif request.method == "REGISTER":
            work = Deferred.fromCoroutine(self._register(request, transaction, flow))
            work.addErrback(self._refuse, transaction)
        elif self._is_for_us(request):
            self._respond(transaction, 200, [("Allow", ALLOW), ("Accept", "application/sdp")])
        else:
            self._proxy_request(request, transaction, flow)

    def ack_received(self, request: Request, flow: Flow) -> None:  # noqa: ARG002 - the stack's call
        """The ACK of a 2xx, which belongs to no transaction."""
        self._proxy.forward_ack(request)

    def _proxy_request(self, request: Request, transaction: ServerTransaction, flow: Flow) -> None:
        context = self._proxy.begin(request, transaction, flow)
        transaction.on_cancel = context.cancel
        work = Deferred.fromCoroutine(self._forward(request, transaction, flow, context))
        work.addErrback(self._fail, context, transaction)

    async def _register(self, request: Request, transaction: ServerTransaction, flow: Flow) -> None:
        source = flow.source
        principal = await self._admission.registering(request, source)
        transaction.respond(await self._registrar.register(request, principal, source))

    async def _forward(
        self,
        request: Request,
        transaction: ServerTransaction,
        flow: Flow,
        context: ResponseContext,
    ) -> None:
        routed = self._proxy.preprocess(request)
        principal: Principal | None = None
        source = flow.source
        if routed.dialog is None:  # our own token in a Route proves more than a password
            principal = await self._admission.requesting(request, source)
        if request.method == "INVITE":
            transaction.respond(response_to(request, 100))
        caller = Caller.of(principal, source)
        await self._proxy.forward_request(context, routed, principal, caller)

    def _is_for_us(self, request: Request) -> bool:
        if request.method != "OPTIONS":
            return False
        try:
            uri = request.request_uri
        except SIPError:
            return False
        return uri.user is None and (self._serves(uri.host) or self._stack.owns(uri.host, uri.port))

    def _cancel(self, cancel: Request, transaction: ServerTransaction) -> None:
        invite = self._stack.find_invite(cancel)
        if invite is None:
            self._respond(transaction, 481)
            return
        self._respond(transaction, 200)
        if invite.on_cancel is not None:
            invite.on_cancel(", ".join(cancel.headers.get_all("Reason")))

    def _refuse(self, failure: Failure, transaction: ServerTransaction) -> None:
        error = self._understood(failure)
        if not isinstance(error, _CHALLENGES):
            self._respond(transaction, error.status, error.headers, str(error))
            return
        request = transaction.request
        tag = self._stack.to_tag(request)
        transaction.respond(response_to(request, error.status, "", error.headers, to_tag=tag))
        transaction.forgo()

    def _fail(
        self, failure: Failure, context: ResponseContext, transaction: ServerTransaction
    ) -> None:
        error = self._understood(failure)
        if isinstance(error, _CHALLENGES):
            context.fail(error, self._stack.to_tag(transaction.request))
            transaction.forgo()
        else:
            context.fail(error)

    def _understood(self, failure: Failure) -> SIPError:
        error = failure.value
        if isinstance(error, SIPError):
            return error
        self._log.failure("a request met a bug of ours", failure)
        return SIPError()

    def _respond(
        self,
        transaction: ServerTransaction,
        status: int,
        headers: Sequence[tuple[str, str]] = (),
        reason: str = "",
    ) -> None:
        tag = self._entropy(6).hex()
        transaction.respond(response_to(transaction.request, status, reason, headers, to_tag=tag))

"""
Which core a request is for, and the one place that turns errors into responses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from attrs import define
from twisted.logger import Logger
from twisted.python.failure import Failure

from sippn.auth import Admission
from sippn.binding import Principal, Source
from sippn.core.running import run
from sippn.errors import (
    BadExtension,
    MethodUnknown,
    ProxyAuthenticationRequired,
    SIPError,
    Unauthorized,
)
from sippn.proxy import Proxy, ResponseContext
from sippn.proxy.route import Routed
from sippn.registrar import Registrar
from sippn.sip import Request, response_to
from sippn.sip.grammar import METHODS
from sippn.stack import SIPStack
from sippn.transaction import ServerTransaction
from sippn.transport import Flow
from sippn.wake import Caller

_CHALLENGES = (Unauthorized, ProxyAuthenticationRequired)  # nothing is kept of them (A7)
ALLOW = "REGISTER, INVITE, ACK, CANCEL, BYE, OPTIONS, MESSAGE, SUBSCRIBE, NOTIFY, REFER, INFO"
_ABILITIES = (
    ("Allow", ALLOW),
    ("Accept", "application/sdp"),
    ("Accept-Encoding", "identity"),
    ("Accept-Language", "en"),
)
_OURS = "REGISTER, OPTIONS"  # what this server answers by itself


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
            work = self._register(request, transaction, flow)
            run(work, lambda failure: self._refuse(failure, transaction))
        elif self._ends_here(request):
            try:
                self._respond(transaction, 200, self._answer(request))
            except SIPError as error:
                self._respond(transaction, error.status, error.headers, str(error))
        else:
            self._proxy_request(request, transaction, flow)

    def ack_received(self, request: Request, flow: Flow) -> None:  # noqa: ARG002 - the stack's call
        """The ACK of a 2xx, which belongs to no transaction."""
        self._proxy.forward_ack(request)

    def _proxy_request(self, request: Request, transaction: ServerTransaction, flow: Flow) -> None:
        context = self._proxy.begin(request, transaction, flow)
        transaction.on_cancel = context.cancel
        work = self._forward(request, transaction, flow, context)
        run(work, lambda failure: self._fail(failure, context, transaction))

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
        source = flow.source
        try:
            routed, principal = await self._admit(request, source)
        except SIPError as error:  # told once: whoever is not known may have made up his address
            context.fail(error, self._stack.to_tag(request))
            transaction.forgo()
            return
        if request.method == "INVITE":
            transaction.respond(response_to(request, 100))
        caller = Caller.of(principal, source)
        await self._proxy.forward_request(context, routed, principal, caller)

    async def _admit(self, request: Request, source: Source) -> tuple[Routed, Principal | None]:
        routed = self._proxy.preprocess(request)
        if routed.dialog is not None:  # our own token in a Route proves more than a password
            return routed, self._admission.peer(request, source)
        return routed, await self._admission.requesting(request, source)

    def _ends_here(self, request: Request) -> bool:
        """
        Whether *request* asks this server itself, and not for somebody who is reached by it.

        Of the methods that are known only OPTIONS is for a server; what else names no user is
        refused, or sent elsewhere, by the policies.
        """
        known = request.method in METHODS
        if known and request.method != "OPTIONS":
            return False
        try:
            uri = request.request_uri
            ours = self._serves(uri.host) or self._stack.owns(uri.host, uri.port)
            return uri.user is None and ours and self._proxy.is_last(request)
        except SIPError:
            return False

    def _answer(self, request: Request) -> list[tuple[str, str]]:
        """
        What the 200 to *request* says (RFC 3261 section 11.2).

        :raises MethodUnknown: it is no OPTIONS (section 8.2.1).
        :raises BadExtension: it requires what is not understood (section 8.2.2.3).
        """
        if request.method != "OPTIONS":
            raise MethodUnknown("", [("Allow", _OURS)])
        supported = self._registrar.supported
        wanted = request.headers.values("Require")
        unknown = [option for option in wanted if option.lower() not in supported]
        if unknown:
            raise BadExtension("", [("Unsupported", ", ".join(unknown))])
        return [*_ABILITIES, ("Supported", ", ".join(supported))]

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

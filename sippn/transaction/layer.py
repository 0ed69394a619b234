"""The transaction layer: which message belongs to which transaction, or begins one."""

from __future__ import annotations

from typing import Final
from zlib import crc32

from twisted.internet.interfaces import IReactorTime

from sippn.errors import ServiceUnavailable
from sippn.events import Bus
from sippn.sip import Request, Response
from sippn.transaction.client import (
    ClientObserver,
    ClientTransaction,
    InviteClient,
    NonInviteClient,
)
from sippn.transaction.clockwork import Clockwork
from sippn.transaction.flow import Flow
from sippn.transaction.machine import Input
from sippn.transaction.matching import Key, ack_key, client_key, server_key
from sippn.transaction.outlet import Outlet
from sippn.transaction.server import InviteServer, NonInviteServer, ServerTransaction
from sippn.transaction.timers import Timers

_SHORTEST_RETRY: Final = 5  # seconds
_RETRY_SPREAD: Final = 26


class TransactionLayer:
    """
    Between the transport, which has messages, and the TU, which has requests and responses.

    It repeats what may be lost, and absorbs what is repeated (RFC 3261 section 17).
    """

    def __init__(
        self,
        clock: IReactorTime,
        timers: Timers,
        bus: Bus,
        max_transactions: int = 100_000,
        max_lingering: int = 32_768,
    ) -> None:
        """
        Begin with no transaction.

        :param clock: monotonic.
        :param max_transactions: server transactions; beyond them those that have answered
            and only listen for repetitions make room, oldest first, and when there are none
            requests are refused.
        :param max_lingering: of those; of more than a thousand requests a second some are
            not remembered for 32 s (RFC 3261 section 17.2.2), the oldest first.  Each holds
            its response, and a repetition comes within seconds or not at all.
        """
        self._clockwork = Clockwork(clock, timers)
        self._outlet = Outlet(clock, bus)
        self._max_transactions = max_transactions
        self._max_lingering = max_lingering
        self._clients: dict[Key, ClientTransaction] = {}
        self._invites: dict[Key, InviteServer] = {}
        self._others: dict[Key, NonInviteServer] = {}

    @property
    def client_count(self) -> int:
        """Client transactions that are not over."""
        return len(self._clients)

    @property
    def server_count(self) -> int:
        """Server transactions that are not over."""
        return len(self._invites) + len(self._others)

    def __len__(self) -> int:
        return self.client_count + self.server_count

    def receive_request(self, request: Request, flow: Flow) -> ServerTransaction | None:
        """
        Take a request that is no ACK (RFC 3261 section 17.2.3).

        :returns: a new transaction for the TU to answer; None: it was a repetition.
        :raises ServiceUnavailable: there are too many transactions; has Retry-After.
        :raises ValueError: an ACK; it goes to :meth:`match_ack`.
        """
        if request.method == "ACK":
            raise ValueError("an ACK begins no transaction")
        key = server_key(request, request.method)
        table = self._invites if request.method == "INVITE" else self._others
        known = table.get(key)
        if known is not None:
            known.feed(Input.REQUEST)
            return None
        self._make_room(request)
        if request.method == "INVITE":
            return self._begin_invite(key, request, flow)
        return self._begin_other(key, request, flow)

    def knows(self, request: Request) -> bool:
        """Whether *request* is an ACK, or a repetition of one that is here."""
        table = self._invites if request.method == "INVITE" else self._others
        return request.method == "ACK" or server_key(request, request.method) in table

    def match_ack(self, ack: Request) -> bool:
        """
        Take an ACK.

        :returns: True: it was to a final response that is no 2xx, and that was all; False:
            it is the TU's, to a 2xx or to nothing.
        """
        known = self._invites.get(ack_key(ack))
        return known is not None and known.acknowledge()

    def find_invite(self, cancel: Request) -> ServerTransaction | None:
        """
        Find what a CANCEL cancels (RFC 3261 section 9.2).

        :returns: the INVITE's transaction, answered or not; None: the CANCEL is a 481.
        """
        known = self._invites.get(server_key(cancel, "INVITE"))
        return None if known is None else known.transaction

    def receive_response(self, response: Response, flow: Flow) -> bool:  # noqa: ARG002 - see below
        """
        Take a response (RFC 3261 section 17.1.3).

        :param flow: where it came from.  It is not compared: peers that have several
            addresses answer from any, and nobody else knows the branch.
        :returns: whether it belongs to a transaction; if not it must go no further, above
            all not upstream (RFC 6026 section 7.3).
        """
        known = self._clients.get(client_key(response))
        if known is None:
            return False
        known.receive(response)
        return True

    def send(self, request: Request, flow: Flow, observer: ClientObserver) -> ClientTransaction:
        """
        Send a request that is no ACK, and wait for its responses.

        :param request: complete, with our Via on top and a branch that nothing else has.
        :param observer: told everything, and nothing before this has returned.
        :raises ValueError: an ACK, or a branch that is in use.
        """
        key = client_key(request)
        if request.method == "ACK" or key in self._clients:
            raise ValueError(f"no transaction for {request.method}: it is an ACK, or not unique")
        kind = InviteClient if request.method == "INVITE" else NonInviteClient
        transaction = kind(
            self._clockwork, self._outlet, self._clients, key, flow, request, observer
        )
        transaction.begin()
        return transaction

    def _begin_invite(self, key: Key, request: Request, flow: Flow) -> ServerTransaction:
        machine = InviteServer(self._clockwork, self._outlet, self._invites, key, flow)
        machine.transaction = ServerTransaction(request, flow, machine)
        machine.begin()
        return machine.transaction

    def _begin_other(self, key: Key, request: Request, flow: Flow) -> ServerTransaction:
        machine = NonInviteServer(self._clockwork, self._outlet, self._others, key, flow)
        machine.begin(request)
        return ServerTransaction(request, flow, machine)

    def _make_room(self, request: Request) -> None:
        lingering = self._clockwork.lingering
        if len(lingering) >= self._max_lingering:
            lingering.expire_oldest()
        if self.server_count < self._max_transactions:
            return
        if request.method == "CANCEL" and self.find_invite(request) is not None:
            return  # one for each INVITE, and it ends that
        if lingering.expire_oldest():
            return
        # spread by what the caller chose, so that they do not all come back at once
        wait = _SHORTEST_RETRY + crc32(request.call_id.encode(errors="replace")) % _RETRY_SPREAD
        raise ServiceUnavailable("Too many transactions", (("Retry-After", str(wait)),))

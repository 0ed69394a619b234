"""Server transactions: a request came in, its responses go back (RFC 3261 section 17.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from attrs import define, field

from sippn.errors import TransportError
from sippn.sip import Request, Response, response_to, write
from sippn.transaction.flow import Flow
from sippn.transaction.machine import Action, Input, State
from sippn.transaction.matching import Key, is_unique, legacy_key
from sippn.transaction.tables import INVITE_SERVER, NON_INVITE_SERVER
from sippn.transaction.transaction import Act, Transaction, starts

_Answer: TypeAlias = tuple[Response, bytes]
_UNANSWERED = (State.TRYING, State.PROCEEDING)


@define(eq=False)
class ServerTransaction:
    """
    The TU's end of a request that came in.

    What the layer keeps is the machine behind it: a request that was answered is gone when
    the TU lets go of it, though repetitions of it are expected for half a minute more.

    :ivar request: as it came in.
    :ivar flow: where it came from, and where the responses go.
    :ivar on_cancel: what the TU does about a CANCEL with this Reason (RFC 3326; empty:
        none), for who finds this by one; let go of with the final response, after which a
        CANCEL changes nothing.
    """

    request: Request
    flow: Flow
    _machine: InviteServer | NonInviteServer
    on_cancel: Callable[[str], None] | None = None

    @property
    def answered(self) -> bool:
        """Whether a final response was given."""
        return self._machine.state not in _UNANSWERED

    @property
    def terminated(self) -> bool:
        """Whether it is over."""
        return self._machine.terminated

    def respond(self, response: Response) -> None:
        """
        Give a response: any number of provisional ones, then a final one.

        After the final one nothing more is sent, except that a 2xx to an INVITE may be
        followed by more 2xx, for :data:`64*T1 <sippn.transaction.Timers.l>`: repeating a
        2xx until the ACK comes is the UAS's business (RFC 6026).

        To a request that is no INVITE, a provisional response is sent only if it is a 100
        on a reliable flow; the layer sends a 100 by itself when it is due (RFC 4320 section
        4.1).  A 408 to one is never sent, and ends it in silence (section 4.2).

        A response that does not get through is not heard of again: the client asks again.
        """
        self._machine.respond(response)
        if self.answered:
            self.on_cancel = None

    def forgo(self) -> None:
        """
        Expect neither repetitions nor an ACK: what comes of either is taken for new.

        For a challenge (RFC 3261 section 26.3.2.4): whoever is not known yet is not worth half
        a minute of memory, and a second challenge is as good as the first.  Its To tag must be
        the same in both (section 8.2.7).
        """
        self._machine.forgo()


@define(eq=False)
class ServerMachine(Transaction):
    """What the layer keeps of a server transaction."""

    @classmethod
    def _acts(cls) -> dict[Action, Act]:
        return {**super()._acts(), Action.SEND: cls._send, Action.RESEND: cls._resend}

    def _send(self, answer: _Answer) -> None:
        response, self._octets = answer
        self._transmit(self._octets, response)

    def _resend(self, _: object) -> None:
        if self._octets:
            self._transmit(self._octets, None)

    def _transmit(self, octets: bytes, response: Response | None) -> None:
        try:
            self._outlet.transmit(self.flow, octets, response)
        except TransportError:
            self.feed(Input.TRANSPORT_ERROR)


@define(eq=False)
class NonInviteServer(ServerMachine):
    """Any other request (RFC 3261 section 17.2.2)."""

    @classmethod
    def _acts(cls) -> dict[Action, Act]:
        return {
            **super()._acts(),
            # the timer alone holds the request, and lets go of it when an answer is given
            Action.START_TRYING: starts(Input.TIMER_TRYING, keeping=True),
            Action.START_J: starts(Input.TIMER_J),
            Action.SEND_TRYING: cls._send_trying,
            Action.FORGET_TRYING: cls._forget_trying,
        }

    def respond(self, response: Response) -> None:
        """Take a response from the TU; see :meth:`ServerTransaction.respond`."""
        if response.status == 408:
            self.feed(Input.REQUEST_TIMEOUT)
        elif response.status >= 200:
            self.feed(Input.FINAL, (response, write(response)))
        elif response.status == 100 and self.flow.reliable:
            self.feed(Input.PROVISIONAL, (response, write(response)))

    def forgo(self) -> None:
        """See :meth:`ServerTransaction.forgo`."""
        if self.state is State.COMPLETED:
            self.feed(Input.TIMER_J)

    def _send_trying(self, request: Request) -> None:
        trying = response_to(request, 100)
        self._send((trying, write(trying)))

    def _forget_trying(self, _: object) -> None:
        self._octets = b""


@define(eq=False)
class InviteServer(ServerMachine):
    """
    An INVITE (RFC 3261 section 17.2.1, RFC 6026).

    :ivar transaction: the TU's end, for a CANCEL to find; None: it is over.
    :ivar _legacy_ack: how an ACK from a client of RFC 2543 is found; None: like its INVITE.
    """

    transaction: ServerTransaction | None = field(default=None, init=False)
    _legacy_ack: Key | None = field(default=None, init=False)

    @classmethod
    def _acts(cls) -> dict[Action, Act]:
        return {
            **super()._acts(),
            Action.START_G: cls._start_g,
            Action.DOUBLE_G: cls._double_g,
            Action.START_H: starts(Input.TIMER_H),
            Action.START_I: starts(Input.TIMER_I),
            Action.START_L: starts(Input.TIMER_L),
            Action.SEND_UNKEPT: cls._send_unkept,
            Action.EXPECT_ACK: cls._expect_ack,
            Action.ACK_TO_TU: cls._pass_ack,
        }

    def respond(self, response: Response) -> None:
        """Take a response from the TU; see :meth:`ServerTransaction.respond`."""
        answer = (response, write(response))
        if 200 <= response.status < 300:
            self.feed(Input.SUCCESS, answer)
        else:
            self.feed(Input.PROVISIONAL if response.status < 200 else Input.FAILURE, answer)

    def acknowledge(self) -> bool:
        """
        Take an ACK.

        :returns: whether that was all; False: it is for the TU (RFC 6026 section 7.1).
        """
        passed = Action.ACK_TO_TU in INVITE_SERVER.table[self.state][Input.ACK][1]
        self.feed(Input.ACK)
        return not passed

    def forgo(self) -> None:
        """See :meth:`ServerTransaction.forgo`."""
        if self.state is State.COMPLETED:
            self.feed(Input.TIMER_H)

    def _start_g(self, _: object) -> None:
        self._repeat(Input.TIMER_G, self._clockwork.timers.g)

    def _double_g(self, _: object) -> None:
        self._repeat(Input.TIMER_G, min(2 * self._interval, self._clockwork.timers.t2))

    def _send_unkept(self, answer: _Answer) -> None:
        response, octets = answer
        self._octets = b""
        self._transmit(octets, response)

    def _expect_ack(self, answer: _Answer) -> None:
        """RFC 2543: its ACK has no name of its own, but the To tag of what it acknowledges."""
        request = self.transaction.request if self.transaction else None
        if request is not None and not is_unique(request.via.branch):
            self._legacy_ack = legacy_key(request, "ACK", answer[0].to.tag)
            self._table[self._legacy_ack] = self

    def _pass_ack(self, _: object) -> None:
        """Leave it to who called :meth:`acknowledge`."""

    def _terminate(self, _: object) -> None:
        super()._terminate(None)
        self.transaction = None
        if self._legacy_ack is not None:
            self._table.pop(self._legacy_ack, None)


NonInviteServer.follow(NON_INVITE_SERVER)
InviteServer.follow(INVITE_SERVER)

"""What both ends of a scripted call remember: RFC 3261 sections 12 and 14."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import ip_address

from attrs import define, field
from twisted.internet.defer import Deferred

from sippn.sip import URI, NameAddr, Request, Response
from sippn.testing.ua_client import UAC, Draft, Exchange, Numbers
from sippn.testing.ua_wire import Repetition
from sippn.transport import Address


def next_hop(uri: str, routes: tuple[str, ...], otherwise: Address) -> Address:
    """Where a request of a dialog goes; *otherwise* where that is a name."""
    first = NameAddr.parse(routes[0]).uri if routes else URI.parse(uri)
    host = first.host.strip("[]")
    try:
        ip_address(host)
    except ValueError:
        return otherwise
    return Address(host, first.port or 5060)


@define(eq=False)
class Dialog:
    """
    One dialog, from one side.

    :ivar local: From value of what this side sends, its tag included; *remote* the To value.
    :ivar target: the other side's Contact URI.
    :ivar routes: the route set, nearest proxy first.
    :ivar contact: says this side's Contact; a phone may be elsewhere by now.
    :ivar server: where to send what names no address.
    """

    call_id: str
    local: str
    remote: str
    target: str
    routes: tuple[str, ...]
    contact: Callable[[], str]
    numbers: Numbers
    server: Address

    @classmethod
    def of_caller(
        cls, response: Response, contact: Callable[[], str], numbers: Numbers, server: Address
    ) -> Dialog:
        """The caller's side, by the response that makes it (section 12.1.2)."""
        return cls(
            response.call_id,
            response.headers.get("From") or "",
            response.headers.get("To") or "",
            response.contacts[0].uri_text,
            tuple(reversed(response.headers.values("Record-Route"))),
            contact,
            numbers,
            server,
        )

    @classmethod
    def of_callee(
        cls, invite: Request, tag: str, contact: Callable[[], str], server: Address
    ) -> Dialog:
        """The callee's side, by the INVITE it answers (section 12.1.1)."""
        return cls(
            invite.call_id,
            f"{invite.headers.get('To')};tag={tag}",
            invite.headers.get("From") or "",
            invite.contacts[0].uri_text,
            tuple(invite.headers.values("Record-Route")),
            contact,
            Numbers(),
            server,
        )

    @property
    def replaces(self) -> str:
        """What Replaces says to the other side about it (RFC 3891 section 3)."""
        local, remote = NameAddr.parse(self.local).tag, NameAddr.parse(self.remote).tag
        return f"{self.call_id};to-tag={remote};from-tag={local}"

    def draft(
        self,
        method: str,
        body: bytes = b"",
        body_type: str = "application/sdp",
        extra: Iterable[tuple[str, str]] = (),
    ) -> Draft:
        """A request inside it (section 12.2.1.1), through the route set, with *extra* fields."""
        fields = [
            *(("Route", route) for route in self.routes),
            ("From", self.local),
            ("To", self.remote),
            ("Call-ID", self.call_id),
            ("Contact", self.contact()),
            *extra,
        ]
        if body:
            fields.append(("Content-Type", body_type))
        to = next_hop(self.target, self.routes, self.server)
        return Draft(method, self.target, tuple(fields), self.numbers, to, body)

    def retarget(self, message: Request | Response) -> None:
        """Learn where the other side is now, by its re-INVITE or its answer to one."""
        if message.contacts:
            self.target = message.contacts[0].uri_text

    def concerns(self, request: Request) -> bool:
        """Whether *request* is one of the other side's in this dialog."""
        return (
            request.call_id == self.call_id
            and request.to.tag == NameAddr.parse(self.local).tag
            and request.from_.tag == NameAddr.parse(self.remote).tag
        )


@define(eq=False)
class Renegotiation:
    """
    The re-INVITEs of both sides in one call (RFC 3261 section 14).

    :ivar reinvites: those that came.
    :ivar acks: every ACK that came, of whichever INVITE.
    """

    reinvites: list[Request] = field(factory=list, init=False)
    acks: list[Request] = field(factory=list, init=False)
    _offered: Exchange | None = field(default=None, init=False)
    _answers: dict[int, Repetition] = field(factory=dict, init=False)

    def offer(self, uac: UAC, dialog: Dialog, body: bytes) -> Deferred[Response]:
        """Send one in *dialog*; each 2xx is ACKed there.  Fires with its final response."""
        exchange = Exchange(dialog.draft("INVITE", body))

        def heard(response: Response) -> None:
            if 200 <= response.status < 300:
                dialog.retarget(response)
                uac.acknowledge(dialog.draft("ACK"), exchange)

        exchange.heard = heard
        self._offered = exchange
        uac.send(exchange)
        return exchange.final

    def take_back(self, uac: UAC) -> Deferred[Response]:
        """
        Cancel the one that was offered last; fires with the final response to the CANCEL.

        :raises RuntimeError: none was.
        """
        if self._offered is None:
            raise RuntimeError("there is no re-INVITE to cancel")
        return uac.cancel(self._offered).final

    def answer(self, dialog: Dialog, reinvite: Request, answer: Repetition) -> None:
        """Take one that came, and say *answer* until its ACK comes."""
        self.reinvites.append(reinvite)
        dialog.retarget(reinvite)
        self._answers[reinvite.cseq.number] = answer
        answer.start()

    def ack_received(self, ack: Request) -> None:
        """Write it down; what it acknowledges was heard."""
        self.acks.append(ack)
        answer = self._answers.pop(ack.cseq.number, None)
        if answer is not None:
            answer.stop()

"""
A SIP phone that does what a test, or the demo, tells it.

It speaks through an endpoint (a memory network's, or a UDP socket), over whatever
transport that has, always to one server, and writes down all it says and hears.  It
shares only the parser and the writer with the server: its transactions and dialogs
are its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from attrs import define, evolve, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from sippn.sip import FeatureCaps, PushParams, Request, Response, read
from sippn.testing.calls import Call
from sippn.testing.calls_received import Policy, ReceivedCall
from sippn.testing.endpoints import Endpoint, Suspension
from sippn.testing.subscriptions import ReceivedSubscription, Subscription
from sippn.testing.ua_account import SDP, Account
from sippn.testing.ua_client import UAC, Draft, Numbers
from sippn.testing.ua_registration import Registration
from sippn.testing.ua_server import UAS, Dialogs
from sippn.testing.ua_wire import Wire
from sippn.transport import Address


@define(eq=False)
class ScriptedUA:
    """
    One phone.

    :ivar account: who it is; see :class:`~sippn.testing.ua_account.Account`; another one, with
        a new token perhaps, holds from the next request on.
    :ivar server: where everything goes that no dialog says otherwise about.
    :ivar retransmits: repeat requests, and answers to INVITEs, by the timers of RFC 3261
        (T1 0.5 s); off: everything is said once and the UA leaves no timer behind.
    :ivar received: what it heard while awake, in order, retransmissions included.
    :ivar missed: messages that came while it slept; over a connection there are none: they
        wait, or nobody is there to take them.
    :ivar calls: the calls it made; *subscriptions* the same.
    """

    account: Account
    endpoint: Endpoint
    server: Address
    clock: IReactorTime
    entropy: Callable[[int], bytes]
    retransmits: bool = True
    received: list[Request | Response] = field(factory=list, init=False)
    missed: int = field(default=0, init=False)
    calls: list[Call] = field(factory=list, init=False)
    subscriptions: list[Subscription] = field(factory=list, init=False)
    _wire: Wire = field(init=False)
    _uac: UAC = field(init=False)
    _uas: UAS = field(init=False)
    _registration: Registration = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Listen at the endpoint."""
        self._wire = Wire(self.endpoint, self.clock, self.entropy, self._told, self.retransmits)
        self._uac = UAC(self._wire, lambda: self.account)
        self._uas = UAS(self._wire, self._uac, self.server, self._contact, self._made)
        self._registration = Registration(self._wire, self._uac, self.server)
        self.endpoint.receive = self._receive

    @property
    def address(self) -> Address:
        """Where it is now."""
        return self.endpoint.address

    @property
    def contact(self) -> str:
        """The Contact value of its REGISTER."""
        return self.account.registered_contact(self.address, self.endpoint.transport)

    @property
    def asleep(self) -> bool:
        """Whether the app is suspended."""
        return self._wire.asleep

    @property
    def sent(self) -> list[Request | Response]:
        """What it said, in order, retransmissions included."""
        return self._wire.sent

    @property
    def challenges(self) -> int:
        """How many 401 and 407 responses it got."""
        return self._uac.challenges

    @property
    def incoming(self) -> list[ReceivedCall]:
        """The calls it got: one for each INVITE, retransmissions of it not counted."""
        return self._uas.calls

    @property
    def subscribers(self) -> list[ReceivedSubscription]:
        """Who subscribed here, once :attr:`replies` accepts SUBSCRIBE."""
        return self._uas.subscriptions

    @property
    def caps(self) -> list[FeatureCaps]:
        """What the last answer to a REGISTER said about push; nothing: it is not pushed."""
        return self._registration.caps

    @property
    def purr(self) -> str | None:
        """The last PURR it was given; it tells its dialogs where the account wants that."""
        return self._registration.purr

    @property
    def requests(self) -> list[Request]:
        """What else it was asked, ACKs and retransmissions left out."""
        return self._uas.requests

    @property
    def replies(self) -> dict[str, int]:
        """Method to the status it answers with, for OPTIONS, MESSAGE and their like."""
        return self._uas.replies

    @property
    def policy(self) -> Policy:
        """What it does about an INVITE; ring and answer at once unless set."""
        return self._uas.policy

    @policy.setter
    def policy(self, policy: Policy) -> None:
        self._uas.policy = policy

    def register(
        self,
        expires: int = 3600,
        *,
        contacts: Iterable[str] = (),
        extra: Iterable[tuple[str, str]] = (),
    ) -> Deferred[Response]:
        """
        Register where it is.

        :param contacts: Contact values as written, instead of its own.
        :param extra: more header fields.
        :returns: fires with the final response, challenges answered: a refusal is a value
            too, and 408 stands for silence.
        """
        said = tuple(contacts) or (self.contact,)
        return self._registration.send(self.account, said, expires, extra)

    def unregister(self) -> Deferred[Response]:
        """Take its Contact back, push parameters included (section 10.2.2)."""
        return self.register(0)

    def query(self) -> Deferred[Response]:
        """Ask which bindings there are (section 10.2.3)."""
        return self._registration.send(self.account, (), None)

    def call(self, target: str, body: bytes = SDP, extra: Iterable[tuple[str, str]] = ()) -> Call:
        """
        Call the SIP URI *target*.

        :param extra: more fields: Replaces, with the other side's Contact for a target, takes
            over what :attr:`Dialog.replaces <sippn.testing.calls_dialog.Dialog.replaces>` says.
        """
        call = Call(self._uac, self._contact, self.server)
        self.calls.append(call)
        call.start(self._draft("INVITE", target, body, "application/sdp", extra))
        return call

    def subscribe(
        self,
        target: str,
        event: str,
        expires: int = 3600,
        extra: Iterable[tuple[str, str]] = (),
    ) -> Subscription:
        """Subscribe to the *event* package of *target* (RFC 6665 section 4.1.2)."""
        said = [("Event", event), ("Expires", str(expires)), *extra]
        draft = self._draft("SUBSCRIBE", target, b"", "", said)
        subscription = Subscription(self._uac, draft, self._contact, self.server)
        self.subscriptions.append(subscription)
        subscription.start()
        return subscription

    def message(self, target: str, text: str) -> Deferred[Response]:
        """Send a MESSAGE (RFC 3428); fires with its final response."""
        return self.request("MESSAGE", target, text.encode(), "text/plain")

    def request(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        body_type: str = "text/plain",
        extra: Iterable[tuple[str, str]] = (),
    ) -> Deferred[Response]:
        """Send any request outside a dialog, with *extra* fields; fires with its final response."""
        return self._uac.ask(self._draft(method, target, body, body_type, extra)).final

    def sleep(self, how: Suspension = "killed") -> None:
        """
        Be suspended: hear nothing, say nothing, not even what was to be repeated.

        :param how: what becomes of a connection; see :class:`~sippn.testing.endpoints.Endpoint`.
        """
        self._wire.asleep = True
        self.endpoint.suspend(how)

    def wake(
        self,
        *,
        push: PushParams | None = None,
        endpoint: Endpoint | None = None,
        restarted: bool = False,
        expires: int = 3600,
    ) -> Deferred[Response]:
        """
        Come back and register, as an app does that a push woke: where its connection is gone,
        on a new one.

        :param push: new push parameters, e.g. a rotated PRID; None: those it had.
        :param endpoint: another socket; the old one is not listened to any more.
        :param restarted: the app was killed: a new Call-ID, CSeq from the start.
        """
        self._wire.asleep = False
        if push is not None:
            self.account = evolve(self.account, push=push)
        if endpoint is not None:
            self.endpoint.receive = self._miss
            self.endpoint = self._wire.endpoint = endpoint
            endpoint.receive = self._receive
        self.endpoint.resume()
        if restarted:
            self._registration.restart()
        return self.register(expires)

    def leave(self) -> None:
        """Be gone: it hears and says nothing more, and leaves no timer and no socket."""
        self._wire.asleep = True
        self._wire.hush()
        self.endpoint.close()

    def forget(self) -> None:
        """Drop what is recorded of the past; calls in progress go on."""
        self.received.clear()
        self.sent.clear()
        self.calls = [call for call in self.calls if call.in_progress]
        self.subscriptions.clear()
        self._uac.forget()
        self._uas.forget()

    def _receive(self, octets: bytes, source: Address) -> None:
        if self.asleep:
            self._miss(octets, source)
            return
        message = read(octets)
        self.received.append(message)
        if isinstance(message, Request):
            self._uas.receive(message, source)
        else:
            self._uac.receive(message)

    def _miss(self, octets: bytes, source: Address) -> None:  # noqa: ARG002 - an endpoint's callback
        self.missed += 1

    def _contact(self) -> str:
        return self.account.contact_with_purr(self.address, self.endpoint.transport, self.purr)

    def _told(self, address: Address) -> Address:
        return self.account.told(address)

    def _made(self) -> list[Dialogs]:
        return [*self.calls, *self.subscriptions]

    def _draft(
        self,
        method: str,
        target: str,
        body: bytes,
        body_type: str,
        extra: Iterable[tuple[str, str]] = (),
    ) -> Draft:
        fields = [
            ("From", f"<{self.account.aor}>;tag={self._wire.random(4)}"),
            ("To", f"<{target}>"),
            ("Call-ID", self._wire.random()),
        ]
        if method in ("INVITE", "SUBSCRIBE", "REFER"):
            fields.append(("Contact", self._contact()))
        fields += extra
        if body:
            fields.append(("Content-Type", body_type))
        return Draft(method, target, tuple(fields), Numbers(), self.server, body)

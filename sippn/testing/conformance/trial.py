"""One scenario on its way: its phones, its pushes, and how long anything may take."""

from __future__ import annotations

import os
from typing import Any

from attrs import define, evolve, field
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.error import ConnectError

from sippn.sip import PushParams, Request, Response, write
from sippn.testing.calls import Call
from sippn.testing.calls_received import ReceivedCall
from sippn.testing.conformance.overheard import Overheard
from sippn.testing.conformance.patience import Patience
from sippn.testing.conformance.receiver import Push, Receiver
from sippn.testing.conformance.verdicts import Failed, check, skip, words
from sippn.testing.endpoints import Endpoint, UDPEndpoint
from sippn.testing.endpoints_tcp import TCPEndpoint
from sippn.testing.ua import ScriptedUA
from sippn.testing.ua_account import Account

_FAREWELL = 2.0  # seconds that a server gets to forget a user


@define(eq=False)
class Trial(Patience):
    """
    What a scenario plays with.

    :ivar cast: role to user.
    :ivar phones: all that were made, in order.
    :ivar transcript: what was said, line by line.
    """

    receiver: Receiver
    cast: dict[str, str]
    phones: list[ScriptedUA] = field(factory=list, init=False)
    transcript: list[str] = field(factory=list, init=False)
    _begin: float = field(init=False)
    _endpoints: list[Endpoint] = field(factory=list, init=False)

    def __attrs_post_init__(self) -> None:
        self._begin = self.now()

    async def phone(self, role: str, push: PushParams | None = None, **more: Any) -> ScriptedUA:
        """
        A phone of *role* that is not registered, and has an instance of its own.

        :param push: its push parameters; none: it cannot sleep.
        :param more: of its :class:`~sippn.testing.ua_account.Account`.
        """
        subject = self.subject
        account = Account(
            self.cast[role],
            subject.domain,
            subject.password,
            push,
            f"<urn:uuid:{_random(4)}-{_random(2)}-4{_random(2)[1:]}-8{_random(2)[1:]}-{_random(6)}>",
        )
        endpoint = await self.endpoint(role)
        account = evolve(account, **more)
        phone = ScriptedUA(account, endpoint, subject.address, self.reactor, os.urandom)
        self.phones.append(phone)
        return phone

    async def endpoint(self, role: str) -> Endpoint:
        """
        Another socket, for *role*.

        :raises Failed: the server takes no connection.
        """
        subject = self.subject
        if subject.transport == "udp":
            endpoint: Endpoint = UDPEndpoint(self.reactor, subject.host)
        else:
            connecting = TCPEndpoint(subject.address).connect(self.reactor, subject.host)
            try:
                endpoint = await connecting
            except ConnectError as error:
                raise Failed(f"the server takes no connection: {error}") from error
        self._endpoints.append(endpoint)
        return Overheard(endpoint, lambda line: self._note(f"{role:<6}{line}"))

    def push(self, prid: str = "") -> PushParams:
        """What the server can push; *prid*: instead of one that nobody else has."""
        prid = prid or f"prid-{_random(8)}"
        self.receiver.watchers[prid] = lambda push: self._note(f"push  {push.get('kind')}")
        return PushParams(self.subject.provider, self.subject.param, prid)

    def aor(self, role: str) -> str:
        """The address of record of *role*."""
        return f"sip:{self.cast[role]}@{self.subject.domain}"

    async def registered(self, phone: ScriptedUA, expires: int = 3600, **said: Any) -> Response:
        """
        Register *phone*.

        :param said: see :meth:`ScriptedUA.register <sippn.testing.ua.ScriptedUA.register>`.
        :returns: the 2xx.
        :raises Failed: it was refused.
        """
        answer = await self.answered(phone.register(expires, **said), "the REGISTER")
        check(answer.status < 300, f"the REGISTER got {words(answer)}")
        return answer

    async def promised(self, role: str = "alice", **more: Any) -> ScriptedUA:
        """
        A phone of *role* that is registered, and that the server will push.

        :raises Skipped: it will not; there is a scenario that fails by that.
        """
        phone = await self.phone(role, more.pop("push", None) or self.push(), **more)
        await self.registered(phone)
        if not any(caps.pns == self.subject.provider for caps in phone.caps):
            skip(f"it does not promise to push {self.subject.provider}")
        return phone

    async def asleep(self, role: str = "alice", **more: Any) -> ScriptedUA:
        """The same, asleep: its connection is closed, or it does not listen."""
        phone = await self.promised(role, **more)
        await self.falls_asleep(phone)
        return phone

    async def falls_asleep(self, phone: ScriptedUA) -> None:
        """Have *phone* sleep, and over TCP the server notice it."""
        phone.sleep()
        if self.subject.transport != "udp":
            await self.pause(self.subject.quiet)

    async def woken(self, phone: ScriptedUA, **how: Any) -> Response:
        """
        Wake *phone* as an app that was killed: on another socket, with another Call-ID.

        :param how: see :meth:`ScriptedUA.wake <sippn.testing.ua.ScriptedUA.wake>`.
        :returns: the final response to its REGISTER.
        """
        role = next(role for role, user in self.cast.items() if user == phone.account.user)
        answer = phone.wake(endpoint=await self.endpoint(role), restarted=True, **how)
        return await self.answered(answer, "the REGISTER of the phone that was woken")

    async def pushed(self, phone: ScriptedUA, count: int = 1) -> Push:
        """
        The push number *count* to *phone*, as soon as it is there.

        :raises Failed: there is none.
        """
        assert phone.account.push is not None
        prid = phone.account.push.prid or ""
        await self.until(lambda: len(self.receiver.of(prid)) >= count, "a push at the webhook")
        return self.receiver.of(prid)[count - 1]

    def pushes(self, phone: ScriptedUA) -> list[Push]:
        """All pushes to *phone*."""
        assert phone.account.push is not None
        return self.receiver.of(phone.account.push.prid or "")

    async def got_call(self, phone: ScriptedUA) -> ReceivedCall:
        """
        The call that *phone* gets, as soon as it does.

        :raises Failed: there is none.
        """
        await self.until(lambda: phone.incoming, f"an INVITE at {phone.account.user}'s phone")
        return phone.incoming[-1]

    async def outcome(self, call: Call, seconds: float = 0) -> Response:
        """The final response to *call*."""
        final: Deferred[Response] = Deferred()

        def came(response: Response) -> Response:
            if not final.called:
                final.callback(response)
            return response

        call.answered.addCallback(came)
        call.failed.addCallback(came)
        return await self.answered(final, "the INVITE", seconds)

    async def hang_up(self, call: Call) -> Response:
        """
        End *call*, once it is answered.

        :returns: the response to the BYE.
        :raises Failed: it is not answered.
        """
        response = await self.outcome(call)
        check(response.status < 300, f"the caller got {words(response)}")
        return await self.answered(call.hang_up(), "the BYE")

    async def clear(self) -> None:
        """Leave no binding of anybody here, and no socket."""
        for phone in self.phones:
            phone.sleep()
        for user in {phone.account.user for phone in self.phones}:
            await self._forget(user)
        self.leave()

    def leave(self) -> None:
        """Leave no timer and no socket."""
        for phone in self.phones:
            phone.leave()
        for endpoint in self._endpoints:
            endpoint.close()

    def _note(self, line: str) -> None:
        self.transcript.append(f"{self.now() - self._begin:7.3f}  {line}")

    async def _forget(self, user: str) -> None:
        """RFC 3261 section 10.2.2: all Contacts of *user*, whoever made them."""
        account = Account(user, self.subject.domain, self.subject.password)
        try:
            endpoint = await self.endpoint("")
        except Failed:
            return
        phone = ScriptedUA(account, endpoint, self.subject.address, self.reactor, os.urandom)
        self.phones.append(phone)
        answer = ensureDeferred(
            self.answered(phone.register(0, contacts=["*"]), "the farewell", _FAREWELL)
        )
        await answer.addErrback(lambda failure: failure.trap(Failed))


def heard(phone: ScriptedUA) -> bytes:
    """All octets that *phone* got while it was awake."""
    return b"".join(write(message) for message in phone.received)


def responses(phone: ScriptedUA, method: str) -> list[Response]:
    """What *phone* was answered, to any *method* of its own."""
    return [
        message
        for message in phone.received
        if isinstance(message, Response) and message.cseq.method == method
    ]


def requests(phone: ScriptedUA, method: str) -> list[Request]:
    """What *phone* was asked, retransmissions included."""
    return [
        message
        for message in phone.received
        if isinstance(message, Request) and message.method == method
    ]


def _random(octets: int) -> str:
    return os.urandom(octets).hex()

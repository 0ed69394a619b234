"""
A dialog between alice, whose phone sleeps, and bob, whose phone does not.
"""

from __future__ import annotations

from typing import TypeAlias

from attrs import define, evolve
from twisted.internet.defer import Deferred

from sippn.sip import Request, Response
from sippn.testing.calls import Call
from sippn.testing.calls_received import ReceivedCall, answer_at_once
from sippn.testing.endpoints import Suspension
from sippn.testing.house import House
from sippn.testing.results import succeeded
from sippn.testing.ua import ScriptedUA

ALICE, BOB = "sip:alice@example.com", "sip:bob@example.com"
HOLD = b"v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
HOLD += b"m=audio 40000 RTP/AVP 0\r\na=sendonly\r\n"

End: TypeAlias = Call | ReceivedCall


@define(eq=False)
class Talk:
    """
    A call that was answered.

    :ivar here: alice's end of it; *there* bob's.
    """

    house: House
    alice: ScriptedUA
    bob: ScriptedUA
    here: End
    there: End

    @property
    def contact(self) -> str:
        """What bob was told that alice is reached by, and writes into his Request-URIs."""
        return self.there.dialog.target

    @property
    def arrived(self) -> list[Request]:
        """What alice was asked in the dialog, without ACKs."""
        return [*self.alice.requests, *self.here.reinvites]

    def sleep(self, how: Suspension = "killed") -> None:
        """Alice's phone is suspended."""
        self.alice.sleep(how)
        self.house.run()

    def asks(self, method: str) -> Deferred[Response]:
        """Bob sends a request of *method*."""
        asked = ask(self.there, method)
        self.house.run()
        return asked

    def comes_back(self) -> None:
        """Alice's app runs again and registers, from elsewhere."""
        house = self.house
        here = self.alice.endpoint.transport.lower()
        assert house.get(self.alice.wake(endpoint=house.endpoint(here))).status == 200
        house.run()


def ask(end: End, method: str) -> Deferred[Response]:
    """Send a request of *method* from one *end* of a call."""
    return end.reinvite(HOLD) if method == "INVITE" else end.request(method)


def sleeps(house: House, user: str, *, purr: bool = True, transport: str = "") -> ScriptedUA:
    """A phone of *user* that can sleep, and has registered; *purr*: it says so in dialogs."""
    phone = house.phone(
        user, f"token-{user}", instance=f"<urn:uuid:{user}>", transport=transport, password="secret"
    )
    phone.account = evolve(phone.account, purr=purr)
    phone.policy = answer_at_once
    assert house.get(phone.register()).status == 200
    return phone


def talking(
    house: House,
    *,
    alice_calls: bool = False,
    purr: bool = True,
    transport: str = "",
    bobs_transport: str = "",
) -> Talk:
    """A call between the two, as either side's; nobody has been pushed since."""
    alice = sleeps(house, "alice", purr=purr, transport=transport)
    bob = house.phone("bob", password="secret", transport=bobs_transport)
    bob.policy = answer_at_once
    assert house.get(bob.register()).status == 200
    call = alice.call(BOB) if alice_calls else bob.call(ALICE)
    house.run()
    if not call.answered.called:  # over UDP nobody can tell that her phone is awake
        house.get(alice.wake())
        house.run()
    assert succeeded(call.answered).status == 200
    while house.pns.unanswered:
        house.push_accepted()
    house.pns.jobs.clear()
    talk = (
        Talk(house, alice, bob, call, bob.incoming[0])
        if alice_calls
        else Talk(house, alice, bob, alice.incoming[0], call)
    )
    assert ("pn-purr=" in talk.contact) is purr
    return talk


def pushed(house: House) -> list[tuple[str, str]]:
    """Kind and method of each push."""
    return [(job.kind.value, job.method) for job in house.pns.jobs]

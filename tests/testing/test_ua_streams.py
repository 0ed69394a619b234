"""The scripted UA over TCP: two of them on a memory network, one of which can be connected to."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from attrs import define, evolve, field
from twisted.internet.task import Clock

from sippn.sip import PushParams, Request, Response
from sippn.testing.calls_received import answer_at_once, ignore, ring
from sippn.testing.endpoints_stream import StreamEndpoint
from sippn.testing.network import MemoryNetwork
from sippn.testing.results import succeeded
from sippn.testing.ua import ScriptedUA
from sippn.testing.ua_account import SDP, Account
from sippn.transport import Address

SERVER = Address("192.0.2.1", 5060)
TARGET = "sip:alice@example.com"


def entropy(seed: int) -> Callable[[int], bytes]:
    """Octets that never repeat."""
    numbers = iter(range(seed, seed + 1000))
    return lambda octets: next(numbers).to_bytes(octets, "big")


@define(eq=False)
class Line:
    """Alice, who can be connected to, and bob, who cannot."""

    clock: Clock = field(factory=Clock)
    network: MemoryNetwork = field(init=False)
    alice: ScriptedUA = field(init=False)
    bob: ScriptedUA = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Give them sockets."""
        self.network = MemoryNetwork(self.clock)
        near = StreamEndpoint(self.network, "192.0.2.20")
        far = StreamEndpoint(self.network, SERVER.host, SERVER.port, listens=True)
        push = PushParams("acme", "app", "token")
        account = Account("bob", "example.com", push=push)
        self.bob = ScriptedUA(account, near, SERVER, self.clock, entropy(1))
        account = Account("alice", "example.com")
        self.alice = ScriptedUA(account, far, near.address, self.clock, entropy(5000))

    def run(self, seconds: float = 0) -> None:
        """Let what is under way arrive, and time pass."""
        for step in (0, seconds, 0):
            self.clock.advance(step)


@pytest.fixture
def line() -> Line:
    return Line()


def methods(messages: Iterable[Request | Response]) -> list[str]:
    """The messages in short: requests by method, responses by status."""
    return [m.method if isinstance(m, Request) else str(m.status) for m in messages]


def test_names_its_transport(line: Line) -> None:
    """RFC 3261 18.1.1 and 19.1.1: in Via and in every Contact."""
    line.bob.register()
    line.bob.call(TARGET)
    register, invite = line.bob.sent
    assert (register.via.transport, register.via.port) == ("TCP", line.bob.address.port)
    for sent in (register, invite):
        assert sent.contacts[0].uri.param("transport") == "tcp"
        assert sent.contacts[0].uri.port == line.bob.address.port
    assert register.contacts[0].uri.param("pn-prid") == "token"


def test_says_everything_once(line: Line) -> None:
    """RFC 3261 17.1.2.2: no timer E over TCP; silence counts as 408 as late as ever."""
    line.network.freeze(SERVER)
    line.alice.sleep("frozen")
    done, call = line.bob.register(), line.bob.call(TARGET)
    line.run(31)
    assert methods(line.bob.sent) == ["REGISTER", "INVITE"]
    assert not done.called
    line.run(1)
    assert (succeeded(done).status, succeeded(call.failed).status) == (408, 408)
    assert line.clock.getDelayedCalls() == []


def test_provisional_changes_no_timer(line: Line) -> None:
    """RFC 3261 17.1.2.2: timer F ends a request that is being worked on, too."""
    line.alice.policy = ignore
    done = line.bob.register()
    line.run(1)
    assert succeeded(done).status == 405
    call = line.bob.call(TARGET)
    line.run()
    line.alice.incoming[0].ring()
    line.run(40)
    assert not call.failed.called
    assert methods(line.bob.sent) == ["REGISTER", "INVITE"]


def test_answer_to_an_invite_is_repeated_all_the_same(line: Line) -> None:
    """RFC 3261 13.3.1.4: the 2xx is end to end; a refusal is hop by hop, and said once."""
    line.alice.policy = ring
    line.bob.call(TARGET)
    line.run()
    line.bob.sleep("frozen")
    line.alice.incoming[0].answer()
    line.run(0.5)
    line.run(1)
    assert methods(line.alice.sent) == ["180", "200", "200", "200"]
    line.bob.wake()
    line.run()
    assert line.alice.incoming[0].acked.called
    line.alice.policy = ring
    line.bob.call(TARGET)
    line.run()
    line.bob.sleep("frozen")
    line.alice.incoming[1].reject(486)
    line.run(0.5)
    line.run(1)
    assert methods(line.alice.sent)[-2:] == ["180", "486"]


@pytest.mark.parametrize("how", ["killed", "gone"])
def test_wakes_on_a_new_connection(line: Line, how: str) -> None:
    """The app was suspended: Contact and Via are those of another connection."""
    line.bob.register()
    line.run()
    was = line.bob.address
    line.bob.sleep("gone" if how == "gone" else "killed")
    line.run()
    assert line.bob.address == was
    done = line.bob.wake()
    line.run()
    assert succeeded(done).status == 405
    after = line.bob.sent[-1]
    assert line.bob.address != was
    assert after.via.port == after.contacts[0].uri.port == line.bob.address.port


def test_wakes_on_the_connection_that_it_still_has(line: Line) -> None:
    """A frozen app goes on where it was, and hears what has waited."""
    line.bob.register()
    line.run()
    was = line.bob.address
    line.bob.sleep("frozen")
    line.alice.message("sip:bob@example.com", "hi")
    line.run()
    assert line.bob.requests == []
    line.bob.wake()
    line.run()
    assert line.bob.address == was
    assert methods(line.bob.requests) == ["MESSAGE"]
    assert line.bob.missed == 0


def test_may_be_wrong_about_its_address(line: Line) -> None:
    """Behind a NAT: Contact and Via name a host that nobody else can reach."""
    line.bob.account = evolve(line.bob.account, contact_host="10.9.9.9")
    line.bob.register()
    line.bob.call(TARGET)
    for sent in line.bob.sent:
        assert sent.contacts[0].uri.host == sent.via.host == "10.9.9.9"
        assert sent.via.port == line.bob.address.port
    line.run()
    assert methods(line.bob.received) == ["405", "180", "200"]


def test_dialog_outlives_its_connection(line: Line) -> None:
    """RFC 3261 12: it is cut mid-call; the re-INVITE says where the phone is by now."""
    line.alice.policy = answer_at_once
    call = line.bob.call(TARGET)
    line.run()
    was = line.bob.address
    line.network.cut(was)
    line.run()
    done = call.reinvite()
    line.run()
    assert succeeded(done).status == 200
    callee = line.alice.incoming[0]
    assert callee.reinvites[0].contacts[0].uri.port == line.bob.address.port != was.port
    assert callee.dialog.target == callee.reinvites[0].contacts[0].uri_text
    over = callee.hang_up()
    line.run()
    assert succeeded(over).status == 200
    assert call.ended.called
    assert succeeded(call.answered).body == SDP

"""
Flow B where two things happen at once: no copy of a call is forgotten or doubled (S-05, S-08).

Most of these begin with a phone that was believed awake and stays silent: a copy is out,
a push is under way, and then something else comes.
"""

from __future__ import annotations

import gc
from collections.abc import Sequence

import pytest
from attrs import evolve
from twisted.logger import LogEvent

from sippn.binding import AOR, Binding, PushKind, PushTarget, RoutePlan, Verdict
from sippn.proxy import DomainPolicy, ProxySettings, ResponseContext
from sippn.push import PushLimits
from sippn.service import ServerSettings
from sippn.sip import PushParams, Request
from sippn.testing.calls import Call
from sippn.testing.calls_received import Policy, ReceivedCall, answer_at_once, ignore, reject, ring
from sippn.testing.house import House
from sippn.testing.results import succeeded
from sippn.testing.ua import ScriptedUA
from tests.flows.wire import Client, linphone_contact, linphone_register

ALICE = "sip:alice@example.com"
CAROL = "sip:carol@example.com"
UNPUSHABLE = [Verdict.DEAD, Verdict.REFUSED]


@pytest.fixture
def settings(settings: ServerSettings) -> ServerSettings:
    """Who has registered in the last half minute is sent calls without a push."""
    return evolve(settings, proxy=ProxySettings(awake_after_register=30))


def awake(
    house: House, policy: Policy, prid: str | None = "token-a", user: str = "alice"
) -> ScriptedUA:
    """A phone of *user* that has just registered; *policy* is what it does about a call."""
    phone = house.phone(user, prid, instance=f"<urn:uuid:{prid}>")
    assert house.get(phone.register()).status == 200
    phone.policy = policy
    return phone


def asleep(house: House, prid: str = "token-m") -> ScriptedUA:
    """A phone of alice that nobody believes awake any more; woken it rings and waits."""
    phone = house.asleep("alice", prid, instance=f"<urn:uuid:{prid}>")
    phone.policy = ring
    house.run(31)
    return phone


def call_alice(house: House, seconds: float = 0) -> Call:
    """A call that has been under way for so long."""
    call = house.phone("bob").call(ALICE)
    pass_by(house, seconds)
    return call


def pass_by(house: House, seconds: float) -> None:
    """Let time pass second by second, as it does."""
    for _ in range(int(seconds)):
        house.run(1)
    house.run(seconds % 1)


def comes_back(house: House, phone: ScriptedUA, push: PushParams | None = None) -> None:
    """The phone registers from elsewhere, and still hears what comes to where it was."""
    old = phone.endpoint
    house.get(phone.wake(endpoint=house.endpoint(), push=push))
    old.receive = phone.endpoint.receive
    house.run()


def ringing(*phones: ScriptedUA) -> list[ReceivedCall]:
    """The copies of calls that ring there, and that nobody has taken back."""
    return [call for phone in phones for call in phone.incoming if 100 < call.status < 200]


def kinds(house: House) -> list[PushKind]:
    """What was pushed for, in order."""
    return [job.kind for job in house.pns.jobs]


def only_calls(target: PushTarget, kind: PushKind) -> bool:
    """As for an iOS VoIP token: every push must ring (R-04)."""
    return kind in (PushKind.CALL, PushKind.MESSAGE)


def policy_of(settings: ServerSettings, policy: type[DomainPolicy]) -> ServerSettings:
    """*settings* with a plugin."""
    made = policy(lambda host: host == "example.com", lambda _host, _port: False)
    return evolve(settings, policies=(lambda _: made,))


@pytest.mark.parametrize("transport", ["udp"])  # over TCP it has the call on that connection
def test_phone_that_is_lost_while_it_is_waited_for_gets_one_more_copy(house: House) -> None:
    """S-08: 430 when the push is out already: one wait, and its REGISTER releases it once."""
    alice = awake(house, ignore)
    call_alice(house, 1)
    alice.incoming[0].reject(430)
    house.run()
    alice.policy = ring
    house.get(alice.wake())
    house.run()
    assert len(alice.incoming) == 2


def test_caller_who_gives_up_takes_every_wait_back(house: House) -> None:
    """S-12: 430 when the push is out already, then CANCEL: no wait and no push stays behind."""
    alice = awake(house, ignore)
    call = call_alice(house, 1)
    house.push_accepted()
    alice.incoming[0].reject(430)
    house.run()
    call.cancel()
    house.run()
    assert succeeded(call.failed).status == 487
    assert kinds(house) == [PushKind.CALL, PushKind.CANCEL]
    house.get(alice.wake())
    house.run()
    assert len(alice.incoming) == 1


def test_first_copy_is_taken_back_when_the_wait_is_over(house: House) -> None:
    """S-05, P-046: after the 480 a copy that was abandoned does not ring either."""
    alice = awake(house, ignore)
    call = call_alice(house, 1)
    alice.policy = reject(430)
    comes_back(house, alice)
    pass_by(house, 20)
    assert succeeded(call.failed).status == 480
    alice.incoming[0].ring()
    house.run()
    assert alice.incoming[0].cancelled


def test_first_copy_is_not_forgotten_for_the_third(house: House) -> None:
    """S-05: a phone that moves twice has one copy that rings, whichever is late."""
    alice = awake(house, ignore)
    call_alice(house, 1)
    comes_back(house, alice)
    alice.policy = ring
    comes_back(house, alice)
    assert len(alice.incoming) == 3
    alice.incoming[0].ring()
    house.run()
    assert ringing(alice) == [alice.incoming[2]]


@pytest.mark.parametrize("seconds", [0.5, 1])  # before the pushes and after them
def test_two_bindings_that_turn_out_to_be_one_phone_ring_once(house: House, seconds: float) -> None:
    """S-10: a REGISTER makes one of them; the copy of the other must not go on beside it."""
    first, second = awake(house, ignore, "token-1"), awake(house, ignore, "token-2")
    call_alice(house, seconds)
    first.policy = ring
    comes_back(house, first, PushParams("acme", "app", "token-2"))
    second.incoming[0].ring()
    house.run()
    assert len(ringing(first, second)) == 1


def test_who_joins_late_is_not_shown_the_call_as_missed(house: House) -> None:
    """S-09, S-12: its wait was over, the call is not: one INVITE, and no CANCEL after it."""
    house.pns.can = only_calls
    desk, phone = awake(house, ring, None), asleep(house)
    call = call_alice(house)
    house.push_accepted()
    pass_by(house, 25)
    house.get(phone.wake())
    house.run()
    assert len(phone.incoming) == 1
    assert len(ringing(desk, phone)) == 2
    phone.incoming[0].answer()
    house.run()
    assert succeeded(call.answered).status == 200


@pytest.mark.parametrize("transport", ["tcp"])  # it is about connecting
def test_phone_that_registers_while_it_is_connected_to_is_called(house: House) -> None:
    """S-08, P-002: a phone that registers while its old address is tried is called at the new."""
    desk = house.phone("alice", instance="<urn:uuid:desk>")
    desk.policy = ring
    desk.wake(endpoint=house.endpoint(listens=True))
    house.run()
    house.network.cut(house.address)
    house.network.reactor.silent.add(desk.address.host)
    house.run()
    call = call_alice(house, 1)
    house.get(desk.wake(endpoint=house.endpoint(), restarted=True))
    house.run()
    assert len(desk.incoming) == 1
    pass_by(house, 30)
    assert not call.failed.called


@pytest.mark.parametrize("verdict", UNPUSHABLE)
def test_call_to_a_silent_phone_that_no_push_reaches_is_480_in_time(
    house: House, verdict: Verdict
) -> None:
    """P-046, N-05: the copy that is out may be answered until the wait is over, and no longer."""
    awake(house, ignore)
    call = call_alice(house, 1)
    house.pns.answer(verdict)
    pass_by(house, 18)
    assert not call.failed.called
    pass_by(house, 1)
    assert succeeded(call.failed).status == 480


@pytest.mark.parametrize("verdict", UNPUSHABLE)
def test_message_to_a_silent_phone_that_no_push_reaches_is_answered(
    house: House, verdict: Verdict
) -> None:
    """P-047: 480 when the wait is over: a time-out later on would be no answer at all."""
    awake(house, ignore).sleep("frozen")
    answer = house.phone("bob").message(ALICE, "hello")
    house.run(1)
    house.pns.answer(verdict)
    pass_by(house, 9)
    assert succeeded(answer).status == 480


@pytest.mark.parametrize("transport", ["udp"])  # TCP repeats nothing
def test_message_that_was_refused_is_repeated_no_more(house: House) -> None:
    """S-07: who was told 480 will say it again; this copy must not be delivered after that."""
    alice = awake(house, ignore)
    alice.sleep()
    answer = house.phone("bob").message(ALICE, "hello")
    pass_by(house, 11)
    assert succeeded(answer).status == 480
    before = house.sent_to(alice.address)
    pass_by(house, 30)
    assert len(house.sent_to(alice.address)) == len(before) > 0


@pytest.mark.parametrize("transport", ["udp"])  # TCP repeats nothing
def test_message_that_was_declined_is_repeated_to_nobody(house: House) -> None:
    """S-11: a 6xx ends all: what one phone declined is sent to the other no more."""
    alice, silent = awake(house, ignore), awake(house, ignore, None)
    alice.replies["MESSAGE"] = 603
    silent.sleep()
    answer = house.phone("bob").message(ALICE, "hello")
    house.run()
    assert succeeded(answer).status == 603
    before = house.sent_to(silent.address)
    pass_by(house, 35)
    assert len(house.sent_to(silent.address)) == len(before) > 0


def test_call_that_comes_while_the_server_stops_is_answered(house: House) -> None:
    """D6: it takes back a push still, and takes no call: nobody may be parked for ever."""
    asleep(house)
    call_alice(house)
    house.push_accepted()
    house.server.stopService()
    house.run()
    assert kinds(house) == [PushKind.CALL, PushKind.CANCEL]
    late = call_alice(house)
    answer = succeeded(late.failed)
    assert answer.status == 503
    assert 5 <= int(answer.headers.get("Retry-After") or 0) <= 30
    assert len(house.pns.jobs) == 2


@pytest.mark.parametrize("transport", ["tcp"])  # it breaks a connection
def test_first_copy_that_rings_when_the_second_is_lost_counts(house: House) -> None:
    """S-05, S-08: the only live copy must not be cancelled, nor ring for ever (Timer C)."""
    alice = awake(house, ignore)
    call = call_alice(house, 1)
    comes_back(house, alice)
    house.network.cut(alice.address)
    house.run()
    first, _ = alice.incoming
    first.ring()
    house.run()
    assert call.ringing.called
    assert ringing(alice) == [first]
    pass_by(house, 185)
    assert first.cancelled
    assert succeeded(call.failed).status == 408


class BreaksForCarol(DomainPolicy):
    """A plugin with a bug: carol's calls to a tablet."""

    def select_bindings(self, request: Request, found: Sequence[Binding]) -> Sequence[Binding]:
        """Break, if that is who calls whom."""
        if request.from_.uri.user == "carol" and "token-t" in found[0].instance:
            raise RuntimeError
        return found


def test_plugin_that_breaks_on_one_call_costs_no_other_its_late_join(
    settings: ServerSettings, nothing_fails_unseen: list[LogEvent]
) -> None:
    """S-09: two calls ring; who joins joins the one that can be joined."""
    house = House.built(policy_of(settings, BreaksForCarol))
    awake(house, ring, None)
    house.phone("carol").call(ALICE)
    house.run()
    call = call_alice(house)
    tablet = awake(house, ring, "token-t")
    house.run()
    assert [each.invite.call_id for each in tablet.incoming] == [call.call_id]
    assert len(nothing_fails_unseen) == 1
    nothing_fails_unseen.clear()


def test_call_that_nobody_noticed_ends_when_its_caller_says_so(house: House) -> None:
    """S-12: 487 at once, and not after 32 s of INVITEs; who answers it then is hung up."""
    alice = awake(house, ignore)
    call = call_alice(house, 2)
    call.cancel()
    house.run()
    assert succeeded(call.failed).status == 487
    alice.incoming[0].answer()
    house.run()
    assert alice.incoming[0].acked.called
    assert alice.incoming[0].ended.called


def test_answer_that_comes_after_the_480_is_hung_up(house: House) -> None:
    """RFC 3261 13.3.1.4: ACK and BYE in the caller's place: nobody talks to nobody."""
    alice = awake(house, ignore)
    call = call_alice(house, 21)
    assert succeeded(call.failed).status == 480
    (late,) = alice.incoming
    late.answer()
    house.run()
    assert late.acked.called
    assert late.ended.called
    assert not call.answered.called


class TestWithOneSlot:
    """``limits.in_flight_per_provider = 1``."""

    @pytest.fixture
    def settings(self, settings: ServerSettings) -> ServerSettings:
        """One push at a time."""
        return evolve(settings, push=PushLimits(in_flight_per_provider=1))

    def test_call_whose_push_has_not_left_is_not_shown(self, house: House) -> None:
        """S-12: the app knows of no call; who opens it must not see one flash by."""
        house.pns.can = only_calls
        house.asleep("carol", "token-c")
        phone = asleep(house)
        house.phone("bob").call(CAROL)
        call = call_alice(house)
        call.cancel()
        house.run()
        assert succeeded(call.failed).status == 487
        assert [job.aor for job in house.pns.jobs] == [AOR(CAROL)]
        house.get(phone.wake())
        house.run()
        assert phone.incoming == []


class BothLines(DomainPolicy):
    """A plugin that calls carol with alice."""

    def determine_targets(self, request: Request, plan: RoutePlan) -> RoutePlan:  # noqa: ARG002 - the socket's shape
        """The two of them."""
        return evolve(plan, targets=(ALICE, CAROL))


def test_second_line_of_a_phone_is_followed_as_well(settings: ServerSettings) -> None:
    """S-08, Q-01: one device, two AORs: the REGISTER of a line concerns that line's copy."""
    house = House.built(policy_of(settings, BothLines))
    alice, carol = awake(house, ignore, None), awake(house, ignore, None, "carol")
    call_alice(house)
    comes_back(house, carol)
    assert [len(alice.incoming), len(carol.incoming)] == [1, 2]


def test_phone_that_moved_is_not_pushed_for_the_silence_of_before(house: House) -> None:
    """S-05: it spoke a moment ago: the second that its first copy had is not its new one's."""
    alice = awake(house, ignore)
    call_alice(house, 0.7)
    comes_back(house, alice)
    house.run(0.4)
    assert len(alice.incoming) == 2
    assert house.pns.jobs == []


def contexts() -> int:
    """How many requests the proxy remembers."""
    return sum(isinstance(one, ResponseContext) for one in gc.get_objects())


@pytest.mark.parametrize("policy", [answer_at_once, reject(486)], ids=["answered", "refused"])
@pytest.mark.parametrize("how", ["hedged", "woken"])
def test_call_that_is_over_leaves_no_cycle(house: House, policy: Policy, how: str) -> None:
    """RELIABILITY W5: what is over is freed at once, not when the collector comes by."""
    alice = awake(house, ignore) if how == "hedged" else asleep(house)
    gc.collect()
    before = contexts()
    gc.disable()
    call_alice(house, 1)
    alice.policy = policy
    comes_back(house, alice)
    pass_by(house, 70)
    after = contexts()
    gc.enable()
    assert after == before


@pytest.mark.parametrize("transport", ["tcp"])  # it breaks a connection
def test_copy_that_rings_after_its_connection_broke_is_forgotten(house: House) -> None:
    """RELIABILITY W5: its caller was told 480; whoever rings for ever costs no memory for ever."""
    desk = awake(house, ignore, None)
    gc.collect()
    before = contexts()
    call = call_alice(house)
    house.network.cut(desk.address)
    house.run()
    assert succeeded(call.failed).status == 480
    desk.incoming[0].ring()
    pass_by(house, 70)
    gc.collect()
    assert contexts() == before


def test_phone_that_comes_back_by_its_other_flow_is_called_there(house: House) -> None:
    """S-08, RFC 5626: pushed for the one flow, it registers what it can: the call is not lost."""
    by_wifi, by_mobile = (Client(house, "alice", transport=house.transport.upper()) for _ in "12")
    register(by_mobile, 2)
    house.run(1)
    register(by_wifi, 1)
    by_wifi.quit()
    by_mobile.quit()
    house.run(31)
    call = call_alice(house)
    assert len(house.pns.jobs) == 1
    back = by_mobile.restarted()
    register(back, 2)
    assert len(back.ua.incoming) == 1
    assert succeeded(call.answered).status == 200


def register(client: Client, reg_id: int) -> None:
    """Register one of a phone's flows through an edge that keeps them apart."""
    contact = linphone_contact(client, ";pn-provider=acme;pn-param=app;pn-prid=token-a")
    edge = ["Path: <sip:edge.example.com;lr;ob>", "Supported: path"]
    fields = linphone_register(client, f"{contact};reg-id={reg_id}", *edge)
    assert client.ask(*fields).status == 200
    client.house.run()


def test_phone_that_moved_and_falls_silent_is_pushed(house: House) -> None:
    """S-05: the copy on its new flow is hedged as well: it was awake there, and is no more."""
    alice = awake(house, ignore)
    call_alice(house)
    house.run(0.5)
    house.get(alice.wake(endpoint=house.endpoint()))
    alice.sleep("frozen")
    house.run(0.9)
    assert house.pns.jobs == []
    house.run(0.1)
    assert len(house.pns.jobs) == 1

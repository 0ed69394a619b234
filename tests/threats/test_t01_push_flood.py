"""
T1: strangers call a sleeping phone until its battery is empty.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from attrs import evolve

from sippn.binding import PushKind, Source
from sippn.service import ServerSettings
from sippn.sip import PushParams
from sippn.testing.calls import Call
from sippn.testing.house import House
from sippn.testing.results import succeeded
from sippn.testing.ua import ScriptedUA
from sippn.wake import Caller, ParkingLimits
from tests.threats.scene import ALICE, PBX, SECRET, Sender, phone, sleeper

HOUR = 3600
STRANGERS = 20  # pushes an hour, of each stranger and to each device


def stranger(house: House, host: str = "") -> ScriptedUA:
    """Somebody of a domain that is not ours."""
    caller = house.phone("x", domain="elsewhere.example")
    if host:
        caller.wake(endpoint=house.endpoint(host=host))
    return caller


def failed(call: Call) -> int:
    """How *call* failed so far; 0: it did not."""
    return succeeded(call.failed).status if call.failed.called else 0


def called(house: House, caller: ScriptedUA, alice: ScriptedUA, target: str = ALICE) -> int:
    """One call of *caller* that alice answers where she was pushed; what it came to."""
    call = caller.call(target)
    house.run()
    if call.failed.called:
        return failed(call)
    house.get(alice.wake())
    house.run()
    status = succeeded(call.answered).status
    house.get(call.hang_up())
    alice.sleep()
    house.run()
    return status


def test_many_requests_are_one_wake(house: House) -> None:
    """T1, Q-03: one push for all calls to a phone, one for all messages, however many wait."""
    alice = sleeper(house, "alice", "token-a")
    calls = [stranger(house).call(ALICE) for _ in range(3)]
    texts = [phone(house, "bob").message(ALICE, "hello") for _ in range(2)]
    house.run(5)
    assert [job.kind for job in house.pns.jobs] == [PushKind.CALL, PushKind.MESSAGE]
    house.get(alice.wake())
    house.run()
    assert [succeeded(call.answered).status for call in calls] == [200] * 3
    assert [succeeded(text).status for text in texts] == [200] * 2


@pytest.mark.parametrize(
    "method", ["SUBSCRIBE", "OPTIONS", "NOTIFY", "PUBLISH", "REFER", "INFO", "UPDATE", "STRANGE"]
)
def test_only_calls_and_messages_wake(house: House, method: str) -> None:
    """T1: anything else to who sleeps is 480 without a push."""
    sleeper(house, "alice", "token-a")
    assert house.get(phone(house, "bob").request(method, ALICE)).status == 480
    house.run(30)
    assert house.pns.jobs == []


def test_stranger_has_so_many_pushes_an_hour(house: House) -> None:
    """T1, A9, Q-03: a stranger's budget spent, he gets 480 without a push, until the next hour."""
    alice, mallory = sleeper(house, "alice", "token-a"), stranger(house)
    found = [called(house, mallory, alice) for _ in range(STRANGERS + 3)]
    assert found == [200] * STRANGERS + [480] * 3
    assert len(house.pns.jobs) == STRANGERS
    house.run(HOUR)
    house.get(alice.wake())
    alice.sleep()
    assert called(house, mallory, alice) == 200


def test_many_strangers_have_no_more_of_one_device(house: House) -> None:
    """T1, Q-03: a device has a budget of its own, so ten strangers are no more than one."""
    alice = sleeper(house, "alice", "token-a")
    found = [called(house, stranger(house), alice) for _ in range(STRANGERS + 5)]
    assert found == [200] * STRANGERS + [480] * 5
    assert len(house.pns.jobs) == STRANGERS


def test_budget_of_a_stranger_is_one_for_all_he_calls(house: House) -> None:
    """T1: whoever calls a street once each is held as well."""
    mallory = stranger(house)
    sleepers = [sleeper(house, name, f"token-{name}") for name in ("alice", "bob")]
    found = [called(house, mallory, one, one.account.aor) for _ in range(11) for one in sleepers]
    assert found == [200] * STRANGERS + [480] * 2


def test_those_who_are_known_are_not_held_for_strangers(house: House) -> None:
    """T1: the smallest budget is that of who proves nothing; bob and the PBX still get through."""
    alice, mallory = sleeper(house, "alice", "token-a"), stranger(house)
    for _ in range(STRANGERS + 1):
        called(house, mallory, alice)
    assert called(house, mallory, alice) == 480
    assert called(house, phone(house, "bob"), alice) == 200
    assert called(house, stranger(house, PBX), alice) == 200


def test_one_caller_waits_for_so_many(house: House) -> None:
    """T1, W5: 20 at a time; the next of his is 480 with Retry-After, and nobody is pushed."""
    bob = phone(house, "bob")
    for number in range(21):
        sleeper(house, f"u{number}", f"token-{number}")
    calls = [bob.call(f"sip:u{number}@example.com") for number in range(21)]
    house.run()
    assert [failed(call) for call in calls] == [0] * 20 + [480]
    assert succeeded(calls[20].failed).headers.get("Retry-After") == "5"
    assert len(house.pns.jobs) == 20


@pytest.mark.parametrize(
    ("hosts", "same"),
    [
        (("2001:db8::1", "2001:db8::ffff:1"), True),
        (("2001:db8::1", "2001:db8:0:1::1"), False),
        (("192.0.2.1", "192.0.2.2"), False),
    ],
)
def test_ipv6_network_is_one_stranger(hosts: tuple[str, str], same: bool) -> None:
    """T1: whoever has one address of it has 2**64 of them."""
    one, other = (Caller.of(None, Source("flow", host, 5060)).key for host in hosts)
    assert (one == other) is same


def test_caller_cannot_name_whom_to_push(house: House) -> None:
    """T1, T6: pn parameters of a Request-URI are nobody's; only those of a binding are."""
    evil = ";pn-provider=acme;pn-param=app;pn-prid=EVIL"
    for target in (ALICE + evil, f"sip:192.0.2.1{evil}", f"sip:nobody@example.com{evil}"):
        assert Sender.at(house).ask("INVITE", target)[0] in {404, 480}
    assert house.pns.jobs == []
    alice = sleeper(house, "alice", "token-a")
    assert called(house, phone(house, "bob"), alice, ALICE + evil) == 200
    assert [job.target.prid for job in house.pns.jobs] == ["token-a"]


def test_push_is_of_the_last_prid_alone(house: House) -> None:
    """T1: a PRID that was replaced is not pushed any more."""
    instance = "<urn:uuid:1>"
    alice = house.asleep("alice", "token-a", password=SECRET, instance=instance)
    house.get(alice.wake(push=PushParams("acme", "app", "token-b")))
    alice.sleep()
    phone(house, "bob").call(ALICE)
    house.run()
    assert [job.target.prid for job in house.pns.jobs] == ["token-b"]


CALLER_AN_HOUR, DEVICE_AN_HOUR = 6, 9


@pytest.fixture
def small(settings: ServerSettings) -> Iterator[House]:
    """A house with small budgets."""
    limits = ParkingLimits(
        pushes_per_hour_caller=CALLER_AN_HOUR, pushes_per_hour_device=DEVICE_AN_HOUR
    )
    house = House.built(evolve(settings, parking=limits))
    yield house
    house.server.stopService()


def test_user_has_so_many_pushes_an_hour(small: House) -> None:
    """Q-03, T1: whoever has a password is held as well, and told when to try again."""
    bob = phone(small, "bob")
    sleepers = [sleeper(small, name, f"token-{name}") for name in ("alice", "u1", "u2")]
    found = [called(small, bob, one, one.account.aor) for _ in range(3) for one in sleepers]
    assert found == [200] * CALLER_AN_HOUR + [480] * 3
    refused = bob.call(ALICE)
    small.run()
    assert succeeded(refused.failed).headers.get("Retry-After") == "300"
    assert len(small.pns.jobs) == CALLER_AN_HOUR
    assert called(small, phone(small, "u3"), sleepers[0]) == 200


def test_device_has_so_many_pushes_an_hour(small: House) -> None:
    """Q-03, T1: a battery counts whoever calls; in the next hour it is charged again."""
    alice = sleeper(small, "alice", "token-a")
    found = [called(small, phone(small, f"u{n}"), alice) for n in range(DEVICE_AN_HOUR + 3)]
    assert found == [200] * DEVICE_AN_HOUR + [480] * 3
    assert len(small.pns.jobs) == DEVICE_AN_HOUR
    small.run(HOUR)
    small.get(alice.wake())
    alice.sleep()
    assert called(small, phone(small, "bob"), alice) == 200


def test_messages_count_as_calls_do(small: House) -> None:
    """Q-03: what wakes a phone wakes it, whatever for."""
    alice = sleeper(small, "alice", "token-a")
    for number in range(2 * DEVICE_AN_HOUR):
        answer = phone(small, f"u{number}").message(ALICE, "hello")
        small.run()
        if not answer.called:
            small.get(alice.wake())
            small.run()
            alice.sleep()
            small.run()
        assert succeeded(answer).status == (200 if number < DEVICE_AN_HOUR else 480)


def test_pbx_is_not_held(small: House) -> None:
    """Q-03: a trusted peer's pushes are counted nowhere, and none is refused."""
    alice, pbx = sleeper(small, "alice", "token-a"), stranger(small, PBX)
    found = [called(small, pbx, alice) for _ in range(3 * DEVICE_AN_HOUR)]
    assert found == [200] * 3 * DEVICE_AN_HOUR
    assert called(small, phone(small, "bob"), alice) == 200


def test_refresh_is_not_held(small: House) -> None:
    """Q-03: a phone whose budget is spent is still pushed to refresh, or it would be lost."""
    alice = sleeper(small, "alice", "token-a")
    for number in range(DEVICE_AN_HOUR + 1):
        called(small, phone(small, f"u{number}"), alice)
    small.pns.jobs.clear()
    for _ in range(330):
        small.run(10)
    assert {job.kind for job in small.pns.jobs} == {PushKind.REFRESH}


def test_defaults_are_what_is_documented() -> None:
    """Q-03: 20 pushes an hour for strangers, 600 a user, 240 a device."""
    limits = ParkingLimits()
    assert limits.pushes_per_hour_stranger == STRANGERS
    assert (limits.pushes_per_hour_caller, limits.pushes_per_hour_device) == (600, 240)

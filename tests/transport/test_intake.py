"""
Tests for :mod:`sippn.transport.intake`: what is served when not all can be (RELIABILITY A6).

Time passes by what is done: a datagram takes 2 us to read and 100 us to serve.
"""

from __future__ import annotations

import pytest

from sippn.transport.floods import BARRED_SECONDS, FLOOD
from sippn.transport.intake import LONGEST_WAIT, MOST_WAITING, QUIET_SECONDS, Intake
from tests.transport.floods import SERVE, Gate, Stream

CAPACITY = 1 / SERVE
SECONDS = 0.5


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def intake(gate: Gate) -> Intake:
    intake = Intake(gate.clock, gate)
    intake.open(gate)
    return intake


def turn(gate: Gate) -> None:
    """One turn of a reactor: what was due when it began."""
    now = gate.clock.seconds()
    for call in [call for call in gate.clock.calls if call.getTime() <= now]:
        gate.clock.calls.remove(call)
        call.called = 1
        call.func(*call.args, **call.kw)


def run(gate: Gate, intake: Intake, *streams: Stream, seconds: float = SECONDS) -> None:
    """Be behind all the while that *streams* come."""
    gate.streams.extend(streams)
    end = gate.clock.seconds() + seconds
    while gate.clock.seconds() < end:
        intake.fall_behind()
        turn(gate)
        gate.clock.rightNow += 1e-5
    gate.streams.clear()
    catch_up(gate, intake)


def catch_up(gate: Gate, intake: Intake) -> None:
    """Take turns until the line is empty."""
    intake.fall_behind()
    while intake.behind:
        turn(gate)


def share(values: list[float], part: float) -> float:
    """The value that *part* of *values*, 0 to 1, do not pass."""
    return sorted(values)[int(len(values) * part)]


def test_goodput_stays_at_three_times_the_capacity(gate: Gate, intake: Intake) -> None:
    """A6: goodput >= 90 % of the capacity, and those who are answered wait <= 500 ms."""
    phones = [Stream("r", f"192.0.2.{host}", 3 * CAPACITY / 20) for host in range(20)]
    run(gate, intake, *phones)
    assert gate.served["r"] >= 0.9 * CAPACITY * SECONDS
    assert share(gate.waits["r"], 0.99) <= LONGEST_WAIT + 0.05
    assert not gate.lost
    assert intake.losses.refused == gate.refused["r"] > 0
    assert intake.losses.dropped > intake.losses.refused


@pytest.mark.parametrize(("hosts", "most"), [(1, 0.8), (20, 0.25), (20, 0.8)])
def test_vital_ones_are_all_served(gate: Gate, intake: Intake, hosts: int, most: float) -> None:
    """A6: ACK, BYE, CANCEL, responses and their like: not one of them is lost, or late."""
    phones = [Stream("r", f"192.0.2.{host}", 3 * CAPACITY / hosts) for host in range(hosts)]
    dialogs = [Stream("V", f"192.0.2.{host}", most * CAPACITY / hosts) for host in range(hosts)]
    run(gate, intake, *phones, *dialogs)
    sent = sum(stream.sent for stream in dialogs)
    assert gate.served["V"] >= 0.999 * sent
    assert share(gate.waits["V"], 0.99) <= 0.02
    assert intake.losses.vital == 0
    assert gate.served["r"] >= (0.9 - most) * CAPACITY * SECONDS


@pytest.mark.parametrize(("what", "times"), [("r", 10), ("V", 10), ("r", 30)])
def test_flood_of_one_source_is_its_own_trouble(
    gate: Gate, intake: Intake, what: str, times: int
) -> None:
    """A6: from one address, up to what a gigabit holds: of all others >= 99.9 % are answered."""
    flood = Stream(what, "203.0.113.1", times * CAPACITY)
    phones = [Stream("p", f"192.0.2.{host}", CAPACITY / 8 / 20) for host in range(20)]
    run(gate, intake, flood, *phones)
    sent = sum(stream.sent for stream in phones)
    assert gate.served["p"] >= 0.999 * sent
    assert gate.lost["p"] == 0
    assert share(gate.waits["p"], 0.99) <= LONGEST_WAIT


@pytest.mark.parametrize(
    ("host", "named"),
    [("203.0.113.1", "203.0.113.1"), ("2001:db8:1:2::3", "2001:0db8:0001:0002::/64")],
)
def test_source_beyond_all_measure_is_barred(
    gate: Gate, intake: Intake, logged: list[str], host: str, named: str
) -> None:
    """A6: at line rate even to read it is too much; others find room once it is not heard."""
    flood = Stream("f", host, 60 * CAPACITY)
    phones = [Stream("p", f"192.0.2.{host}", CAPACITY / 8 / 20) for host in range(20)]
    run(gate, intake, flood, *phones)
    lost = gate.lost["p"]
    run(gate, intake, flood, *phones)
    assert gate.lost["p"] == lost
    assert len(gate.barred) == 1
    said = f"{named} sent more than {FLOOD} datagrams in a second: it is not heard for"
    assert [line for line in logged if line.startswith(said)]
    assert "floods: a source was barred 1 times" in intake.seen()
    gate.clock.advance(BARRED_SECONDS)
    assert not gate.barred


def test_only_source_is_not_barred(gate: Gate, intake: Intake) -> None:
    """A6: a proxy before us may be all there is."""
    run(gate, intake, Stream("f", "203.0.113.1", 60 * CAPACITY), seconds=1)
    assert gate.served["f"] > 0.1 * CAPACITY
    assert not gate.barred


def test_many_addresses_of_one_ipv6_network_are_one_source(gate: Gate, intake: Intake) -> None:
    """A6: else whoever has a /64 has the turns of thousands."""
    flood = [Stream("f", f"2001:db8::{host:x}", 3 * CAPACITY / 40) for host in range(40)]
    phone = Stream("p", "2001:db8:1::1", CAPACITY / 4)
    run(gate, intake, *flood, phone)
    assert gate.served["p"] >= 0.999 * phone.sent


def test_is_back_at_once(gate: Gate, intake: Intake) -> None:
    """A6: base p99 again <= 5 s after; here it is as soon as the line is served."""
    run(gate, intake, Stream("r", "192.0.2.1", 3 * CAPACITY), seconds=1)
    assert gate.clock.seconds() < 1 + 2 * LONGEST_WAIT
    gate.put("late")
    catch_up(gate, intake)
    assert gate.order[-1] == "late"


def test_burst_is_served_whole(gate: Gate, intake: Intake) -> None:
    """A6: to be behind for a moment is no overload; all is served, in order."""
    gate.put(*[str(number) for number in range(400)])
    catch_up(gate, intake)
    assert gate.order == [str(number) for number in range(400)]
    assert str(intake.losses) == "0 refused, 0 dropped, of these 0 vital"


def test_burst_after_an_overload_is_served_whole_as_well(gate: Gate, intake: Intake) -> None:
    """A6: as slow as it was then it need not be now."""
    gate.on_serve = lambda _: stop(gate, 0.05)
    gate.put(*["r"] * 400)
    catch_up(gate, intake)
    gate.on_serve = lambda _: None
    gate.put(*["burst"] * 400)
    catch_up(gate, intake)
    assert gate.served["burst"] == 400


def test_standstill_is_no_overload(gate: Gate, intake: Intake) -> None:
    """A6: what has waited for a disk or for garbage, and is few, is served, late as it is."""
    gate.put(*["r"] * 200)
    gate.on_serve = lambda _: stop(gate) if gate.served["r"] == 3 else None
    catch_up(gate, intake)
    assert gate.served["r"] == 200


def stop(gate: Gate, seconds: float = 1) -> None:
    """Everything stands still for so long."""
    gate.clock.rightNow += seconds


def test_vital_ones_overtake(gate: Gate, intake: Intake) -> None:
    """A6: what has begun goes before what is new."""
    gate.put(*["r"] * 30, "V")
    catch_up(gate, intake)
    assert gate.order[0] == "V"


def test_turn_is_short(gate: Gate, intake: Intake) -> None:
    """Timers and connections have their turn in between: 64 messages are a turn."""
    gate.put(*["r"] * 100)
    intake.fall_behind()
    turn(gate)
    assert len(gate.order) == 64
    assert intake.behind


def test_socket_is_read_while_it_is_served(gate: Gate, intake: Intake) -> None:
    """A6: what the kernel has no room for is lost blindly, the vital with the rest."""
    gate.put(*["r"] * 64)
    gate.on_serve = lambda _: gate.put("V")
    intake.fall_behind()
    turn(gate)
    assert "V" in gate.order[:17]


def test_keep_alives_do_not_wait(gate: Gate, intake: Intake) -> None:
    """They have no answer; a message may follow line ends, though."""
    gate._buffer.extend(
        (octets, ("192.0.2.1", 5060)) for octets in (b"\r\n\r\n", b"\0", b"\r\nr 0")
    )
    catch_up(gate, intake)
    assert len(gate.order) == 1


def test_what_comes_by_a_door_that_is_shut_is_forgotten(gate: Gate, intake: Intake) -> None:
    """D6: the server ends; nothing is read from a socket that is closed."""
    gate.put(*["r"] * 100)
    intake.fall_behind()
    turn(gate)
    intake.close(gate)
    catch_up(gate, intake)
    assert len(gate.order) == 64
    assert len(intake) == 0


def test_nothing_is_left_of_an_overload_when_the_server_ends(gate: Gate, intake: Intake) -> None:
    """D6: no timer either."""
    gate.put(*["r"] * 400)
    gate.streams.append(Stream("r", "192.0.2.1", 10 * CAPACITY))
    intake.fall_behind()
    while not intake.losses.dropped:
        turn(gate)
    intake.close(gate)
    assert gate.clock.getDelayedCalls() == []
    assert not intake.behind


def test_places_are_what_can_be_served_in_time(gate: Gate, intake: Intake) -> None:
    """A6: to wait and then be dropped helps nobody."""
    run(gate, intake, Stream("r", "192.0.2.1", 3 * CAPACITY))
    assert intake.longest <= MOST_WAITING
    assert intake.longest <= 1.2 * CAPACITY * LONGEST_WAIT


def test_log_says_when_it_begins_and_what_it_cost(
    gate: Gate, intake: Intake, logged: list[str]
) -> None:
    """A6: one line at its begin and one at its end, however long it was."""
    run(gate, intake, Stream("r", "192.0.2.1", 3 * CAPACITY))
    assert len(logged) == 1
    assert logged[0].startswith("overload: more comes in than can be served")
    gate.clock.advance(QUIET_SECONDS + 1)
    gate.clock.advance(QUIET_SECONDS + 1)
    assert logged[1:] == [f"the overload is over: {intake.losses}"]
    before = intake.losses.refused + intake.losses.dropped
    run(gate, intake, Stream("s", "192.0.2.1", 3 * CAPACITY), seconds=1)
    assert len(logged) == 3
    assert intake.losses.refused + intake.losses.dropped > before

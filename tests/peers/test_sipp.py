"""
Debian's sipp as caller and as phone, through a server on real sockets.

Each scenario checks what its side of the story gets to see.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.peers.processes import Processes, program
from tests.peers.push import PushService, call_for, lasting
from tests.peers.server import Configuration, StartServer
from tests.peers.sipp import Run, Sipp, Tally
from tests.peers.twin import twin

pytestmark = pytest.mark.peer

SLEEPER = {
    "user": "alice",
    "instance": "<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>",
    "prid": "token-a",
}
CALL_FOR_THE_SLEEPER = call_for("alice", "acme", "app", "token-a")
SAME_CALL = ("-cid_str", "%u.call@sipp.test")  # for a woken phone: it knows calls by Call-ID


@pytest.fixture
def sipp(processes: Processes, start_server: StartServer, tmp_path: Path) -> Sipp:
    """Sipp, with a server that asks for no passwords."""
    found = program("sipp", package="sip-tester")
    return Sipp(found, processes, tmp_path, start_server(Configuration()).address)


def succeed(run: Run, calls: int = 1) -> Tally:
    """See that all *calls* of *run* went as its scenario says."""
    tally = run.finish()
    assert (tally.successful, tally.failed) == (calls, 0), run.story()
    return tally


def fall_asleep(sipp: Sipp) -> None:
    """Register the sleeper, who then listens no more."""
    succeed(sipp.start("register_sleeper", keys=SLEEPER))


def test_twenty_calls_go_through(sipp: Sipp, pushes: PushService) -> None:
    """RFC 3261 16: INVITE to BYE along the Record-Route, twenty times in a second."""
    registration = sipp.start("register", keys=SLEEPER)
    succeed(registration)
    phone = sipp.start("phone", "-m", "20", port=registration.port)
    phone.wait_until_it_listens()
    caller = sipp.start("caller", "-s", "alice", "-m", "20", "-r", "20")
    assert succeed(caller, 20).retransmissions <= 5
    assert succeed(phone, 20).retransmissions <= 5
    assert pushes.all_taken


def test_call_wakes_a_phone(sipp: Sipp, pushes: PushService) -> None:
    """RFC 8599 5.6.2: push, REGISTER of the same instance, INVITE, talk, BYE."""
    fall_asleep(sipp)
    caller = sipp.start("caller", "-s", "alice", *SAME_CALL)
    push = pushes.next()
    assert lasting(push) == CALL_FOR_THE_SLEEPER
    assert push["call_id"] == "1.call@sipp.test"
    phone = sipp.start("phone_woken", *SAME_CALL, keys=SLEEPER)
    succeed(caller)
    succeed(phone)
    assert pushes.all_taken


def test_caller_hangs_up_while_the_phone_sleeps(sipp: Sipp, pushes: PushService) -> None:
    """
    RFC 3261 9.2: CANCEL during the wait is answered, and the INVITE ends with 487.

    S-12: another push takes back what the first one announced.
    """
    fall_asleep(sipp)
    with twin() as between:
        caller = sipp.start("caller_hangs_up", "-s", "alice", twin=between)
        with between.waiting():
            assert lasting(pushes.next()) == CALL_FOR_THE_SLEEPER
        succeed(caller)
    over = 'SIP;cause=487;text="Request terminated"'
    recall = {**CALL_FOR_THE_SLEEPER, "kind": "cancel", "reason": over}
    assert lasting(pushes.next()) == recall
    assert pushes.all_taken


def test_dead_token_ends_the_wait_at_once(sipp: Sipp, pushes: PushService) -> None:
    """P-045, N-05: the push service disowns the token: 480 well before the 20 s, then no push."""
    fall_asleep(sipp)
    pushes.status = 410
    for _ in range(2):
        succeed(sipp.start("caller_refused", "-s", "alice", "-recv_timeout", "10s"))
    assert lasting(pushes.next()) == CALL_FOR_THE_SLEEPER
    assert pushes.all_taken

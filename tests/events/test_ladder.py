"""The ladder is what a reader of the demo sees: every column counts."""

from __future__ import annotations

import pytest

from sippn.events import (
    BindingRegistered,
    Event,
    Ladder,
    MessageReceived,
    MessageRefused,
    MessageSent,
    PushAnswered,
    PushRequested,
    RefreshRequested,
    RegistrationRefused,
    RequestAnswered,
    RequestParked,
    WakeEnded,
    WakeRefused,
    WakeReleased,
)

BOB, ALICE = "127.0.0.1:5062", "127.0.0.1:5064"
AOR = "sip:alice@example.com"

WOKEN_CALL = """\
               bob                     sippn                    alice                push service
    0.000       |--INVITE--------------->|                        |                        |
    0.001       |<--100 Trying (INVITE)--|                        |                        |
    0.001  sippn: alice sleeps; INVITE parked for up to 20 s
    0.001       |                        |--push (call)----------------------------------->|
    0.013       |                        |<--accepted (12 ms)------------------------------|
    0.300       |                        |<--REGISTER-------------|                        |
    0.310       |                        |--200 OK (REGISTER)---->|                        |
    0.310  sippn: alice is back after 0.309 s; the request goes out
    0.311       |                        |--INVITE--------------->|                        |
"""


@pytest.fixture
def ladder() -> Ladder:
    return Ladder({BOB: "bob", ALICE: "alice"})


def received(at: float, peer: str, summary: str) -> Event:
    """A message that came in."""
    return MessageReceived(at, peer, "UDP", summary, "call-1")


def sent(at: float, peer: str, summary: str) -> Event:
    """A message that went out."""
    return MessageSent(at, peer, "UDP", summary, "call-1")


def test_woken_call_is_drawn_as_rfc_8599_draws_it(ladder: Ladder) -> None:
    """Issue 2, 11: a message ladder made of events; caller, server, phone and PNS."""
    events = [
        received(100.0, BOB, "INVITE"),
        sent(100.001, BOB, "100 Trying (INVITE)"),
        RequestParked(100.001, "call-1", "INVITE", AOR, "b1", 20.0),
        PushRequested(100.001, "j1", "call", "acme", AOR, "call-1"),
        PushAnswered(100.013, "j1", "acme", AOR, "call-1", "ACCEPTED", "", 0.012),
        received(100.3, ALICE, "REGISTER"),
        sent(100.31, ALICE, "200 OK (REGISTER)"),
        WakeReleased(100.31, "call-1", AOR, "b1", 0.309),
        sent(100.311, ALICE, "INVITE"),
    ]
    drawn = [ladder.heading(), *(ladder.line(event) or "" for event in events)]
    assert drawn == WOKEN_CALL.splitlines()


def test_lifelines_stand_under_their_names(ladder: Ladder) -> None:
    """Each name is centred above its lifeline, so the eye finds it again."""
    heading, row = ladder.heading(), ladder.arrow(0, "bob", "sippn", "INVITE")
    for name in ("bob", "sippn", "alice"):
        assert row[heading.index(name) + len(name) // 2] in "|>"


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (WakeEnded(0, "c", AOR, "b1", "silent for 20 s"), "the wait for alice is over: silent"),
        (WakeRefused(0, "c", AOR, "5 parked for her"), "no wait for alice: 5 parked for her"),
        (RegistrationRefused(0, AOR, 555, "Push"), "registration of alice refused: 555 Push"),
        (RefreshRequested(0, AOR, "b1", 2), "the registration of alice ends soon; push 2 for it"),
        (MessageRefused(0, BOB, "UDP", "no Via"), f"octets from {BOB} are no message: no Via"),
    ],
)
def test_what_went_wrong_is_said_in_words(ladder: Ladder, event: Event, words: str) -> None:
    """Who watches needs no glossary to see why no phone rang."""
    assert f"    0.000  sippn: {words}" in (ladder.line(event) or "")


def test_what_is_no_message_has_no_line(ladder: Ladder) -> None:
    """A REGISTER and its 200 are in the ladder already; the binding adds nothing."""
    assert ladder.line(BindingRegistered(0, AOR, "b1", sleeps=True)) is None
    assert ladder.line(RequestAnswered(0, "c", "INVITE", 200, "OK")) is None


def test_stranger_is_told_in_words(ladder: Ladder) -> None:
    """A peer without a column still shows, with its address."""
    line = ladder.line(received(0, "192.0.2.9:5060", "OPTIONS"))
    assert line == "    0.000  sippn: OPTIONS from 192.0.2.9:5060"


def test_address_may_join_a_name() -> None:
    """A phone comes back on another port and is still the same phone."""
    participants = {BOB: "bob", ALICE: "alice"}
    ladder = Ladder(participants)
    participants["127.0.0.1:5099"] = "alice"
    assert "<--REGISTER" in (ladder.line(received(0, "127.0.0.1:5099", "REGISTER")) or "")
    participants["127.0.0.1:6000"] = "carol"
    assert "from 127.0.0.1:6000" in (ladder.line(received(0, "127.0.0.1:6000", "REGISTER")) or "")


@pytest.mark.parametrize("names", [1, 2, 3, 6])
def test_no_line_is_wider_than_a_terminal(names: int) -> None:
    """100 columns, whatever the peer wrote and however many take part."""
    ladder = Ladder({f"127.0.0.1:{i}": f"a-very-long-name-for-a-phone-{i}" for i in range(names)})
    lines = [
        ladder.heading(),
        ladder.line(received(0, "127.0.0.1:0", "X" * 300)),
        ladder.line(received(0, "192.0.2.1:1", "X" * 300)),
        ladder.line(WakeEnded(0, "c", AOR, "b1", "why " * 100)),
    ]
    assert [len(line or "") <= 100 for line in lines] == [True] * 4


def test_too_many_columns_are_refused() -> None:
    """Rather no ladder than one that nobody can read."""
    with pytest.raises(ValueError, match="9 columns"):
        Ladder({f"127.0.0.1:{i}": f"phone-{i}" for i in range(7)})


def test_terminal_gets_no_control_octets_of_a_peer(ladder: Ladder) -> None:
    """A reason phrase that carries an escape sequence must not steer the reader's terminal."""
    for peer in (ALICE, "192.0.2.1:1"):
        line = ladder.line(received(0, peer, "200 \x1b[2J\x07 (INVITE)")) or ""
        assert line.isprintable()


def test_times_count_from_where_the_listener_says() -> None:
    """The demo counts from the call, not from the first REGISTER of the process."""
    ladder = Ladder({BOB: "bob", ALICE: "alice"}, start=50.0)
    assert ladder.words(51.25, "bob calls") == "    1.250  bob calls"

"""An INVITE that is sent: RFC 3261 section 17.1.1 and RFC 6026, seen from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sippn.errors import RequestTimeout, TransportError
from sippn.sip import Headers, Request
from sippn.transaction import State

if TYPE_CHECKING:
    from tests.transaction.conftest import World


def test_timer_a_doubles_until_timer_b(world: World) -> None:
    """17.1.1.2: seven requests in 32 s, each interval twice the last, and no cap at T2."""
    world.sends(world.request())
    assert world.times_of_sending(60) == [0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert world.tu.heard == [RequestTimeout]
    assert len(set(world.flow.sent)) == 1


def test_timer_b_ends_it_after_32_seconds(world: World) -> None:
    """17.1.1.2: the TU is informed, once, and no ACK is made."""
    transaction = world.sends(world.request())
    world.pass_time(31.875)
    assert world.tu.heard == []
    world.pass_time(0.125)
    assert world.tu.heard == [RequestTimeout]
    assert transaction.terminated
    assert set(world.flow.said) == {"INVITE"}
    assert len(world.layer) == 0
    assert world.clock.getDelayedCalls() == []


@pytest.mark.parametrize("status", [100, 180, 183])
def test_provisional_ends_retransmissions_and_timer_b(world: World, status: int) -> None:
    """17.1.1.2: Proceeding lasts until a final response; timer C is the proxy's."""
    invite = world.request()
    transaction = world.sends(invite)
    world.pass_time(1)
    sent = len(world.flow.sent)
    assert world.answers(invite, status)
    world.pass_time(3600, step=8)
    assert transaction.state is State.PROCEEDING
    assert len(world.flow.sent) == sent
    assert world.answers(invite, 180)
    assert world.tu.heard == [status, 180]


@pytest.mark.parametrize("rings", [False, True])
@pytest.mark.parametrize("status", [300, 404, 486, 503, 603])
def test_other_finals_are_acknowledged(world: World, rings: bool, status: int) -> None:
    """17.1.1.2: by the transaction, on the same flow, and reported once."""
    invite = world.request()
    world.sends(invite)
    if rings:
        world.answers(invite, 180)
    world.answers(invite, status)
    assert world.flow.said == ["INVITE", "ACK"]
    assert world.tu.heard[-1] == status
    world.pass_time(10)
    assert world.flow.said == ["INVITE", "ACK"]


def test_repeated_final_is_acknowledged_again_until_timer_d(world: World) -> None:
    """17.1.1.2: the same octets each time, nothing to the TU, for 32 s."""
    invite = world.request()
    transaction = world.sends(invite)
    world.answers(invite, 486)
    for _ in range(3):
        world.pass_time(8)
        world.answers(invite, 486)
        world.answers(invite, 180)
        world.answers(invite, 200)
    assert world.flow.said == ["INVITE", "ACK", "ACK", "ACK", "ACK"]
    assert len(set(world.flow.sent[1:])) == 1
    assert world.tu.heard == [486]
    world.pass_time(7.875)
    assert not transaction.terminated
    world.pass_time(0.125)
    assert transaction.terminated
    assert not world.answers(invite, 486)


def test_ack_is_built_from_invite_and_response(world: World) -> None:
    """17.1.1.3: Request-URI, Call-ID, From, Route, top Via, CSeq number; To of the response."""
    invite = Request(
        "INVITE",
        "sip:bob@192.0.2.9;x=1",
        Headers(
            [
                ("v", "SIP/2.0/UDP sippn.example:5060;branch=z9hG4bK-top, SIP/2.0/UDP other"),
                ("Via", "SIP/2.0/UDP third;branch=z9hG4bK-3"),
                ("Route", "<sip:one.example;lr>, <sip:two.example;lr>"),
                ("Route", "<sip:three.example;lr>"),
                ("f", '"Alice, A." <sip:alice@example.com>;tag=a'),
                ("To", "<sip:bob@example.com>"),
                ("Call-ID", "call-1"),
                ("CSeq", "986759 INVITE"),
                ("Max-Forwards", "12"),
                ("Require", "100rel"),
                ("Contact", "<sip:alice@192.0.2.1>"),
                ("Content-Type", "application/sdp"),
            ]
        ),
        b"v=0\r\n",
    )
    world.sends(invite)
    world.answers(invite, 486, to_tag="far")
    ack = world.flow.last()
    assert isinstance(ack, Request)
    assert (ack.method, ack.uri, ack.body) == ("ACK", "sip:bob@192.0.2.9;x=1", b"")
    assert list(ack.headers) == [
        ("Via", "SIP/2.0/UDP sippn.example:5060;branch=z9hG4bK-top"),
        ("Max-Forwards", "70"),
        ("Route", "<sip:one.example;lr>, <sip:two.example;lr>"),
        ("Route", "<sip:three.example;lr>"),
        ("From", '"Alice, A." <sip:alice@example.com>;tag=a'),
        ("To", "<sip:bob@example.com>;tag=far"),
        ("Call-ID", "call-1"),
        ("CSeq", "986759 ACK"),
        ("Content-Length", "0"),
    ]


@pytest.mark.parametrize("rings", [False, True])
def test_2xx_is_passed_on_without_ack(world: World, rings: bool) -> None:
    """RFC 6026 8.4: its ACK is the UAC core's; retransmissions of the INVITE end."""
    invite = world.request()
    transaction = world.sends(invite)
    if rings:
        world.answers(invite, 180)
    world.answers(invite, 200)
    world.pass_time(20)
    assert world.flow.said == ["INVITE"]
    assert world.tu.heard[-1] == 200
    assert transaction.state is State.ACCEPTED


def test_every_2xx_is_passed_on_until_timer_m(world: World) -> None:
    """RFC 6026 7.2: repetitions, and those of other branches downstream; nothing else."""
    invite = world.request()
    transaction = world.sends(invite)
    world.answers(invite, 200, to_tag="one")
    world.pass_time(16)
    assert world.answers(invite, 200, to_tag="two")
    assert world.answers(invite, 180, to_tag="three")
    assert world.answers(invite, 486, to_tag="three")
    assert world.tu.heard == [200, 200]
    world.pass_time(15.875)
    assert world.answers(invite, 200, to_tag="one")
    world.pass_time(0.125)
    assert transaction.terminated
    assert not world.answers(invite, 200, to_tag="one")
    assert world.tu.heard == [200, 200, 200]
    assert world.clock.getDelayedCalls() == []


def test_reliable_flow_is_not_repeated_on(world: World) -> None:
    """17.1.1.2: no timer A, but timer B."""
    world.flow_of(reliable=True)
    world.sends(world.request())
    assert world.times_of_sending(31.875) == []
    world.pass_time(0.125)
    assert world.tu.heard == [RequestTimeout]


def test_reliable_flow_does_not_linger(world: World) -> None:
    """17.1.1.2: timer D is zero; the ACK is sent all the same, and the TU told."""
    world.flow_of(reliable=True)
    invite = world.request()
    transaction = world.sends(invite)
    world.answers(invite, 486)
    assert transaction.terminated
    assert world.flow.said == ["INVITE", "ACK"]
    assert world.tu.heard == [486]
    assert len(world.layer) == 0


def test_reliable_flow_still_waits_for_more_2xx(world: World) -> None:
    """RFC 6026 8.4: timer M is 64*T1 on every transport."""
    world.flow_of(reliable=True)
    invite = world.request()
    world.sends(invite)
    world.answers(invite, 200)
    world.pass_time(31)
    assert world.answers(invite, 200)
    assert world.tu.heard == [200, 200]


def test_first_transport_error_is_told_in_a_later_turn(world: World) -> None:
    """17.1.4: the TU has its transaction by then, and the others it is about to begin."""
    world.flow.broken = True
    transaction = world.sends(world.request())
    assert world.tu.heard == []
    world.clock.advance(0)
    assert world.tu.heard == [TransportError]
    assert transaction.terminated
    world.pass_time(64, step=1)
    assert world.tu.heard == [TransportError]
    assert world.clock.getDelayedCalls() == []


def test_later_transport_error_ends_it(world: World) -> None:
    """17.1.4: a retransmission that cannot be sent, too."""
    transaction = world.sends(world.request())
    world.flow.broken = True
    world.pass_time(0.5)
    assert world.tu.heard == [TransportError]
    assert transaction.terminated
    assert len(world.layer) == 0


def test_lost_ack_is_not_the_tus_business(world: World) -> None:
    """It has its final response, and hears no second end."""
    invite = world.request()
    transaction = world.sends(invite)
    world.flow.broken = True
    world.answers(invite, 486)
    assert world.tu.heard == [486]
    assert transaction.terminated
    world.pass_time(40, step=1)
    assert world.tu.heard == [486]


def test_tu_that_raises_leaves_nothing_behind(world: World) -> None:
    """The transaction ends in its time, whatever the TU did with the response."""

    def break_down() -> None:
        raise ZeroDivisionError

    world.tu.then = break_down
    invite = world.request()
    world.sends(invite)
    with pytest.raises(ZeroDivisionError):
        world.answers(invite, 486)
    assert world.flow.said == ["INVITE", "ACK"]
    world.pass_time(32, step=1)
    assert len(world.layer) == 0

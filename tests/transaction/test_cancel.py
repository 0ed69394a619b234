"""CANCEL: RFC 3261 sections 9.1 and 9.2."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sippn.errors import RequestTimeout, TransportError
from sippn.sip import Headers, Request
from sippn.transaction import State

if TYPE_CHECKING:
    from tests.transaction.conftest import World


def test_after_a_provisional_it_leaves_at_once(world: World) -> None:
    """9.1: in a transaction of its own."""
    invite = world.request()
    transaction = world.sends(invite)
    world.answers(invite, 180)
    transaction.cancel()
    assert world.flow.said == ["INVITE", "CANCEL"]
    assert world.layer.client_count == 2


def test_before_a_provisional_it_is_held(world: World) -> None:
    """9.1: it could overtake its INVITE; a 1xx says that it will not."""
    invite = world.request()
    transaction = world.sends(invite)
    transaction.cancel()
    assert world.flow.said == ["INVITE"]
    world.answers(invite, 100)
    assert world.flow.said == ["INVITE", "CANCEL"]
    world.answers(invite, 180)
    assert world.flow.said == ["INVITE", "CANCEL"]
    assert world.tu.heard == [100, 180]


def test_held_cancel_ends_retransmissions(world: World) -> None:
    """S-05: a phone that has not seen the INVITE must not ring for who has hung up."""
    transaction = world.sends(world.request())
    world.pass_time(1)
    transaction.cancel()
    assert world.times_of_sending(40) == []
    assert world.tu.heard == [RequestTimeout]


@pytest.mark.parametrize("status", [200, 486])
def test_held_cancel_is_dropped_by_a_final(world: World, status: int) -> None:
    """9.1: it would change nothing any more."""
    invite = world.request()
    transaction = world.sends(invite)
    transaction.cancel()
    world.answers(invite, status)
    world.pass_time(40)
    assert "CANCEL" not in world.flow.said
    assert world.tu.heard == [status]


@pytest.mark.parametrize("status", [200, 486])
def test_after_a_final_it_does_nothing(world: World, status: int) -> None:
    """9.1, in Accepted, Completed and Terminated."""
    invite = world.request()
    transaction = world.sends(invite)
    world.answers(invite, status)
    transaction.cancel()
    world.pass_time(40)
    transaction.cancel()
    assert "CANCEL" not in world.flow.said


def test_it_is_sent_once(world: World) -> None:
    """However often the TU says so."""
    invite = world.request()
    transaction = world.sends(invite)
    transaction.cancel("first")
    transaction.cancel("second")
    world.answers(invite, 100)
    transaction.cancel("third")
    assert world.flow.said == ["INVITE", "CANCEL"]
    assert world.flow.last().headers.get("Reason") == "first"


def test_it_is_built_from_its_invite(world: World) -> None:
    """9.1: same URI, Call-ID, To, From, number, Route and top Via; no Require."""
    invite = Request(
        "INVITE",
        "sip:bob@192.0.2.9;x=1",
        Headers(
            [
                ("Via", "SIP/2.0/UDP sippn.example;branch=z9hG4bK-top"),
                ("Via", "SIP/2.0/UDP other;branch=z9hG4bK-2"),
                ("Route", "<sip:one.example;lr>"),
                ("Route", "<sip:two.example;lr>"),
                ("From", "<sip:alice@example.com>;tag=a"),
                ("To", "<sip:bob@example.com>;tag=indialog"),
                ("Call-ID", "call-1"),
                ("CSeq", "8 INVITE"),
                ("Max-Forwards", "12"),
                ("Require", "100rel"),
                ("Proxy-Require", "foo"),
            ]
        ),
        b"sdp",
    )
    transaction = world.sends(invite)
    world.answers(invite, 180)
    transaction.cancel('SIP;cause=200;text="Call completed elsewhere"')
    cancel = world.flow.last()
    assert isinstance(cancel, Request)
    assert (cancel.method, cancel.uri, cancel.body) == ("CANCEL", "sip:bob@192.0.2.9;x=1", b"")
    assert list(cancel.headers) == [
        ("Via", "SIP/2.0/UDP sippn.example;branch=z9hG4bK-top"),
        ("Max-Forwards", "70"),
        ("Route", "<sip:one.example;lr>"),
        ("Route", "<sip:two.example;lr>"),
        ("From", "<sip:alice@example.com>;tag=a"),
        ("To", "<sip:bob@example.com>;tag=indialog"),
        ("Call-ID", "call-1"),
        ("CSeq", "8 CANCEL"),
        ("Reason", 'SIP;cause=200;text="Call completed elsewhere"'),
        ("Content-Length", "0"),
    ]


def test_reason_that_breaks_out_is_refused_at_once(world: World) -> None:
    """Not when the 1xx comes: by then nobody is there to hear of it."""
    transaction = world.sends(world.request())
    with pytest.raises(ValueError, match="header"):
        transaction.cancel("SIP\r\nX: y")


def test_it_is_repeated_until_answered(world: World) -> None:
    """9.1: a client transaction like any other; its answer is nobody's business."""
    invite = world.request()
    transaction = world.sends(invite)
    world.answers(invite, 180)
    transaction.cancel()
    assert world.times_of_sending(2) == [0.5, 1.5]
    cancel = world.flow.last()
    assert isinstance(cancel, Request)
    assert world.answers(cancel, 200)
    assert world.times_of_sending(10) == []
    assert world.tu.heard == [180]
    world.answers(invite, 487)
    assert world.tu.heard == [180, 487]
    assert world.flow.said[-1] == "ACK"


def test_2xx_that_raced_is_passed_on(world: World) -> None:
    """RFC 3261 16.10: it was too late."""
    invite = world.request()
    transaction = world.sends(invite)
    world.answers(invite, 180)
    transaction.cancel()
    world.answers(invite, 200)
    world.pass_time(40)
    assert world.tu.heard == [180, 200]
    assert len(world.layer) == 0


def test_cancelled_invite_is_given_up_after_64_t1(world: World) -> None:
    """9.1: a UAS of RFC 2543 answers the CANCEL and never the INVITE."""
    invite = world.request()
    transaction = world.sends(invite)
    world.answers(invite, 180)
    world.pass_time(60, step=4)
    transaction.cancel()
    world.answers(transaction_cancel(world), 200)
    world.pass_time(31.875)
    assert world.tu.heard == [180]
    world.pass_time(0.125)
    assert world.tu.heard == [180, RequestTimeout]
    assert len(world.layer) == 0


def transaction_cancel(world: World) -> Request:
    """The CANCEL that was just sent."""
    cancel = world.flow.last()
    assert isinstance(cancel, Request)
    return cancel


def test_provisional_after_it_does_not_put_that_off(world: World) -> None:
    """A UAS that keeps on ringing cannot keep the transaction."""
    invite = world.request()
    transaction = world.sends(invite)
    world.answers(invite, 180)
    transaction.cancel()
    for _ in range(8):
        world.pass_time(4)
        world.answers(invite, 180)
    assert transaction.terminated
    assert world.tu.heard[-1] is RequestTimeout


def test_cancel_that_cannot_be_sent_is_given_up_alike(world: World) -> None:
    """Its own transaction dies unheard; the INVITE may still be answered."""
    invite = world.request()
    transaction = world.sends(invite)
    world.answers(invite, 180)
    world.flow.broken = True
    transaction.cancel()
    world.clock.advance(0)
    assert world.tu.heard == [180]
    assert world.layer.client_count == 1
    world.answers(invite, 200)
    assert world.tu.heard == [180, 200]


def test_cancel_of_what_failed_to_leave_does_not_hide_that(world: World) -> None:
    """The transport error is told all the same."""
    world.flow.broken = True
    transaction = world.sends(world.request())
    transaction.cancel()
    world.clock.advance(0)
    assert world.tu.heard == [TransportError]


def test_tu_may_cancel_while_it_is_told(world: World) -> None:
    """The state is entered first, so a 1xx may be answered with a CANCEL."""
    invite = world.request()
    transaction = world.sends(invite)
    world.tu.then = transaction.cancel
    world.answers(invite, 180)
    world.answers(invite, 180)
    assert world.flow.said == ["INVITE", "CANCEL"]


def test_other_requests_are_not_cancelled(world: World) -> None:
    """9.1: it would always be a race."""
    message = world.request("MESSAGE")
    transaction = world.sends(message)
    world.answers(message, 100)
    transaction.cancel()
    assert world.flow.said == ["MESSAGE"]
    assert transaction.state is State.PROCEEDING


def cancel_of(invite: Request, **changes: str) -> Request:
    """The CANCEL that a client would send for *invite*."""
    headers = invite.headers.copy()
    headers.set("CSeq", f"{invite.cseq.number} CANCEL")
    for name, value in changes.items():
        headers.set(name, value)
    return Request("CANCEL", invite.uri, headers)


def test_invite_is_found_by_its_cancel(world: World) -> None:
    """9.2: branch and sent-by; the CANCEL is a server transaction of its own."""
    invite = world.request()
    transaction = world.takes(invite)
    world.takes(world.request())
    cancel = cancel_of(invite)
    assert world.takes(cancel) is not transaction
    assert world.layer.find_invite(cancel) is transaction
    world.repeats(cancel)


def test_answered_invite_is_found_too(world: World) -> None:
    """9.2: its CANCEL is a 200 that has no effect, not a 481; until it is over."""
    invite = world.request()
    transaction = world.takes(invite)
    world.responds(transaction, 200)
    assert world.layer.find_invite(cancel_of(invite)) is transaction
    assert transaction.answered
    world.pass_time(32)
    assert world.layer.find_invite(cancel_of(invite)) is None


@pytest.mark.parametrize(
    "via",
    [
        "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK-other",
        "SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bK-x",
        "SIP/2.0/UDP 192.0.2.1:5061;branch=z9hG4bK-x",
        "SIP/2.0/UDP 192.0.2.1:5060",
    ],
)
def test_other_cancels_find_nothing(world: World, via: str) -> None:
    """9.2, 17.2.3: nobody cancels a stranger's call by its Call-ID alone."""
    invite = world.request(branch="z9hG4bK-x")
    world.takes(invite)
    assert world.layer.find_invite(cancel_of(invite)) is not None
    assert world.layer.find_invite(cancel_of(invite, Via=via)) is None


def test_cancel_of_another_method_finds_no_invite(world: World) -> None:
    """9.2: it has no effect there."""
    message = world.request("MESSAGE")
    world.takes(message)
    assert world.layer.find_invite(cancel_of(message)) is None


def test_invite_is_found_by_a_cancel_of_rfc_2543(world: World) -> None:
    """9.2, 17.2.3: no magic cookie, so the fields say it."""
    invite = world.request(branch="1")
    transaction = world.takes(invite)
    assert world.layer.find_invite(cancel_of(invite)) is transaction
    assert world.layer.find_invite(cancel_of(invite, CSeq="8 CANCEL")) is None
    assert world.layer.find_invite(cancel_of(invite, From="<sip:a@b>;tag=x")) is None


def test_tu_leaves_word_for_a_cancel(world: World) -> None:
    """Until the final response, after which a CANCEL changes nothing (9.2)."""
    transaction = world.takes(world.request())
    reasons: list[str] = []
    transaction.on_cancel = reasons.append
    world.responds(transaction, 180)
    assert transaction.on_cancel is not None
    transaction.on_cancel("SIP;cause=200")
    assert reasons == ["SIP;cause=200"]
    world.responds(transaction, 487)
    assert transaction.on_cancel is None

"""Tests for :mod:`sippn.transaction.layer`: its bounds, its doors and what it tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sippn.errors import ServiceUnavailable
from sippn.events import Event, MessageSent
from sippn.sip import Headers, Request, response_to
from sippn.transaction import ServerTransaction

if TYPE_CHECKING:
    from tests.transaction.conftest import World


def fill(world: World) -> list[ServerTransaction]:
    """Three requests, and room for no more."""
    world.max_transactions = 3
    world.__attrs_post_init__()
    return [world.takes(world.request("MESSAGE")) for _ in range(3)]


def test_ack_begins_no_transaction(world: World) -> None:
    """RFC 3261 17: neither here nor there; the caller is wrong."""
    with pytest.raises(ValueError, match="ACK"):
        world.layer.receive_request(world.request("ACK"), world.flow)
    with pytest.raises(ValueError, match="ACK"):
        world.sends(world.request("ACK"))
    assert len(world.layer) == 0


def test_answered_ones_are_remembered_in_bounded_number(world: World) -> None:
    """T5: a crowd that registers leaves no more than so many responses, the latest ones."""
    world.max_lingering = 2
    world.__attrs_post_init__()
    requests = [world.request("REGISTER") for _ in range(4)]
    for request in requests:
        world.takes(request).respond(response_to(request, 200))
    assert len(world.layer) == 2
    before = len(world.flow.sent)
    assert world.layer.receive_request(requests[3], world.flow) is None
    assert len(world.flow.sent) == before + 1
    assert world.layer.receive_request(requests[0], world.flow) is not None


def test_branch_in_use_is_refused(world: World) -> None:
    """RFC 3261 8.1.1.7: it is unique, or responses would go astray."""
    request = world.request()
    world.sends(request)
    with pytest.raises(ValueError, match="not unique"):
        world.sends(request)
    assert len(world.layer) == 1


def test_request_that_cannot_be_written_begins_nothing(world: World) -> None:
    """The TU is told at once, and only so."""
    bad = Request("INVITE", "sip:a b", world.request().headers)
    with pytest.raises(ValueError, match="space"):
        world.sends(bad)
    assert len(world.layer) == 0
    assert world.clock.getDelayedCalls() == []


def test_too_many_are_refused(world: World) -> None:
    """A6: before it was tried, with a Retry-After between 5 and 30 s, not all the same."""
    fill(world)
    waits = set()
    for call in range(50):
        with pytest.raises(ServiceUnavailable) as refused:
            world.takes(world.request("MESSAGE", Call_ID=f"call-{call}"))
        [(name, value)] = refused.value.headers
        assert name == "Retry-After"
        waits.add(int(value))
    assert min(waits) >= 5
    assert max(waits) <= 30
    assert len(waits) > 10
    assert world.layer.server_count == 3


def test_repetitions_are_never_refused(world: World) -> None:
    """They cost nothing."""
    for transaction in fill(world):
        world.repeats(transaction.request)


def test_those_that_only_linger_make_room(world: World) -> None:
    """The oldest answered one forgets its repetitions early: better than refusing a call."""
    transactions = fill(world)
    world.responds(transactions[2], 200)
    world.responds(transactions[0], 200)
    world.takes(world.request())
    assert [each.terminated for each in transactions] == [False, False, True]
    world.repeats(transactions[0].request)
    world.takes(world.request())
    assert [each.terminated for each in transactions] == [True, False, True]
    with pytest.raises(ServiceUnavailable):
        world.takes(world.request())


def test_cancel_is_let_in_beyond_the_limit(world: World) -> None:
    """A6: it is never shed, if it has something to end."""
    world.max_transactions = 1
    world.__attrs_post_init__()
    invite = world.request(branch="z9hG4bK-x")
    world.takes(invite)
    world.takes(world.request("CANCEL", branch="z9hG4bK-x"))
    with pytest.raises(ServiceUnavailable):
        world.takes(world.request("CANCEL", branch="z9hG4bK-y"))


def test_sizes_are_told(world: World) -> None:
    """For tests, and for who shows what a server holds."""
    world.sends(world.request())
    world.takes(world.request())
    world.takes(world.request("MESSAGE"))
    assert (world.layer.client_count, world.layer.server_count, len(world.layer)) == (1, 2, 3)


def test_everything_sent_is_published(world: World) -> None:
    """Each time, repetitions too, in the words of the ladder; no body, no URI."""
    news: list[Event] = []
    world.bus.subscribe(news.append)
    invite = world.request()
    world.sends(invite)
    world.pass_time(0.5)
    world.answers(invite, 486)
    world.answers(invite, 486)
    message = world.request("MESSAGE", Call_ID="call-2")
    transaction = world.takes(message)
    world.pass_time(3.5)
    world.responds(transaction, 200)
    world.repeats(message)

    def sent(at: float, summary: str, call_id: str) -> MessageSent:
        return MessageSent(at, "192.0.2.9:5060", "UDP", summary, call_id)

    assert news == [
        sent(0, "INVITE", "call-1"),
        sent(0.5, "INVITE", "call-1"),
        sent(0.5, "ACK", "call-1"),
        sent(0.5, "ACK", "call-1"),
        sent(4, "100 Trying (MESSAGE)", "call-2"),
        sent(4, "200 OK (MESSAGE)", "call-2"),
        sent(4, "200 OK (MESSAGE)", "call-2"),
    ]


def test_what_did_not_leave_is_not_published(world: World) -> None:
    """A ladder shows what others could see."""
    news: list[Event] = []
    world.bus.subscribe(news.append)
    world.flow.broken = True
    world.sends(world.request())
    world.responds(world.takes(world.request()), 100)
    assert news == []


def test_repetition_that_the_reader_would_refuse_is_sent_untold(world: World) -> None:
    """The reader's limits are for strangers; a listener must not break a repetition."""
    request = world.request("MESSAGE")
    transaction = world.takes(request)
    many = Headers([("X-Many", "x" * 60_000) for _ in range(3)])
    transaction.respond(response_to(request, 200, extra=many))
    news: list[Event] = []
    world.bus.subscribe(news.append)
    world.repeats(request)
    assert len(world.flow.sent) == 2
    assert news == []


def test_octets_are_read_again_only_for_a_listener(world: World) -> None:
    """A response is written once, and repeated as octets."""
    request = world.request("MESSAGE")
    transaction = world.takes(request)
    response = response_to(request, 200)
    transaction.respond(response)
    response.headers.set("Subject", "changed meanwhile")
    world.repeats(request)
    assert world.flow.sent[0] == world.flow.sent[1]

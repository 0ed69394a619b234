"""Which transaction a message belongs to: RFC 3261 sections 17.1.3 and 17.2.3."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sippn.sip import Request, response_to

if TYPE_CHECKING:
    from tests.transaction.conftest import World


def changed(request: Request, **fields: str) -> Request:
    """A copy of *request* with some header fields replaced."""
    headers = request.headers.copy()
    for name, value in fields.items():
        headers.set(name.replace("_", "-"), value)
    return Request(request.method, request.uri, headers)


def test_response_is_matched_by_branch_and_method(world: World) -> None:
    """17.1.3: a CANCEL shares the branch, not the transaction."""
    invite = world.request(branch="z9hG4bK-x")
    world.sends(invite)
    assert not world.answers(world.request(branch="z9hG4bK-y"), 200)
    assert not world.answers(changed(invite, CSeq="7 CANCEL"), 200)
    assert world.tu.heard == []
    assert world.answers(invite, 180)
    assert world.tu.heard == [180]


def test_response_without_branch_is_nobodys(world: World) -> None:
    """RFC 6026 7.3: it must not be forwarded."""
    world.sends(world.request())
    assert not world.answers(world.request(branch="", Via="SIP/2.0/UDP 192.0.2.1"), 200)


def test_response_may_come_from_elsewhere(world: World) -> None:
    """17.1.3 asks for branch and method only: some peers answer from another port."""
    invite = world.request()
    world.sends(invite)
    elsewhere = world.flow_of(reliable=False)
    assert world.layer.receive_response(response_to(invite, 180), elsewhere)


def test_request_is_matched_by_branch_sent_by_and_method(world: World) -> None:
    """17.2.3: everything else may differ."""
    request = world.request("MESSAGE", branch="z9hG4bK-x")
    world.takes(request)
    world.repeats(changed(request, Call_ID="other", CSeq="9 MESSAGE", To="<sip:x@y>;tag=1"))
    world.repeats(changed(request, Via="SIP/2.0/UDP 192.0.2.1:5060;rport=9;branch=z9hG4bK-x"))
    for sent_by in ("192.0.2.1", "192.0.2.1:5061", "192.0.2.2:5060"):
        world.takes(changed(request, Via=f"SIP/2.0/UDP {sent_by};branch=z9hG4bK-x"))
    world.takes(changed(request, Via="SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK-X"))
    world.takes(Request("INFO", request.uri, request.headers))
    assert world.layer.server_count == 6


def test_host_of_sent_by_has_no_case(world: World) -> None:
    """RFC 3261 7.3.1: a host name is the same in capitals."""
    request = world.request("MESSAGE", Via="SIP/2.0/UDP Phone.Example;branch=z9hG4bK-x")
    world.takes(request)
    world.repeats(changed(request, Via="SIP/2.0/UDP phone.example;branch=z9hG4bK-x"))


def test_ack_is_matched_to_its_invite(world: World) -> None:
    """17.2.3: by branch and sent-by; the method is INVITE."""
    invite = world.request(branch="z9hG4bK-x")
    world.responds(world.takes(invite), 404)
    ack = Request("ACK", invite.uri, changed(invite, CSeq="7 ACK").headers)
    other = changed(ack, Via="SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bK-x")
    assert not world.layer.match_ack(other)
    assert world.layer.match_ack(ack)


def test_ack_to_nothing_is_not_absorbed(world: World) -> None:
    """It may be to a 2xx that came another way: the TU's."""
    assert not world.layer.match_ack(world.request("ACK"))
    world.takes(world.request("MESSAGE", branch="z9hG4bK-x"))
    assert not world.layer.match_ack(world.request("ACK", branch="z9hG4bK-x"))


LEGACY = pytest.mark.parametrize(
    "via",
    [
        "SIP/2.0/UDP 192.0.2.1:5060",
        "SIP/2.0/UDP 192.0.2.1:5060;branch=1",
        "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK",
    ],
)


@LEGACY
@pytest.mark.parametrize("method", ["INVITE", "MESSAGE"])
def test_request_of_rfc_2543_is_matched_by_its_fields(world: World, via: str, method: str) -> None:
    """17.2.3; RFC 4475 3.2.1: the bare cookie is no transaction identifier either."""
    request = world.request(method, Via=via)
    world.takes(request)
    world.repeats(request)
    world.repeats(changed(request, Via=via + ";received=203.0.113.7;rport=4711"))
    for field, value in (
        ("Via", "SIP/2.0/UDP 192.0.2.7:5060"),
        ("From", "<sip:alice@example.com>;tag=z"),
        ("To", "<sip:bob@example.com>;tag=z"),
        ("Call-ID", "call-2"),
        ("CSeq", f"8 {method}"),
    ):
        world.takes(changed(request, **{field: value}))
    world.takes(Request(method, "sip:other@example.com", request.headers))
    assert world.layer.server_count == 7


@LEGACY
def test_ack_of_rfc_2543_is_matched_by_the_to_tag_of_the_response(world: World, via: str) -> None:
    """17.2.3: which tells it from an ACK to a 2xx of another branch."""
    invite = world.request(Via=via)
    transaction = world.takes(invite)
    world.responds(transaction, 180, to_tag="early")
    world.responds(transaction, 404, to_tag="b")

    def ack(to_tag: str) -> Request:
        to = f"<sip:bob@example.com>;tag={to_tag}"
        return Request("ACK", invite.uri, changed(invite, CSeq="7 ACK", To=to).headers)

    assert not world.layer.match_ack(ack("other"))
    assert world.layer.match_ack(ack("b"))
    assert world.times_of_sending(4.75) == []
    assert world.layer.match_ack(ack("b"))
    world.pass_time(0.25)
    assert transaction.terminated
    assert not world.layer.match_ack(ack("b"))
    assert len(world.layer) == 0


def test_ack_of_rfc_2543_to_a_2xx_is_the_tus(world: World) -> None:
    """RFC 6026 6: its fields are those of the INVITE, and Accepted does not absorb it."""
    invite = world.request(Via="SIP/2.0/UDP 192.0.2.1:5060")
    world.responds(world.takes(invite), 200)
    to = "<sip:bob@example.com>;tag=b"
    ack = Request("ACK", invite.uri, changed(invite, CSeq="7 ACK", To=to).headers)
    assert not world.layer.match_ack(ack)
    world.repeats(invite)

"""What a REGISTER makes of a record (RFC 3261 section 10.3)."""

from __future__ import annotations

import pytest
from attrs import evolve

from sippn.binding import (
    Decision,
    Grant,
    PushState,
    PushTarget,
    Record,
    Registration,
    Terms,
    decide,
)
from sippn.errors import BadRequest, Forbidden, SIPError
from sippn.testing.desk import ALICE, T0, Desk, contact

DESK = contact("sip:alice@192.0.2.1", q=300)
MOBILE = contact("sip:alice@192.0.2.2;pn-provider=acme;pn-prid=p1", "<urn:uuid:m>")
TARGET = PushTarget("acme", "", "p1")


def test_first_register_adds_a_binding() -> None:
    """Step 7: a binding that does not exist is added, with Call-ID and CSeq of the request."""
    desk = Desk()
    registration = Registration(
        ALICE, "call-7", 4, (MOBILE,), False, "udp:1", "Phone/1", ("<sip:edge;lr>",)
    )
    decision = desk.decide(registration, Grant(ALICE, ((MOBILE.uri, 3600),)))
    assert decision.record is not None
    (bound,) = decision.record.bindings
    assert decision.registered == (bound,)
    assert decision.removed == ()
    assert (bound.id, bound.contact, bound.flow) == ("b1", MOBILE.uri_text, "udp:1")
    assert (bound.call_id, bound.cseq, bound.user_agent) == ("call-7", 4, "Phone/1")
    assert (bound.registered_at, bound.expires_at) == (T0, T0 + 3600)
    assert (bound.path, bound.instance) == (("<sip:edge;lr>",), "<urn:uuid:m>")
    assert (bound.push_target, bound.push_state) == (TARGET, PushState.ACTIVE)


def test_refresh_updates_in_place() -> None:
    """Step 7: a binding that exists is updated; its id outlives that (S-10)."""
    desk = Desk()
    desk.register((DESK, 60))
    decision = desk.register((DESK, 3600), call_id="restarted")
    assert decision.record is not None
    (bound,) = decision.record.bindings
    assert (bound.id, bound.call_id, bound.cseq) == ("b1", "restarted", 2)
    assert (bound.registered_at, bound.expires_at) == (T0 + 1, T0 + 3601)
    assert decision.removed == ()


def test_zero_removes() -> None:
    """Step 7: an expiration time of zero removes the binding; it is reported as it was."""
    desk = Desk()
    desk.register((DESK, 60))
    decision = desk.register((DESK, 0))
    assert [b.id for b in decision.removed] == ["b1"]
    assert decision.registered == ()
    assert decision.record is not None
    assert decision.record.idle


def test_removal_of_nothing_is_a_no_op() -> None:
    """S-10: a de-REGISTER without a match is answered 200 and stores nothing."""
    desk = Desk()
    assert desk.register((DESK, 0)) == Decision(None)
    desk.register((MOBILE, 60))
    assert desk.register((DESK, 0)) == Decision(None)
    assert list(desk.held) == ["b1"]


def test_query_stores_nothing() -> None:
    """Step 6: a REGISTER without a Contact skips to the last step."""
    desk = Desk()
    assert desk.register() == Decision(None)
    desk.register((DESK, 60))
    assert desk.register() == Decision(None)


@pytest.mark.parametrize("seconds", [0, 60])
@pytest.mark.parametrize("cseq", [4, 5])
def test_overtaken_request_fails(seconds: int, cseq: int) -> None:
    """Step 7, O-101: same Call-ID and no higher CSeq fails with 500 and changes nothing."""
    desk = Desk()
    desk.register((DESK, 60), cseq=5)
    before = desk.record
    with pytest.raises(SIPError) as refused:
        desk.register((DESK, seconds), cseq=cseq)
    assert refused.value.status == 500
    assert desk.record is before


@pytest.mark.parametrize("seconds", [0, 60])
def test_overtaken_request_fails_when_found_by_instance(seconds: int) -> None:
    """T4: Kamailio lets an older CSeq remove a binding that it finds by +sip.instance."""
    desk = Desk()
    desk.register((MOBILE, 60), cseq=5)
    moved = contact("sip:alice@198.51.100.9", "<urn:uuid:m>")
    with pytest.raises(SIPError):
        desk.register((moved, seconds), cseq=4)
    assert list(desk.held) == ["b1"]


def test_another_call_id_has_its_own_cseqs() -> None:
    """Step 7: the CSeq counts only where the Call-ID is the same."""
    desk = Desk()
    desk.register((DESK, 60), cseq=500)
    desk.register((DESK, 60), call_id="rebooted", cseq=1)
    assert list(desk.held) == ["b1"]


def test_star_removes_all() -> None:
    """O-104, step 6: ``Contact: *`` with an expiry of zero."""
    desk = Desk()
    desk.register((DESK, 60), call_id="other")
    desk.register((MOBILE, 60))
    decision = desk.remove_all()
    assert [b.id for b in decision.removed] == ["b1", "b2"]
    assert decision.record is not None
    assert decision.record.idle


def test_star_removes_nothing_if_it_was_overtaken() -> None:
    """Step 6: same Call-ID and no higher CSeq aborts it all."""
    desk = Desk()
    desk.register((MOBILE, 60), call_id="other")
    desk.register((DESK, 60), cseq=5)
    with pytest.raises(SIPError):
        desk.remove_all(cseq=5)
    assert sorted(desk.held) == ["b1", "b2"]


def test_star_on_nothing_is_a_no_op() -> None:
    """There is nothing to remove, and nothing to store."""
    assert Desk().remove_all() == Decision(None)


def test_star_stands_alone() -> None:
    """Step 6: ``*`` beside another Contact is a bad request."""
    registration = Registration(ALICE, "call", 1, (DESK,), star=True)
    with pytest.raises(BadRequest):
        Desk().decide(registration, Grant(ALICE, ()))


def test_another_aors_record_is_refused() -> None:
    """Q-01: nothing ever matches across AORs; whoever mixes them up has a bug."""
    record = Record("sip:bob@example.com", 1, (), None)
    registration = Registration(ALICE, "call", 1, (DESK,))
    with pytest.raises(ValueError, match="different AORs"):
        decide(record, registration, Grant(ALICE, ((DESK.uri, 9),)), Terms(), T0, str)


def test_grant_for_another_number_of_contacts_is_refused() -> None:
    """An authority that miscounts would grant one contact another's expiry."""
    with pytest.raises(ValueError, match="shorter"):
        Desk().decide(Registration(ALICE, "call", 1, (DESK,)), Grant(ALICE, ()))


# how many


def _full(terms: Terms) -> Desk:
    desk = Desk(terms)
    for number in (1, 2, 3):
        desk.register((contact(f"sip:alice@192.0.2.{number}"), 600), call_id=f"c{number}")
    return desk


FOURTH = contact("sip:alice@192.0.2.4")


def test_one_too_many_is_refused() -> None:
    """O-18: 403, for a 503 would take a whole trunk away; what is there stays."""
    desk = _full(Terms(max_contacts=3))
    with pytest.raises(Forbidden):
        desk.register((FOURTH, 600))
    assert list(desk.held) == ["b3", "b2", "b1"]
    desk.register((contact("sip:alice@192.0.2.1"), 600))
    desk.register((contact("sip:alice@192.0.2.1"), 0), (FOURTH, 600))
    assert list(desk.held) == ["b5", "b3", "b2"]


def test_oldest_makes_room() -> None:
    """O-43: with replace_oldest the longest unrefreshed goes, and is reported."""
    desk = _full(Terms(max_contacts=3, overflow="replace_oldest"))
    desk.register((contact("sip:alice@192.0.2.1"), 600), call_id="c1")
    decision = desk.register((FOURTH, 600))
    assert [b.id for b in decision.removed] == ["b2"]
    assert list(desk.held) == ["b4", "b1", "b3"]


@pytest.mark.parametrize("overflow", ["reject", "replace_oldest"])
def test_unreachable_ones_make_room_first(overflow: str) -> None:
    """R2 B7: oldest first and no more than are needed, before anybody is refused or replaced."""
    gone = frozenset(("b2", "b3", "long-gone"))
    desk = _full(Terms(max_contacts=3))
    desk.terms = Terms(max_contacts=3, overflow=overflow, unreachable=gone)
    decision = desk.register((FOURTH, 600))
    assert [b.id for b in decision.removed] == ["b2"]
    assert list(desk.held) == ["b4", "b3", "b1"]
    assert desk.register((contact("sip:alice@192.0.2.1"), 600), call_id="c1").removed == ()


def test_unreachable_one_that_registers_now_stays() -> None:
    """R2 B7: it is reached again."""
    desk = _full(Terms(max_contacts=3))
    desk.terms = Terms(max_contacts=3, unreachable=frozenset(("b2", "b3")))
    back = contact("sip:alice@192.0.2.2")
    decision = desk.register((back, 600), (FOURTH, 600), call_id="c9")
    assert [b.id for b in decision.removed] == ["b3"]


def test_too_few_unreachable_ones_change_nothing() -> None:
    """R2 B7: who is refused has removed nobody; with replace_oldest the oldest go too."""
    two = (FOURTH, 600), (contact("sip:alice@192.0.2.5"), 600)
    desk = _full(Terms(max_contacts=3))
    desk.terms = Terms(max_contacts=3, unreachable=frozenset(("b3",)))
    with pytest.raises(Forbidden):
        desk.register(*two)
    assert list(desk.held) == ["b3", "b2", "b1"]
    desk.terms = evolve(desk.terms, overflow="replace_oldest")
    assert [b.id for b in desk.register(*two).removed] == ["b1", "b3"]


def test_one_request_cannot_push_itself_out() -> None:
    """All or nothing: more contacts than fit are refused, whatever the overflow rule."""
    desk = _full(Terms(max_contacts=3, overflow="replace_oldest"))
    many = [contact(f"sip:alice@198.51.100.{number}") for number in range(1, 5)]
    with pytest.raises(Forbidden):
        desk.register(*((one, 600) for one in many))
    assert list(desk.held) == ["b3", "b2", "b1"]


def test_lowered_limit_refuses_no_refresh() -> None:
    """Who was let in stays in."""
    desk = _full(Terms())
    desk.terms = Terms(max_contacts=1)
    desk.register((contact("sip:alice@192.0.2.2"), 600), call_id="c2")
    assert len(desk.held) == 3


def test_expired_bindings_take_no_room() -> None:
    """What nobody sees counts for nobody."""
    desk = _full(Terms(max_contacts=3))
    desk.now += 610
    desk.register((FOURTH, 600))
    assert list(desk.held) == ["b4"]


def test_who_comes_back_late_needs_room_like_a_newcomer() -> None:
    """Its place was taken meanwhile."""
    desk = Desk(Terms(max_contacts=1))
    desk.register((DESK, 60))
    desk.now += 60
    desk.register((FOURTH, 600), call_id="other")
    with pytest.raises(Forbidden):
        desk.register((DESK, 60))


def test_no_limit() -> None:
    """Zero means any number."""
    desk = _full(Terms(max_contacts=0))
    desk.register((FOURTH, 600))
    assert len(desk.held) == 4

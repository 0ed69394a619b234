"""Several Contacts in one REGISTER (RFC 3261 section 10.3: all or nothing)."""

from __future__ import annotations

import pytest

from sippn.binding import Terms
from sippn.errors import Forbidden, SIPError
from sippn.testing.desk import T0, Desk, contact

X = "<urn:uuid:x>"
FIRST, SECOND = contact("sip:alice@192.0.2.1"), contact("sip:alice@192.0.2.2")


def test_each_contact_has_its_own_expiry() -> None:
    """The grant says seconds per contact, in the order of the request."""
    desk = Desk()
    decision = desk.register((FIRST, 60), (SECOND, 3600))
    assert [(b.id, b.expires_at - T0) for b in decision.registered] == [("b1", 60), ("b2", 3600)]


def test_each_contact_is_inspected_for_push() -> None:
    """O-103: OpenSIPS looks at the first only."""
    push = contact("sip:alice@192.0.2.3;pn-provider=acme;pn-prid=p")
    decision = Desk().register((FIRST, 60), (push, 60))
    assert [b.push_target is None for b in decision.registered] == [True, False]


def test_all_or_nothing() -> None:
    """Step 7: if one update fails, none is made."""
    desk = Desk()
    desk.register((SECOND, 60), cseq=5)
    before = desk.record
    with pytest.raises(SIPError):
        desk.register((FIRST, 60), (SECOND, 60), cseq=5)
    assert desk.record is before
    desk.terms = Terms(max_contacts=1)
    with pytest.raises(Forbidden):
        desk.register((SECOND, 60), (FIRST, 60), cseq=6)
    assert desk.record is before


def test_last_of_two_that_are_one_binding_wins() -> None:
    """Without creating two."""
    desk = Desk()
    moved = contact("sip:alice@198.51.100.1", X)
    decision = desk.register((contact("sip:alice@192.0.2.1", X), 60), (moved, 600))
    assert [(b.id, b.contact) for b in decision.registered] == [("b1", moved.uri_text)]
    assert desk.held == {"b1": moved.uri_text}
    again = desk.register((moved, 60), (contact("sip:alice@192.0.2.1", X), 60))
    assert [b.contact for b in again.registered] == ["sip:alice@192.0.2.1"]


def test_two_phones_behind_one_gateway_stay_two() -> None:
    """The Call-ID of one request proves no rotation of a PRID."""
    phones = [contact(f"sip:gw@h;pn-provider=acme;pn-prid={prid}") for prid in ("p1", "p2")]
    desk = Desk()
    desk.register(*((phone, 60) for phone in phones))
    assert len(desk.held) == 2
    desk.register(*((phone, 60) for phone in phones))
    assert sorted(desk.held) == ["b1", "b2"]


def test_same_contact_twice_the_last_wins() -> None:
    """Even where the last one removes."""
    desk = Desk()
    desk.register((FIRST, 60), (FIRST, 600))
    assert list(desk.held) == ["b1"]
    assert desk.record is not None
    assert desk.record.bindings[0].expires_at == T0 + 600
    decision = desk.register((FIRST, 60), (FIRST, 0))
    assert decision.registered == ()
    assert [b.id for b in decision.removed] == ["b1"]


@pytest.mark.parametrize("old_first", [True, False])
def test_ua_that_moves_in_one_request_keeps_its_binding(*, old_first: bool) -> None:
    """RFC 5626 section 6: the old address may be removed in the REGISTER of the new one."""
    desk = Desk()
    old, new = contact("sip:alice@192.0.2.1", X), contact("sip:alice@192.0.2.2", X)
    desk.register((old, 600))
    both = [(old, 0), (new, 600)]
    decision = desk.register(*(both if old_first else both[::-1]))
    assert [(b.id, b.contact) for b in decision.registered] == [("b1", new.uri_text)]
    assert decision.removed == ()
    assert desk.held == {"b1": new.uri_text}


def test_one_is_removed_and_another_added() -> None:
    """Each contact is processed in turn."""
    desk = Desk()
    desk.register((FIRST, 600))
    decision = desk.register((FIRST, 0), (SECOND, 600))
    assert [b.id for b in decision.registered] == ["b2"]
    assert [b.id for b in decision.removed] == ["b1"]

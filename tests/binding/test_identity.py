"""The identity ladder (REQUIREMENTS S-10)."""

from __future__ import annotations

import pytest

from sippn.binding import PushTarget, Record, RegisteredContact, Terms
from sippn.binding.identity import ladder, same_prid
from sippn.errors import SIPError
from sippn.testing.desk import ALICE, T0, Desk, contact

STANDARD = Terms()
X, Y = "<urn:uuid:x>", "<urn:uuid:y>"


def pushed(host: str, prid: str, instance: str = "", reg_id: int = 0) -> RegisteredContact:
    """A Contact with push parameters."""
    return contact(f"sip:alice@{host};pn-provider=acme;pn-prid={prid}", instance, reg_id)


def ids(*contacts: RegisteredContact, outbound: bool = False, terms: Terms = STANDARD) -> list[str]:
    """Register each by itself, under a Call-ID of its own: whose binding each became."""
    desk = Desk(terms)
    return [
        desk.register((one, 600), call_id=f"c{place}", outbound=outbound).registered[0].id
        for place, one in enumerate(contacts)
    ]


# instance


def test_instance_outlives_address_and_prid() -> None:
    """Vector 7: IP change and token rotation at once, and it is the same phone."""
    assert ids(pushed("192.0.2.1", "p1", X), pushed("198.51.100.1:7", "p2", X)) == ["b1", "b1"]


def test_equal_private_contacts_stay_two_phones() -> None:
    """A rung is not tried where a higher identifier is on both sides and differs."""
    assert ids(contact("sip:alice@10.0.0.2", X), contact("sip:alice@10.0.0.2", Y)) == ["b1", "b2"]
    assert ids(pushed("10.0.0.2", "p1"), pushed("10.0.0.2", "p2")) == ["b1", "b2"]


def test_equal_prid_joins_different_instances() -> None:
    """The exception: a reinstall invents a new instance-id, and the PNS knows better."""
    assert ids(pushed("192.0.2.1", "p1", X), pushed("198.51.100.1", "p1", Y)) == ["b1", "b1"]


def test_binding_that_got_a_name_keeps_its_id() -> None:
    """An instance on one side only tells nothing; the URI does."""
    plain, named = contact("sip:alice@192.0.2.1"), contact("sip:alice@192.0.2.1", X)
    assert ids(plain, named, plain) == ["b1", "b1", "b1"]


def test_higher_rung_goes_before_the_older_binding() -> None:
    """The instance decides, though the first binding has the URI."""
    plain = contact("sip:alice@192.0.2.1")
    moved = contact("sip:alice@192.0.2.9", X)
    assert ids(plain, moved, contact("sip:alice@192.0.2.1", X)) == ["b1", "b2", "b2"]


# outbound


def test_flows_of_one_instance_stay_apart_with_outbound() -> None:
    """RFC 5626 section 6: the binding is of instance and reg-id; the URI is not compared."""
    first, second = pushed("192.0.2.1", "p1", X, 1), pushed("192.0.2.1", "p1", X, 2)
    assert ids(first, second, first, second, outbound=True) == ["b1", "b2", "b1", "b2"]


def test_reg_id_is_ignored_without_outbound() -> None:
    """RFC 5626 section 7: never two targets of one AOR and instance at a time."""
    assert ids(pushed("192.0.2.1", "p1", X, 1), pushed("192.0.2.2", "p1", X, 2)) == ["b1", "b1"]


def test_reg_id_without_instance_is_ignored() -> None:
    """RFC 5626 section 6: that combination is not valid."""
    first, second = contact("sip:alice@h;line=1", "", 1), contact("sip:alice@h", "", 2)
    assert ids(first, second, outbound=True) == ["b1", "b1"]
    desk = Desk()
    (bound,) = desk.register((first, 60), outbound=True).registered
    assert bound.reg_id == 0


def test_leaving_outbound_leaves_one_binding() -> None:
    """RFC 5626 section 7 again: the other flow of the instance is superseded."""
    desk = Desk()
    for reg_id in (1, 2):
        desk.register((contact(f"sip:a@192.0.2.{reg_id}", X, reg_id), 600), outbound=True)
    decision = desk.register((contact("sip:a@192.0.2.3", X, 2), 600))
    assert desk.held == {"b1": "sip:a@192.0.2.3"}
    assert [b.id for b in decision.removed] == ["b2"]


def test_reinstall_with_outbound_supersedes_both_flows() -> None:
    """The equal PRID joins the new instance to the old one; its flows do not stay behind."""
    desk = Desk()
    for reg_id in (1, 2):
        desk.register((pushed(f"192.0.2.{reg_id}", "p1", X, reg_id), 600), outbound=True)
    desk.register((pushed("192.0.2.3", "p1", Y, 1), 600), call_id="new", outbound=True)
    assert list(desk.held) == ["b1"]
    desk.register((pushed("192.0.2.4", "p1", Y, 2), 600), call_id="new", outbound=True)
    assert list(desk.held) == ["b3", "b1"]


# push


def test_prid_outlives_the_address() -> None:
    """Without an instance the PRID says who it is."""
    assert ids(pushed("192.0.2.1", "p1"), pushed("198.51.100.1", "p1")) == ["b1", "b1"]


def test_prid_that_no_provider_serves_still_names_its_phone() -> None:
    """What is known of a binding is its target; what is known of a Contact is what it says."""
    unserved = contact("sip:alice@9.9.9.9;pn-provider=acme;pn-prid=p1", served=False)
    assert ids(pushed("192.0.2.1", "p1"), unserved) == ["b1", "b1"]


@pytest.mark.parametrize("prid", ["*", "p%2A", "P1", "p?1", "p1%20", "%2570%31"])
def test_prid_is_an_ordinary_string(prid: str) -> None:
    """Vector 9, T12: no glob, no case folding, unescaped once."""
    assert ids(pushed("192.0.2.1", "p1"), pushed("192.0.2.9", prid)) == ["b1", "b2"]
    assert ids(pushed("192.0.2.1", prid), pushed("192.0.2.9", "p1")) == ["b1", "b2"]


def test_prid_is_compared_unescaped() -> None:
    """G-01: ``a%41`` is ``aA``, whatever spelling the UA chose this time."""
    assert ids(pushed("192.0.2.1", "a%41"), pushed("192.0.2.9", "aA")) == ["b1", "b1"]


def test_providers_have_their_own_prids() -> None:
    """Equal octets of two PNS are two phones."""
    other = contact("sip:alice@192.0.2.9;pn-provider=apns;pn-prid=p1")
    assert ids(pushed("192.0.2.1", "p1"), other) == ["b1", "b2"]


def test_any_service_token_is_enough() -> None:
    """S-10, rung 3: one of two tokens was rotated."""
    before = PushTarget("apns", "t", "A:voip&B:remote", (("voip", "A"), ("remote", "B")))
    after = PushTarget("apns", "t", "A:voip&C:remote", (("voip", "A"), ("remote", "C")))
    assert same_prid(before, after)
    assert not same_prid(before, PushTarget("apns", "t", "D:voip", (("voip", "D"),)))
    assert not same_prid(before, PushTarget("fcm", "t", "A:voip&B:remote", before.tokens))


def test_rotated_prid_without_instance_keeps_its_binding() -> None:
    """U-04: a rotated PRID without an instance is the same UA by its Call-ID."""
    desk = Desk()
    desk.register((pushed("192.0.2.1", "p1"), 600))
    desk.register((pushed("192.0.2.1", "p2"), 600))
    assert list(desk.held) == ["b1"]
    with pytest.raises(SIPError):
        desk.register((pushed("192.0.2.1", "p1"), 600), cseq=1)


def test_superseded_by_the_same_prid() -> None:
    """Two bindings that turn out to be one phone become one."""
    desk = Desk()
    desk.register((pushed("192.0.2.1", "p1", X), 600), call_id="1")
    desk.register((pushed("192.0.2.2", "p2", Y), 600), call_id="2")
    decision = desk.register((pushed("192.0.2.2", "p1", Y), 600), call_id="2")
    assert [b.id for b in decision.registered] == ["b2"]
    assert [b.id for b in decision.removed] == ["b1"]
    assert list(desk.held) == ["b2"]


# param and uri


def test_parameter_of_the_operators_choice() -> None:
    """O-44: ``param:rinstance`` finds the binding of a phone that moved."""
    terms = Terms(match=("instance", "param:rinstance", "uri"))
    first = contact("sip:alice@192.0.2.1;rinstance=aa")
    moved = contact("sip:alice@192.0.2.2;rinstance=aa")
    other = contact("sip:alice@192.0.2.1;rinstance=bb")
    assert ids(first, moved, other, terms=terms) == ["b1", "b1", "b2"]
    assert ids(first, contact("sip:alice@192.0.2.1"), terms=terms) == ["b1", "b1"]
    assert ids(first, contact("sip:alice@192.0.2.1;rinstance"), terms=terms) == ["b1", "b2"]


def test_uris_are_compared_by_rfc_3261() -> None:
    """Section 19.1.4: host in any case, a parameter of one side only does not count."""
    same = ["sip:alice@h.example", "sip:alice@H.EXAMPLE", "sip:%61lice@h.example;line=1"]
    assert ids(*map(contact, same)) == ["b1", "b1", "b1"]
    other = ["sip:alice@h.example", "sip:Alice@h.example", "sip:alice@h.example:5060"]
    assert ids(*map(contact, other)) == ["b1", "b2", "b3"]


def test_same_spelling_goes_before_mere_equality() -> None:
    """URI equality is not transitive: what the UA wrote before is what it means."""
    first, second = contact("sip:alice@h;line=1"), contact("sip:alice@h;line=2")
    desk = Desk()
    desk.register((first, 600), call_id="1")
    desk.register((second, 600), call_id="2")
    desk.register((second, 0), call_id="2")
    assert desk.held == {"b1": "sip:alice@h;line=1"}


def test_uri_equality_takes_the_first_and_leaves_the_others() -> None:
    """P-029: not transitive, so a fixed order, and the first match wins alone."""
    desk = Desk()
    desk.register((contact("sip:alice@h;line=1"), 600), call_id="1")
    desk.register((contact("sip:alice@h;line=2"), 600), call_id="2")
    decision = desk.register((contact("sip:alice@h"), 600), call_id="3")
    assert [b.id for b in decision.registered] == ["b1"]
    assert sorted(desk.held) == ["b1", "b2"]


def test_binding_with_a_contact_that_cannot_be_read_matches_nothing() -> None:
    """A record of another release must not stop its AOR from registering."""
    desk = Desk()
    desk.register((contact("sip:alice@h"), 600), call_id="1")
    assert desk.record is not None
    (bound,) = desk.record.bindings
    broken = type(bound)(bound.id, "tel:+1", "f", bound.expires_at, T0, "1", 1)
    desk.record = Record(ALICE, desk.record.version, (broken,), None)
    desk.register((contact("sip:alice@h"), 600), call_id="2")
    assert sorted(desk.held) == ["b1", "b2"]


# the ladder itself


def test_only_the_rungs_that_are_there_count() -> None:
    """With ``uri`` alone neither instance nor PRID says anything."""
    terms = Terms(match=("uri",))
    assert ids(pushed("10.0.0.2", "p1", X), contact("sip:alice@10.0.0.2", Y), terms=terms) == [
        "b1",
        "b1",
    ]
    assert ids(contact("sip:a@192.0.2.1", X), contact("sip:a@192.0.2.2", X), terms=terms) == [
        "b1",
        "b2",
    ]


@pytest.mark.parametrize("name", ["", "prid", "param:", "URI"])
def test_unknown_rung(name: str) -> None:
    """A rung that does not exist is a mistake, not a rung that never matches."""
    with pytest.raises(ValueError, match="no such rung"):
        ladder(("uri", name))

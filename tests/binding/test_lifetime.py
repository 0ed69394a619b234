"""What a record keeps of pushes and of time."""

from __future__ import annotations

import pytest
from attrs import evolve

from sippn.binding import (
    Decision,
    PushKind,
    PushState,
    PushTarget,
    Record,
    Registration,
    attend,
    disown_prid,
    live,
    prid_keys,
)
from sippn.binding.records import LINGER
from sippn.testing.desk import ALICE, T0, Desk, contact

DESK = contact("sip:alice@192.0.2.1", q=300)
MOBILE = contact("sip:alice@192.0.2.2;pn-provider=acme;pn-prid=p1", "<urn:uuid:m>")
TARGET = PushTarget("acme", "", "p1")
CALL = PushKind.CALL


# push


def test_query_for_push_drops_the_prid() -> None:
    """P-029: a REGISTER of the binding without pn-prid ends its pushes, and keeps it."""
    desk = Desk()
    desk.register((MOBILE, 600))
    assert desk.record is not None
    assert desk.record.keys == prid_keys(TARGET)
    desk.register((contact("sip:alice@192.0.2.2;pn-provider=acme", "<urn:uuid:m>"), 600))
    (bound,) = desk.record.bindings
    assert (bound.id, bound.push_target) == ("b1", None)
    assert desk.record.keys == frozenset()


@pytest.mark.parametrize("instance", ["", "<urn:uuid:m>"])
def test_deregister_without_push_parameters_removes_the_push_binding(instance: str) -> None:
    """Vector 6: the UA takes its binding back without saying the PRID again (4.1.2)."""
    desk = Desk()
    desk.register((MOBILE, 600))
    decision = desk.register((contact("sip:alice@192.0.2.2", instance), 0))
    assert [b.id for b in decision.removed] == ["b1"]
    assert desk.record is None


def test_keys_follow_the_prids_and_leave_the_others_alone() -> None:
    """A record is found by each PRID it holds, and by what others have put there."""
    desk = Desk()
    desk.register((MOBILE, 600))
    assert desk.record is not None
    desk.record = Record(
        ALICE, desk.record.version, desk.record.bindings, 0.0, desk.record.keys | {b"gruu"}
    )
    desk.register((DESK, 600), call_id="other")
    assert desk.record.keys == {b"gruu", *prid_keys(TARGET)}
    rotated = contact("sip:alice@192.0.2.2;pn-provider=acme;pn-prid=p2", "<urn:uuid:m>")
    desk.register((rotated, 600))
    assert desk.record.keys == {b"gruu", *prid_keys(PushTarget("acme", "", "p2"))}


def test_key_says_nothing_of_the_prid() -> None:
    """A PRID is a credential: no index holds one."""
    (key,) = prid_keys(TARGET)
    assert b"p1" not in key
    assert len(key) == 32
    assert prid_keys(TARGET) == prid_keys(PushTarget("acme", "other", "p1"))
    assert prid_keys(TARGET) != prid_keys(PushTarget("acm", "", "ep1"))
    assert len(prid_keys(PushTarget("acme", "", "\udcff"))) == 1


def test_binding_that_others_push_says_so() -> None:
    """P-011: for as long as a proxy on the way does; nobody here pushes it."""
    desk = Desk()
    asked = contact(MOBILE.uri_text, MOBILE.instance, served=False)
    for elsewhere, state in ((True, PushState.ELSEWHERE), (False, PushState.ACTIVE)):
        decision = desk.register((evolve(asked, elsewhere=elsewhere), 600))
        found = [(b.id, b.push_state, b.push_target) for b in decision.registered]
        assert found == [("b1", state, None)]


def test_nothing_shows_a_prid() -> None:
    """A11: neither what comes in nor what is stored prints one."""
    desk = Desk()
    secret = contact("sip:alice@192.0.2.2;pn-provider=acme;pn-prid=S3CRET")
    decision = desk.register((secret, 600))
    assert "S3CRET" not in repr((secret, decision, Registration(ALICE, "c", 1, (secret,))))


def test_disowned_prid_is_dead_until_the_next_register() -> None:
    """Vector 10: of a PRID that is gone the binding stays; the next REGISTER revives it."""
    desk = Desk()
    desk.register((MOBILE, 600))
    desk.register((DESK, 600), call_id="other")
    decision = disown_prid(desk.record, TARGET, CALL, before=desk.now, now=desk.now)
    assert decision.record is not None
    assert [b.push_state for b in decision.record.bindings] == [PushState.DEAD, PushState.ACTIVE]
    assert (decision.registered, decision.removed) == ((), ())
    assert disown_prid(decision.record, TARGET, CALL, desk.now, desk.now) == Decision(None)
    desk.record = decision.record
    desk.register((MOBILE, 600))
    assert desk.record.bindings[0].push_state is PushState.ACTIVE


def test_register_after_the_verdict_proves_the_prid_alive() -> None:
    """T3: a 410 ends only bindings that are older than that answer."""
    desk = Desk()
    desk.register((MOBILE, 600))
    assert disown_prid(desk.record, TARGET, CALL, before=T0 - 1, now=desk.now) == Decision(None)
    assert disown_prid(desk.record, TARGET, CALL, before=T0, now=desk.now) != Decision(None)


def test_other_prids_are_not_disowned() -> None:
    """Nor does anybody's `*` stand for all (Q-01)."""
    desk = Desk()
    desk.register((MOBILE, 600))
    for target in (PushTarget("acme", "", "*"), PushTarget("apns", "", "p1")):
        assert disown_prid(desk.record, target, CALL, desk.now, desk.now) == Decision(None)
    assert disown_prid(None, TARGET, CALL, desk.now, desk.now) == Decision(None)


# time


def test_version_grows_and_never_starts_over() -> None:
    """Wall clock milliseconds, or one more than before where the clock went back (E1)."""
    desk = Desk()
    desk.register((DESK, 600))
    assert desk.record is not None
    assert desk.record.version == int(T0 * 1000)
    desk.now = T0 - 86400
    desk.register((DESK, 600))
    assert desk.record.version == int(T0 * 1000) + 1


def test_live_ones_come_by_q_then_the_latest_first() -> None:
    """S-02: not expired, by preference; no q is the highest."""
    desk = Desk()
    for number, q in enumerate([None, 500, 1000, 500, 0], start=1):
        phone = contact(f"sip:alice@192.0.2.{number}", q=q)
        desk.register((phone, 60 if q == 0 else 600), call_id=f"c{number}")
    assert list(desk.held) == ["b3", "b1", "b4", "b2", "b5"]
    desk.now = T0 + 4 + 60
    assert list(desk.held) == ["b3", "b1", "b4", "b2"]
    assert live(None, desk.now) == ()


def test_ua_that_comes_back_late_is_who_it_was() -> None:
    """S-13 e: a call waits for a binding that expired meanwhile, and it is released."""
    desk = Desk()
    desk.register((MOBILE, 60), cseq=9)
    desk.register((DESK, 600), call_id="other")
    desk.now = T0 + 60
    assert list(desk.held) == ["b2"]
    decision = desk.register((DESK, 600), call_id="other", cseq=11)
    assert decision.removed == ()
    decision = desk.register((MOBILE, 60), cseq=1)
    assert [b.id for b in decision.registered] == ["b1"]


def test_expired_binding_goes_in_the_end() -> None:
    """P-028: no push for it ever, and after a while no trace of it."""
    desk = Desk()
    desk.register((MOBILE, 60))
    desk.register((DESK, 6000), call_id="other")
    assert desk.record is not None
    due = desk.record.due_at
    assert due == T0 + 60 + LINGER
    assert attend(desk.record, due - 1, 4) == Decision(None)
    decision = attend(desk.record, due, 4)
    assert decision.record is not None
    assert [b.id for b in decision.removed] == ["b1"]
    assert decision.record.due_at == T0 + 6001 + LINGER
    assert decision.record.keys == frozenset()
    assert attend(None, due, 4) == Decision(None)


def test_last_to_expire_leaves_an_idle_record() -> None:
    """So that the store deletes it."""
    desk = Desk()
    desk.register((DESK, 60))
    decision = attend(desk.record, T0 + 60 + LINGER, 4)
    assert decision.record is not None
    assert decision.record.idle
    assert decision.record.version > int(T0 * 1000)

"""What holds of a record whatever was registered."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from sippn.binding import RegisteredContact, Terms, prid_key
from sippn.errors import SIPError
from sippn.testing.desk import Desk, contact


def _contact(host: str, prid: str, instance: str, reg_id: int) -> RegisteredContact:
    push = f";pn-provider=acme;pn-prid={prid}" if prid else ""
    return contact(f"sip:alice@{host}{push}", instance, reg_id)


CONTACTS = st.builds(
    _contact,
    st.sampled_from(["192.0.2.1", "192.0.2.2"]),
    st.sampled_from(["", "p", "q", "*"]),
    st.sampled_from(["", "x", "y"]),
    st.integers(0, 2),
)
REGISTERS = st.tuples(
    st.lists(st.tuples(CONTACTS, st.sampled_from([0, 2, 600])), max_size=3),
    st.sampled_from(["call-1", "call-2"]),
    st.booleans(),
)


@settings(deadline=None)  # a loaded machine is no failure
@given(st.lists(REGISTERS, max_size=8))
def test_one_ua_is_one_binding(
    registers: list[tuple[list[tuple[RegisteredContact, int]], str, bool]],
) -> None:
    """RFC 5626 section 7: of an AOR and instance one at a time, or one a flow."""
    desk = Desk(Terms(max_contacts=4))
    for contacts, call_id, outbound in registers:
        before = desk.record
        with suppress(SIPError):
            decision = desk.register(*contacts, call_id=call_id, outbound=outbound)
            assert {b.id for b in decision.registered}.isdisjoint(b.id for b in decision.removed)
        if desk.record is None or desk.record is before:
            continue
        bindings = desk.record.bindings
        live = [b for b in bindings if b.expires_at > desk.now]
        assert len(live) <= 4
        assert len({b.id for b in bindings}) == len(bindings)
        named = [(b.instance, b.reg_id) for b in bindings if b.instance]
        assert len(set(named)) == len(named)
        assert all(reg_id or named.count((x, reg_id)) == 1 for x, reg_id in named)
        prids = {b.push_target.prid for b in bindings if b.push_target is not None}
        assert desk.record.keys == {prid_key("acme", prid) for prid in prids}
        assert before is None or desk.record.version > before.version

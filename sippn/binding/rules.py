"""
What a REGISTER makes of a record (RFC 3261 section 10.3, steps 6 to 8), and time.  Pure.

A rule takes a record and the wall clock and returns a :class:`Decision`; who calls it
stores that by compare-and-swap, and calls it again where another node was faster.
All or nothing: a rule that raises has changed nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import evolve

from sippn.binding.draft import Draft, check_order
from sippn.binding.identity import Claim
from sippn.binding.records import rewrite
from sippn.binding.refresh import pushed
from sippn.binding.registration import Registration, Terms
from sippn.binding.values import Binding, Decision, Grant, PushState, PushTarget, Record
from sippn.errors import BadRequest

_NOTHING = Decision(None)


def decide(
    record: Record | None,
    registration: Registration,
    grant: Grant,
    terms: Terms,
    now: float,
    new_id: Callable[[], str],
) -> Decision:
    """
    Apply *registration*, as far as it was granted, to *record*.

    A binding that has just expired is still found by its UA, which gets its id back: a call
    that waits for it is released (S-13 e).

    :param now: wall clock, seconds.
    :param new_id: makes the id of a binding that is added.
    :raises SIPError: 500, a CSeq that is not higher than its binding's (steps 6 and 7).
    :raises Forbidden: more contacts than *terms* allow.
    :raises BadRequest: ``*`` beside other contacts (step 6).
    """
    if record is not None and record.aor != registration.aor:
        raise ValueError("a record and a registration of different AORs")
    if registration.star:
        return _remove_all(record, registration, now)
    draft = Draft.of(record, now, terms)
    for contact, (_, seconds) in zip(registration.contacts, grant.expires, strict=True):
        claim = Claim.of(contact, registration)
        if seconds > 0:
            draft.register(claim, seconds, new_id)
        else:
            draft.remove(claim)
    if not draft.registered and not draft.gone:
        return _NOTHING
    draft.make_room()
    return draft.decision(registration.aor)


def live(record: Record | None, now: float) -> tuple[Binding, ...]:
    """
    The bindings that have not expired, by q, then the most recently registered first.

    A contact without a q counts as 1.0: so does HTTP, where SIP has its qvalue from.
    """
    if record is None:
        return ()
    found = [b for b in record.bindings if b.expires_at > now]
    if len(found) > 1:
        found.sort(key=lambda b: (-(1000 if b.q is None else b.q), -b.registered_at))
    return tuple(found)


def attend(record: Record | None, now: float, attempts: int) -> Decision:
    """
    Do what has become due: have bindings refreshed, drop what expired.

    A UA is pushed as long as its binding lives (RFC 8599 section 5.5), *attempts* times;
    each is counted before it leaves, so that a crash costs one push and repeats none.  A
    binding is dropped so long after it expired that no call can wait for it.  Where nothing
    is due, because the UA has just registered, there is nothing to store.
    """
    if record is None or record.due_at is None or record.due_at > now:
        return _NOTHING
    bindings: list[Binding] = []
    refreshing: list[Binding] = []
    for binding in record.bindings:
        if binding.refresh_at is None or binding.refresh_at > now:
            bindings.append(binding)
        elif binding.expires_at > now and binding.refresh_attempt < attempts:
            bindings.append(pushed(binding, now, attempts))
            refreshing.append(bindings[-1])
        else:
            bindings.append(evolve(binding, refresh_at=None))
    return evolve(rewrite(record.aor, record, bindings, now), refreshing=tuple(refreshing))


def disown_prid(record: Record | None, target: PushTarget, before: float, now: float) -> Decision:
    """
    Mark the bindings with *target* DEAD: their PNS has disowned its PRID.

    The bindings stay, for their UA may live without pushes; its next REGISTER revives them.

    :param before: wall clock: who registered after it has proved the PRID alive again.
    """
    if record is None:
        return _NOTHING
    bindings = tuple(
        evolve(b, push_state=PushState.DEAD, refresh_at=None) if _disowned(b, target, before) else b
        for b in record.bindings
    )
    if bindings == record.bindings:
        return _NOTHING
    return rewrite(record.aor, record, bindings, now)


def _disowned(binding: Binding, target: PushTarget, before: float) -> bool:
    # the whole target: a PRID under a wrong pn-param is refused, and is nobody else's verdict
    return binding.push_target == target and binding.registered_at <= before


def _remove_all(record: Record | None, registration: Registration, now: float) -> Decision:
    if registration.contacts:
        raise BadRequest("Contact: * stands alone")  # O-104
    if record is None:
        return _NOTHING
    for binding in record.bindings:
        check_order(binding, registration, now)
    return rewrite(registration.aor, record, (), now)

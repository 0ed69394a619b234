"""
What a REGISTER makes of a record (RFC 3261 section 10.3, steps 6 to 8), and time.  Pure.

A rule takes a record and the wall clock and returns a :class:`Decision`; who calls it
stores that by compare-and-swap, and calls it again where another node was faster.
All or nothing: a rule that raises has changed nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import evolve

from sippn.binding.draft import Draft, check_order, is_kept
from sippn.binding.identity import Claim
from sippn.binding.records import asleep, rewrite
from sippn.binding.refresh import pushed
from sippn.binding.registration import Registration, Terms
from sippn.binding.services import Address, address_for, address_of, service_for, services_of
from sippn.binding.values import (
    Binding,
    Decision,
    Grant,
    PushKind,
    PushState,
    PushTarget,
    Record,
)
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
    return _preferred([b for b in record.bindings if b.expires_at > now])


def reachable(record: Record | None, now: float) -> tuple[Binding, ...]:
    """
    The bindings that a call may go to, in the order of :func:`live`.

    There are those, too, that expired and sleep on, where the operator lets them (S-32): they
    are pushed, and what they registered is what they come back as.
    """
    if record is None:
        return ()
    return _preferred([b for b in record.bindings if b.expires_at > now or asleep(b, now)])


def attend(record: Record | None, now: float, attempts: int) -> Decision:
    """
    Do what has become due: have bindings refreshed, drop what expired.

    A UA is pushed as long as its binding lives (RFC 8599 section 5.5), *attempts* times, and
    never to be refreshed once it expired, even where a call may wake it still; each push is
    counted before it leaves, so that a crash costs one and repeats none.  A binding is dropped
    so long after it was the last time for a call that none can wait for it.  Where nothing is
    due, because the UA has just registered, there is nothing to store.
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


def disown_prid(
    record: Record | None, target: PushTarget, kind: PushKind, before: float, now: float
) -> Decision:
    """
    Use no more the token that a push of *kind* to *target* went to: its PNS has disowned it.

    A binding that has no other one is DEAD.  It stays, for its UA may live without pushes,
    until it expires; its next REGISTER revives it.

    :param before: wall clock: who registered after it has proved the token alive again.
    """
    dead = address_for(target, kind)
    if record is None or dead is None:
        return _NOTHING
    bindings = tuple(
        [_without(b, dead) if b.registered_at <= before else b for b in record.bindings]
    )
    if bindings == record.bindings:
        return _NOTHING
    return rewrite(record.aor, record, bindings, now)


def _without(binding: Binding, dead: Address) -> Binding:
    target = binding.push_target
    if target is None:
        return binding
    left = tuple([one for one in services_of(target) if address_of(target, one) != dead])
    if not left:
        return evolve(binding, push_state=PushState.DEAD, refresh_at=None, asleep_until=None)
    if not target.tokens or len(left) == len(target.tokens):
        return binding
    target = evolve(target, tokens=left)
    refreshable = service_for(target, PushKind.REFRESH) is not None
    refresh_at = binding.refresh_at if refreshable else None
    return evolve(binding, push_target=target, refresh_at=refresh_at)


def _preferred(bindings: list[Binding]) -> tuple[Binding, ...]:
    if len(bindings) > 1:
        bindings.sort(key=lambda b: (-(1000 if b.q is None else b.q), -b.registered_at))
    return tuple(bindings)


def _remove_all(record: Record | None, registration: Registration, now: float) -> Decision:
    if registration.contacts:
        raise BadRequest("Contact: * stands alone")  # O-104
    if record is None:
        return _NOTHING
    for binding in record.bindings:
        check_order(binding, registration, now)
    stays = [b for b in record.bindings if is_kept(b, registration)]
    return rewrite(registration.aor, record, stays, now)

"""The bindings of an AOR while a REGISTER is applied, one Contact after the other."""

from __future__ import annotations

from collections.abc import Callable

from attrs import define, evolve, field

from sippn.binding.identity import Claim, ladder, names_contact
from sippn.binding.records import asleep, rewrite
from sippn.binding.refresh import first_refresh
from sippn.binding.registration import Registration, Terms
from sippn.binding.values import AOR, Binding, Decision, PushState, PushTarget, Record
from sippn.errors import Forbidden, SIPError


@define(eq=False, repr=False)
class Draft:
    """
    A record being changed; an exception on the way leaves the record as it was.

    What this REGISTER removes can still be found by a later Contact of it, which then
    takes its id over: a UA that moved may write ``<old>;expires=0, <new>``.

    :ivar now: wall clock, seconds.
    :ivar registered: what this REGISTER added or refreshed, by id.
    :ivar gone: ids of what it removed.
    :ivar superseded: id of a binding that turned out to be the same UA, to the one that stays.
    """

    record: Record | None
    now: float
    terms: Terms
    bindings: dict[str, Binding] = field(factory=dict)
    registered: dict[str, Binding] = field(factory=dict)
    gone: set[str] = field(factory=set)
    superseded: dict[str, str] = field(factory=dict)

    @classmethod
    def of(cls, record: Record | None, now: float, terms: Terms) -> Draft:
        """A draft in which *record* is as it is stored."""
        draft = cls(record, now, terms)
        if record is not None:
            for binding in record.bindings:
                draft.bindings[binding.id] = binding
        return draft

    def register(self, claim: Claim, seconds: int, new_id: Callable[[], str]) -> None:
        """
        Add the Contact of *claim*, or refresh the binding it names, which keeps its id.

        Other bindings that are the same UA go: an AOR and instance never have two at a
        time without outbound (RFC 5626 section 7).

        :raises SIPError: 500, the request was overtaken (RFC 3261 section 10.3, step 7).
        """
        found = self._find(claim)
        binding_id = found[0].id if found else new_id()
        for other in found[1:]:
            self.gone.add(other.id)
            self.superseded[other.id] = binding_id
        self.gone.discard(binding_id)
        binding = _binding(binding_id, claim, self.now, seconds, self.terms)
        self.bindings[binding_id] = self.registered[binding_id] = binding

    def remove(self, claim: Claim) -> None:
        """
        Remove what the Contact of *claim* names; nothing where it names nothing.

        What this same REGISTER registered goes only by its own URI: in
        ``<new>, <old>;expires=0`` the instance of both names what has moved to *new*.

        :raises SIPError: as :meth:`register`.
        """
        for binding in self._find(claim):
            if is_kept(binding, claim.registration):
                continue
            if binding.id not in self.registered or names_contact(claim, binding):
                self.gone.add(binding.id)

    def make_room(self) -> None:
        """
        Keep within the number of contacts that the terms allow, where one was added.

        Those that expired and sleep on go first, then those that nothing reaches, and of each
        kind the oldest.  The former count, or else one REGISTER after the other, each with a
        short life, would leave any number.

        :raises Forbidden: there is no room.
        """
        most = self.terms.max_contacts
        if most == 0 or len(self.bindings) <= most or not self._added():
            return
        staying = [b for b in self.bindings.values() if b.id not in self.gone]
        sleeping = {b.id for b in staying if asleep(b, self.now)}
        held = [b for b in staying if b.expires_at > self.now or b.id in sleeping]
        excess = len(held) - most
        if excess <= 0:
            return
        spare = self.terms.unreachable | sleeping
        others = [b for b in held if b.id not in self.registered]
        others.sort(key=lambda b: (b.id not in sleeping, b.id not in spare, b.registered_at))
        leaving = {b.id for b in others[:excess]}
        refusing = self.terms.overflow != "replace_oldest" and not leaving <= spare
        if refusing or len(leaving) < excess:
            raise Forbidden("Too Many Contacts")
        self.gone |= leaving

    def decision(self, aor: AOR) -> Decision:
        """What is to be stored, and what is news."""
        for binding_id in self.gone:
            self.registered.pop(binding_id, None)
            self.bindings.pop(binding_id, None)
        registered = tuple(self.registered.values())
        decision = rewrite(aor, self.record, self.bindings.values(), self.now, registered)
        if not self.superseded:
            return decision
        return evolve(decision, superseded=tuple(self.superseded.items()))

    def _find(self, claim: Claim) -> list[Binding]:
        found = ladder(self.terms.match).find(claim, self.bindings.values())
        for binding in found:
            if binding.id not in self.registered:
                check_order(binding, claim.registration, self.now)
        return found

    def _added(self) -> bool:
        stored = self.record.bindings if self.record is not None else ()
        return not self.registered.keys() <= {b.id for b in stored if b.expires_at > self.now}


def check_order(binding: Binding, registration: Registration, now: float) -> None:
    """
    Refuse a request that was overtaken (steps 6 and 7), however its binding was found.

    An equal CSeq is refused too: retransmissions end in the transaction layer.

    :raises SIPError: 500.
    """
    if binding.call_id != registration.call_id or registration.cseq > binding.cseq:
        return
    if binding.expires_at > now:  # else it is gone, and its Call-ID with it
        raise SIPError("CSeq Out of Order")


def is_kept(binding: Binding, registration: Registration) -> bool:
    """Whether *binding* stays though *registration* takes it back: its UA did not mean that."""
    pushed = binding.push_target is not None and binding.push_state is PushState.ACTIVE
    return registration.overlooks and pushed


def _binding(binding_id: str, claim: Claim, now: float, seconds: int, terms: Terms) -> Binding:
    contact, registration = claim.contact, claim.registration
    return Binding(  # by its constructor: evolve costs half as much again, on every refresh
        binding_id,
        contact.uri_text,
        registration.flow,
        now + seconds,
        now,
        registration.call_id,
        registration.cseq,
        contact.q,
        contact.instance,
        claim.reg_id,
        registration.path,
        contact.params,
        registration.user_agent,
        contact.push_target,
        PushState.ELSEWHERE if contact.elsewhere else PushState.ACTIVE,
        first_refresh(contact.refresh, binding_id, now, seconds, terms),
        asleep_until=_asleep_until(contact.push_target, now + seconds, terms),
    )


def _asleep_until(target: PushTarget | None, expires_at: float, terms: Terms) -> float | None:
    if target is None or not terms.sleep_after_expiry:
        return None
    return expires_at + terms.sleep_after_expiry

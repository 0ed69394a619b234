"""REGISTERs applied to one record, without a message, a server or a store."""

from __future__ import annotations

from attrs import define, field

from sippn.binding import (
    Decision,
    Grant,
    Record,
    RegisteredContact,
    Registration,
    Terms,
    decide,
    live,
)
from sippn.dialect import read_push
from sippn.sip import URI

ALICE = "sip:alice@example.com"
T0 = 1_700_000_000.0


def contact(
    text: str, instance: str = "", reg_id: int = 0, *, served: bool = True, q: int | None = None
) -> RegisteredContact:
    """A Contact as the registrar reads it; *served*: a provider here pushes it."""
    uri = URI.parse(text)
    push = read_push(uri, ())
    wanted = push.target if push else None
    target = wanted if served else None
    return RegisteredContact(uri, text, (), q, instance, reg_id, wanted, target)


@define
class Desk:
    """
    A registrar's desk: applies one REGISTER after the other, each a second after the last.

    :ivar now: wall clock, seconds.
    :ivar last: the CSeq used last.
    """

    terms: Terms = field(factory=Terms)
    record: Record | None = None
    now: float = T0
    last: int = 0
    made: int = 0

    def register(
        self,
        *asked: tuple[RegisteredContact, int],
        call_id: str = "call",
        cseq: int = 0,
        outbound: bool = False,
    ) -> Decision:
        """Register each contact for so many seconds; without *cseq* it is the next one."""
        self.last = cseq or self.last + 1
        registration = Registration(
            ALICE, call_id, self.last, tuple(c for c, _ in asked), flow="f", outbound=outbound
        )
        grant = Grant(ALICE, tuple((c.uri, seconds) for c, seconds in asked))
        return self.decide(registration, grant)

    def remove_all(self, call_id: str = "call", cseq: int = 0) -> Decision:
        """Register ``*`` with an expiry of 0."""
        self.last = cseq or self.last + 1
        return self.decide(Registration(ALICE, call_id, self.last, (), star=True), Grant(ALICE, ()))

    def decide(self, registration: Registration, grant: Grant) -> Decision:
        """Decide, store what is decided, and let a second pass."""
        decision = decide(self.record, registration, grant, self.terms, self.now, self.new_id)
        self.now += 1
        if decision.record is not None:
            self.record = None if decision.record.idle else decision.record
        return decision

    def new_id(self) -> str:
        """The ids are b1, b2, ..."""
        self.made += 1
        return f"b{self.made}"

    @property
    def held(self) -> dict[str, str]:
        """The Contact of each binding that has not expired, by id."""
        return {b.id: b.contact for b in live(self.record, self.now)}

"""
A phone that registers again and again, and remembers what it was told.
"""

from __future__ import annotations

import random
import time
from typing import TypeAlias

from attrs import define, field

from sippn.sip import NameAddr, Response

Place: TypeAlias = str | None
"""
The Contact of a phone with its q, which is another one each time, so that an older
registration is never taken for a newer one; None: it is not registered.
"""

_LEAVES = 0.1  # of all changes
_STAYS = 0.5  # of all others: a refresh, with the Contact URI of the last time


@define(eq=False)
class Registrant:
    """
    One phone, which has one REGISTER in flight at most.

    :ivar acknowledged: where it is by its last 200.
    :ivar asked: where it asked to be, if *waits*.
    :ivar asked_at: when it asked, by the monotonic clock.
    :ivar waits: it has asked, and heard nothing yet.
    :ivar refused: what it asked for since its last 200, and was told that it failed.
    :ivar story: what it asked for with each CSeq number, in their order.
    """

    number: int
    acknowledged: Place = None
    asked: Place = None
    asked_at: float = 0.0
    waits: bool = False
    cseq: int = 0
    refused: list[Place] = field(factory=list, init=False)
    story: dict[int, Place] = field(factory=dict, init=False)
    _port: int = field(default=0, init=False)

    def change(self, dice: random.Random) -> str:
        """The fields of a REGISTER: in one of ten cases it leaves, else it stays or has moved."""
        self.cseq += 1
        self.waits = True
        self.asked_at = time.monotonic()
        leaves = self.acknowledged is not None and dice.random() < _LEAVES
        if not leaves and (not self._port or dice.random() >= _STAYS):
            self._port = self.cseq
        contact = f"<sip:{self.number}@192.0.2.1:{self._port}>;q=0.{self.cseq % 1000:03}"
        self.asked = None if leaves else contact
        self.story[self.cseq] = self.asked
        if leaves and dice.random() < 0.5:
            return "Contact: *\nExpires: 0\n"
        instance = f'+sip.instance="<urn:uuid:{self.number:032x}>"'
        return f"Contact: {contact};{instance}\nExpires: {0 if leaves else 3600}\n"

    def learn(self, response: Response) -> bool:
        """
        Hear the *response* to its last REGISTER: 200, or a 500 that says when to ask again.

        :returns: whether it was a 200.
        """
        self.waits = False
        if response.status == 500:
            assert int(response.headers.get("Retry-After") or 0) > 0, "RFC 3261 10.3, step 7"
            self.refused.append(self.asked)
            return False
        assert response.status == 200, response.status
        assert place_of(response) == self.asked, "the answer is to what was asked"
        self.acknowledged = self.asked
        self.refused.clear()
        return True

    def compare(self, response: Response, *, crashed: bool) -> None:
        """
        It asked what is stored of it, and *response* says so.

        :param crashed: the server has been killed meanwhile: what it had not acknowledged
            may be stored, or not.
        :raises AssertionError: anything else than what it was told last is stored.
        """
        assert response.status == 200, response.status
        found = place_of(response)
        possible = [self.acknowledged]
        if crashed:
            possible += self.refused + ([self.asked] if self.waits else [])
        assert found in possible, f"{self.number} finds {found}, not any of {possible}"
        self.acknowledged = found
        self.waits = False
        self.refused.clear()


def place_of(response: Response) -> Place:
    """
    Where the 200 says that a phone is.

    :raises AssertionError: at two places at once.
    """
    places = [_place(contact) for contact in response.contacts]
    assert len(places) <= 1, places
    return places[0] if places else None


def _place(contact: NameAddr) -> str:
    return f"<{contact.uri_text}>;q={contact.param('q')}"

"""
The answers of push services, one row each: what it says, and what there is to do about it.

A provider looks its answers up here and docs/answers is written from the same rows, so that
what is documented is what is done.
"""

from __future__ import annotations

from typing import Final

from sippn.binding import PushOutcome, Verdict
from sippn.value import value_class

NOTHING: Final = "nothing: "
"""A cure begins with it where there is none to do, and says why there is none."""


@value_class
class Row:
    """
    What one answer says about a push.

    :ivar meaning: in a sentence without its full stop, for the operator.
    :ivar cure: what to do about it; empty: nothing, sippn does it.  See :data:`NOTHING`.
    """

    verdict: Verdict
    meaning: str
    cure: str = ""

    @property
    def advice(self) -> str:
        """Both, for a line of the log."""
        if self.cure.startswith(NOTHING):
            return f"{self.meaning}; {self.cure.removeprefix(NOTHING)}"
        return f"{self.meaning}: {self.cure}" if self.cure else self.meaning

    def outcome(
        self,
        detail: str,
        pns_id: str = "",
        retry_after: float | None = None,
        gone_since: float | None = None,
    ) -> PushOutcome:
        """The outcome of a push that was answered so; *detail* is the PNS's own code."""
        return PushOutcome(
            self.verdict, pns_id, detail, retry_after, gone_since, advice=self.advice
        )

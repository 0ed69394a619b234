"""
What there is to say about Contacts that look like push and are not pushed (N-08, N-24).

Without it nobody knows why a phone does not ring: its app says in its own words how it is
pushed, or an SBC on the way removes them, and all that is seen is an ordinary registration.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Sequence
from typing import ClassVar, Final

from attrs import define, field
from twisted.logger import Logger

from sippn.binding import AOR, Binding, PushState, Record
from sippn.registrar.reading import Reading

MOST_AORS: Final = 4096
"""AORs of which is remembered that the log has been told."""

STRIPPED: Final = "no push parameters any more: has something on the way removed them?"
MISSING: Final = "+sip.pnsreg and no push parameters: has something on the way removed them?"
_ON_THE_WAY: Final = frozenset({STRIPPED, MISSING})

_AGENT: Final = "399 sippn"  # a pseudonym: which hosts there are is nobody's to know
_LONGEST: Final = 200  # characters
_NOT_PLAIN: Final = re.compile(r"[^ !#-\[\]-~]")  # what a quoted-string would have to escape


def warning_field(remark: str) -> tuple[str, str]:
    """
    A Warning with *remark* (RFC 3261 section 20.43).

    Its code, 399, is for people who read a trace: no UA acts upon it.
    """
    return ("Warning", f'{_AGENT} "{_NOT_PLAIN.sub("?", remark[:_LONGEST])}"')


@define(eq=False)
class Remarks:
    """
    Tells the UA in each answer, and the log once of each AOR.

    UAs that are refused ask again and again, some of them every few seconds.

    :ivar _told: what the log was told last, the latest at the end: AORs, each with whether
        it was told that something on the way may be to blame.
    """

    _told: OrderedDict[tuple[AOR, bool], None] = field(factory=OrderedDict, init=False)
    _log: ClassVar[Logger] = Logger()

    def tell(self, aor: AOR, remark: str) -> None:
        """Tell the log of *remark*, which has no PRID, unless it knows of *aor* already."""
        about = (aor, remark in _ON_THE_WAY)
        if about in self._told:
            self._told.move_to_end(about)
            return
        self._told[about] = None
        if len(self._told) > MOST_AORS:
            self._told.popitem(last=False)
        self._log.warn("{aor} is not pushed: {remark}", aor=aor, remark=remark)

    def fields(
        self,
        aor: AOR,
        reading: Reading,
        problems: Sequence[str],
        registered: Sequence[Binding],
        before: Record | None,
    ) -> list[tuple[str, str]]:
        """
        The Warnings for the answer to *reading*; the log is told as well.

        :param problems: why Contacts that ask to be pushed are not.
        :param registered: the bindings it made or refreshed; *before*: what was stored then.
        """
        remarks = list(problems)
        for contact in () if reading.pushed_elsewhere else reading.contacts:
            if contact.push is None and contact.expires != 0:
                if contact.refreshes_itself:
                    remarks.append(MISSING)
                elif before is not None and _was_pushed(contact.uri_text, registered, before):
                    remarks.append(STRIPPED)
        if not remarks:
            return []
        for remark in remarks:
            self.tell(aor, remark)
        return [warning_field(remark) for remark in dict.fromkeys(remarks)]


def _was_pushed(contact: str, registered: Sequence[Binding], before: Record) -> bool:
    """
    Whether the binding that *contact* has just refreshed was pushed until then.

    A UA that takes its push back is allowed to (RFC 8599 section 4.1.2), so nobody is sure.
    """
    ids = [binding.id for binding in registered if binding.contact == contact]
    return any(
        old.push_target is not None or old.push_state is PushState.ELSEWHERE
        for old in before.bindings
        if old.id in ids
    )

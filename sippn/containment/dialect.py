"""A dialect that does no harm, whatever it does."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from attrs import Factory, define, field
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from sippn.binding import PushRequest, PushTarget
from sippn.containment.complaints import Complaints
from sippn.dialect.names import TAG_VALUE
from sippn.errors import SIPError
from sippn.interfaces import IPushDialect
from sippn.sip import NameAddr, Request

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_LONGEST: Final = 180  # seconds that any request waits


@implementer(IPushDialect)
@define(eq=False, repr=False)
class ContainedDialect:
    """
    A dialect that is passed over where it does not do as its interface says.

    The phone may speak another one, which who comes next understands; and one that nobody
    understands is promised nothing.
    """

    _dialect: IPushDialect
    _clock: IReactorTime
    _complaints: Complaints = field(
        init=False,
        default=Factory(lambda self: Complaints.about(self._dialect, self._clock), takes_self=True),
    )

    def read(self, register: Request, contact: NameAddr) -> PushRequest | None:
        """Ask it; None, if it cannot say.  :raises SIPError: it refuses."""
        try:
            push = self._dialect.read(register, contact)
        except SIPError:
            raise
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            self._complaints.broke("read", error)
            return None
        if push is None or _is_request(push):
            return push
        self._complaints.nonsense("read", push)
        return None


def _is_request(push: object) -> bool:
    """Whether those who come after can rely on it: they write it into answers and stores."""
    if not isinstance(push, PushRequest):
        return False
    if not _are_texts((push.pns, push.provider, push.problem, push.dialect)):
        return False
    if push.target is None:
        return True
    named = TAG_VALUE.fullmatch(push.pns) is not None
    return named and not push.problem and _is_target(push.target)


def _is_target(target: object) -> bool:
    if not isinstance(target, PushTarget) or not target.prid:
        return False
    pairs = (target.tokens, target.hints)
    return (
        _are_texts((target.provider, target.param, target.prid, target.app))
        and all(type(each) is tuple and all(map(_is_pair, each)) for each in pairs)
        and type(target.sandbox) is bool
        and (
            target.delay is None
            or (type(target.delay) in (int, float) and 0 <= target.delay <= _LONGEST)
        )
    )


def _is_pair(pair: object) -> bool:
    return type(pair) is tuple and len(pair) == 2 and _are_texts(pair)


def _are_texts(words: Iterable[object]) -> bool:
    """Octets of a message that are no UTF-8 are surrogates in a text, which no store can write."""
    return all(isinstance(word, str) and _SURROGATE.search(word) is None for word in words)

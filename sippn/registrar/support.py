"""What push support there is, and what a 2xx may promise (RFC 8599 section 5.6.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from sippn.binding import Capability, Grant, PushKind, PushTarget, Refresh
from sippn.interfaces import IPushProvider
from sippn.registrar.reading import AskedContact, Reading
from sippn.registrar.settings import PushRegistration
from sippn.sip import URI, FeatureCaps
from sippn.value import value_class

_PNS = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]{1,64}")  # G-04: what a Feature-Caps can say
_ANY_PRID = "?"
_LEAST_PNSREG = 121  # RFC 8599 section 5.6.1.1: bigger than 120


@value_class
class Promise:
    """
    What is promised to the UA, and so what will be done.

    :ivar targets: whom to push, for each Contact in order; None: nobody.
    :ivar refreshes: whether it is pushed before it expires, for each Contact in order.
    :ivar feature_caps: one for each PNS (F-01).
    """

    targets: tuple[PushTarget | None, ...]
    refreshes: tuple[Refresh, ...]
    feature_caps: tuple[FeatureCaps, ...] = ()


@value_class
class PushSupport:
    """Asks the providers about Contacts."""

    _push: IPushProvider

    def target(self, contact: AskedContact) -> PushTarget | None:
        """Whom to push for *contact*; None: no provider can (P-012)."""
        push = contact.push
        if push is None or push.prid is None:
            return None
        target = PushTarget(contact.pns, push.param, push.prid)
        return target if self._can(target) else None

    def capabilities(self, contact: AskedContact) -> Sequence[Capability]:
        """What to tell *contact*, which asks about one PNS or about all (P-019, P-022)."""
        if not contact.pns:
            return self._push.capabilities
        listed = [known for known in self._push.capabilities if known.pns == contact.pns]
        param = contact.push.param if contact.push else ""
        if not listed and self._can(PushTarget(contact.pns, param, _ANY_PRID)):
            return [Capability(contact.pns)]  # a provider that serves any PNS cannot list them
        return listed

    def capability(self, pns: str) -> Capability:
        """What there is to say about *pns*, which some provider serves."""
        for known in self._push.capabilities:
            if known.pns == pns:
                return known
        return Capability(pns)

    def refresh(self, target: PushTarget | None, by_itself: bool) -> Refresh:
        """
        Whether *target* is pushed before its binding expires.

        A target good for calls alone is not, however its UA sleeps (R-04).

        :param by_itself: it was promised that it will have been in time by itself (P-027).
        """
        if target is None or not self._push.can_push(target, PushKind.REFRESH):
            return Refresh.NEVER
        return Refresh.LATE if by_itself else Refresh.PUSHED

    def _can(self, target: PushTarget) -> bool:
        named = _PNS.fullmatch(target.provider) is not None
        return named and self._push.can_push(target, PushKind.CALL)


def promise(
    reading: Reading, grant: Grant, support: PushSupport, settings: PushRegistration
) -> Promise:
    """
    Promise exactly what will be done: no push without Feature-Caps, and none the other
    way round (U-03, P-015, P-016).

    Feature-Caps speak of a PNS, not of a Contact: where one Contact of a PNS cannot be
    promised anything, the others are not either.
    """
    asked = list(zip(reading.contacts, grant.expires, strict=True))
    targets: list[PushTarget | None] = []  # no comprehensions: they cost a call each
    unkept: list[str] = []
    for contact, (_, seconds) in asked:
        reached = seconds > settings.refresh_lead and not reading.pushed_elsewhere
        target = support.target(contact) if reached else None
        if target is None and seconds > 0 and contact.wants_push:
            unkept.append(contact.pns)
        targets.append(target)
    if unkept:
        targets = [None if target and target.provider in unkept else target for target in targets]
    caps = _all_caps(asked, targets, support, settings)
    refreshes: list[Refresh] = []
    for (contact, _), target in zip(asked, targets, strict=True):
        by_itself = contact.refreshes_itself and _is_told_when(target, caps)
        refreshes.append(support.refresh(target, by_itself))
    for pns in unkept:
        caps.pop(pns, None)
    return Promise(tuple(targets), tuple(refreshes), tuple(caps.values()))


def _all_caps(
    asked: Sequence[tuple[AskedContact, tuple[URI, int]]],
    targets: Sequence[PushTarget | None],
    support: PushSupport,
    settings: PushRegistration,
) -> dict[str, FeatureCaps]:
    """What to tell of each PNS that is promised, or asked about."""
    caps: dict[str, FeatureCaps] = {}
    for (contact, (_, seconds)), target in zip(asked, targets, strict=True):
        if target is not None:
            caps[target.provider] = _caps(support, contact, seconds, settings)
        elif seconds > 0 and contact.asks_support:
            for known in support.capabilities(contact):
                caps.setdefault(known.pns, FeatureCaps(known.pns, known.vapid))
    return caps


def _is_told_when(target: PushTarget | None, caps: Mapping[str, FeatureCaps]) -> bool:
    return target is not None and caps[target.provider].pnsreg is not None


def _caps(
    support: PushSupport, contact: AskedContact, granted: int, settings: PushRegistration
) -> FeatureCaps:
    """``sip.pnsreg`` only to a UA that asked, and that lives long enough to heed it (P-018)."""
    known = support.capability(contact.pns)
    seconds = max(settings.pnsreg, _LEAST_PNSREG)
    heeded = contact.refreshes_itself and granted > seconds
    return FeatureCaps(known.pns, known.vapid, seconds if heeded else None)

"""What push support there is, and what a 2xx may promise (RFC 8599 section 5.6.1)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from attrs import evolve

from sippn.binding import Capability, Grant, PushKind, PushTarget, Refresh
from sippn.interfaces import IPushProvider
from sippn.registrar.reading import AskedContact, Reading
from sippn.registrar.settings import PushRegistration
from sippn.sip import FeatureCaps
from sippn.value import value_class

_PNS = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]{1,64}")  # G-04: what a Feature-Caps can say
_SHORT = re.compile(r"[A-Za-z0-9\-._]{1,24}")
_ANY_PRID = "?"
_LEAST_PNSREG = 121  # RFC 8599 section 5.6.1.1: bigger than 120


@value_class
class Promise:
    """
    What is promised to the UA, and so what will be done.

    :ivar targets: whom to push, for each Contact in order; None: nobody.
    :ivar refreshes: whether it is pushed before it expires, for each Contact in order.
    :ivar feature_caps: one for each PNS (F-01).
    :ivar in_dialogs: (PNS, target) pairs: whom a request in a dialog wakes, too, so that a
        PURR is due beside that PNS (RFC 8599 section 6.2.1).
    :ivar problems: why Contacts that ask to be pushed are not; none has a PRID.
    """

    targets: tuple[PushTarget | None, ...]
    refreshes: tuple[Refresh, ...]
    feature_caps: tuple[FeatureCaps, ...] = ()
    in_dialogs: tuple[tuple[str, PushTarget], ...] = ()
    problems: tuple[str, ...] = ()

    def kept(self, reading: Reading, pushed: Sequence[PushTarget | None]) -> Promise:
        """
        What of it holds where only *pushed* are: of several Contacts that are one UA the last
        counts, and what it does not want nobody is told of (U-03).
        """
        asked = zip(reading.contacts, self.targets, strict=True)
        void = {contact.pns for contact, target in asked if target and target not in pushed}
        if not void:
            return self
        return evolve(
            self,
            feature_caps=tuple([one for one in self.feature_caps if one.pns not in void]),
            in_dialogs=tuple([one for one in self.in_dialogs if one[0] not in void]),
        )


@value_class
class PushSupport:
    """Asks the providers about Contacts, whatever these call their PNS."""

    _push: IPushProvider

    def target(self, contact: AskedContact) -> PushTarget | None:
        """Whom to push for *contact*; None: no provider can (P-012)."""
        push = contact.push
        if push is None or push.target is None or _PNS.fullmatch(push.pns) is None:
            return None
        return push.target if self._push.can_push(push.target, PushKind.CALL) else None

    def capabilities(self, contact: AskedContact) -> Sequence[Capability]:
        """
        What to tell *contact*, which asks about one PNS or about all (P-019, P-022).

        Of the one that it names, by that name: another would tell it nothing.
        """
        push = contact.push
        if push is None or not push.pns:
            return self._push.capabilities
        if _PNS.fullmatch(push.pns) is None:
            return ()
        for known in self._push.capabilities:
            if known.pns == push.provider:
                return [Capability(push.pns, known.vapid)]
        if self._push.can_push(PushTarget(push.provider, "", _ANY_PRID), PushKind.CALL):
            return [Capability(push.pns)]  # a provider that serves any PNS cannot list them
        return ()

    def vapid(self, provider: str) -> str | None:
        """The VAPID key of *provider*, which is served (P-017)."""
        for known in self._push.capabilities:
            if known.pns == provider:
                return known.vapid
        return None

    def refresh(self, target: PushTarget | None, by_itself: bool) -> Refresh:
        """
        Whether *target* is pushed before its binding expires.

        A target good for calls alone is not, however its UA sleeps (R-04).

        :param by_itself: it was promised that it will have been in time by itself (P-027).
        """
        if target is None or not self._push.can_push(target, PushKind.REFRESH):
            return Refresh.NEVER
        return Refresh.LATE if by_itself else Refresh.PUSHED

    def wakes_in_dialogs(self, target: PushTarget) -> bool:
        """Whether *target* is good for a request in a dialog, which need not ring."""
        return self._push.can_push(target, PushKind.MID_DIALOG)

    def why_not(self, contact: AskedContact) -> str:
        """Why *contact* is not pushed, or not answered what it asks; never has its PRID."""
        push = contact.push
        if push is None or not (push.pns or push.problem):
            return "no PNS is served here"
        if push.problem:
            return push.problem
        if self.target(contact) is not None:
            return "it expires before a push could refresh it"
        # a PRID in the wrong place is longer than any name of a PNS
        name = push.pns if _SHORT.fullmatch(push.pns) else "this pn-provider"
        if any(known.pns == push.provider for known in self._push.capabilities):
            return f"{name} is served here, but not with this pn-param and pn-prid"
        return f"{name} is not served here"


def promise(
    reading: Reading, grant: Grant, support: PushSupport, settings: PushRegistration
) -> Promise:
    """
    Promise exactly what will be done: no push without Feature-Caps, and none the other
    way round (U-03, P-015, P-016).

    Feature-Caps speak of a PNS, not of a Contact: where one Contact of a PNS cannot be
    promised anything, the others are not either.  They call it as the UA does.
    """
    targets, unkept = _targets(reading, grant, support, settings)
    caps = _all_caps(reading, grant, targets, support, settings)
    for contact in unkept:
        caps.pop(contact.pns, None)
    refreshes: list[Refresh] = []  # no comprehensions: they cost a call each
    in_dialogs: list[tuple[str, PushTarget]] = []
    for contact, target in zip(reading.contacts, targets, strict=True):
        if target is None:
            refreshes.append(Refresh.NEVER)
            continue
        by_itself = contact.refreshes_itself and caps[contact.pns].pnsreg is not None
        refreshes.append(support.refresh(target, by_itself))
        if settings.purr and support.wakes_in_dialogs(target):
            in_dialogs.append((contact.pns, target))
    return Promise(
        tuple(targets),
        tuple(refreshes),
        tuple(caps.values()),
        tuple(in_dialogs if len(targets) == 1 else _unambiguous(in_dialogs, reading, targets)),
        () if reading.pushed_elsewhere else tuple([support.why_not(one) for one in unkept]),
    )


def _targets(
    reading: Reading, grant: Grant, support: PushSupport, settings: PushRegistration
) -> tuple[list[PushTarget | None], list[AskedContact]]:
    """Whom to push, for each Contact; and the Contacts that ask for that in vain."""
    targets: list[PushTarget | None] = []
    unkept: list[AskedContact] = []
    for contact, (_, seconds) in zip(reading.contacts, grant.expires, strict=True):
        target = None
        if seconds > settings.refresh_lead and not reading.pushed_elsewhere:
            target = support.target(contact)
        if target is None and seconds > 0 and contact.wants_push:
            unkept.append(contact)
        targets.append(target)
    if unkept:
        names = [contact.pns for contact in unkept]
        for place, contact in enumerate(reading.contacts):
            if contact.pns in names:
                targets[place] = None
    return targets, unkept


def _all_caps(
    reading: Reading,
    grant: Grant,
    targets: Sequence[PushTarget | None],
    support: PushSupport,
    settings: PushRegistration,
) -> dict[str, FeatureCaps]:
    """What to tell of each PNS that is promised, or asked about."""
    caps: dict[str, FeatureCaps] = {}
    for place, contact in enumerate(reading.contacts):
        target, (_, seconds) = targets[place], grant.expires[place]
        if target is not None:
            vapid = support.vapid(target.provider)
            caps[contact.pns] = FeatureCaps(contact.pns, vapid, _pnsreg(contact, seconds, settings))
        elif seconds > 0 and contact.asks_support:
            for known in support.capabilities(contact):
                caps.setdefault(known.pns, FeatureCaps(known.pns, known.vapid))
    return caps


def _pnsreg(contact: AskedContact, granted: int, settings: PushRegistration) -> int | None:
    """``sip.pnsreg`` only to a UA that asked, and that lives long enough to heed it (P-018)."""
    if not contact.refreshes_itself:
        return None
    seconds = max(settings.pnsreg, _LEAST_PNSREG)
    return seconds if granted > seconds else None


def _unambiguous(
    found: Sequence[tuple[str, PushTarget]],
    reading: Reading,
    targets: Sequence[PushTarget | None],
) -> list[tuple[str, PushTarget]]:
    """
    Those of *found* that are the only Contact of their PNS that is pushed.

    A PURR stands beside a PNS and means one binding: of two nobody could say whose it is
    (F-03).
    """
    pushed = zip(reading.contacts, targets, strict=True)
    names = [contact.pns for contact, target in pushed if target is not None]
    return [(pns, target) for pns, target in found if names.count(pns) == 1]

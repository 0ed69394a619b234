"""
Which token of a target a push goes to (REQUIREMENTS N-29, R-04).
"""

from __future__ import annotations

from typing import TypeAlias

from sippn.binding.values import PushKind, PushTarget

VOIP = "voip"
_ANY = ""

# provider, app, sandbox, service, token: a credential, so nobody logs it
Address: TypeAlias = tuple[str, str, bool, str, str]


def service_for(target: PushTarget, kind: PushKind) -> tuple[str, str] | None:
    """
    The service and the token for a push of *kind* to *target*; None: it has none for that.

    An iOS app that gets a VoIP push has to ring, or iOS stops it: that token is the one for
    calls, and for nothing else.  A PNS without services has one token for all.
    """
    if not target.tokens:
        return (_ANY, target.prid)
    if kind is PushKind.CALL:
        for service in target.tokens:
            if service[0] == VOIP:
                return service
    for service in target.tokens:
        if service[0] != VOIP:
            return service
    return None


def services_of(target: PushTarget) -> tuple[tuple[str, str], ...]:
    """Each service of *target* with its token; one without a name where the PRID is the token."""
    return target.tokens or ((_ANY, target.prid),)


def address_for(target: PushTarget, kind: PushKind) -> Address | None:
    """
    Where a push of *kind* to *target* goes; None: nowhere.

    One push to an address is one for all that have it, and so is what the PNS says of it:
    the UA of several accounts, or of two services, has it once (REQUIREMENTS N-28, N-29).
    The app belongs to it, since a PRID under a wrong ``pn-param`` reaches nobody; how the
    user is to be alerted does not.
    """
    service = service_for(target, kind)
    return None if service is None else address_of(target, service)


def address_of(target: PushTarget, service: tuple[str, str]) -> Address:
    """Where a push by *service*, one of those of *target*, goes."""
    return (target.provider, target.app or target.param, target.sandbox, *service)

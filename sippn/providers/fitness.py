"""What a target is good for, whoever pushes it."""

from __future__ import annotations

from sippn.binding import PushKind, PushTarget

_APNS = frozenset({"apns", "apns.dev"})  # the second is liblinphone's sandbox
_VOIP = "voip"
_NOT_BY_VOIP = frozenset({PushKind.REFRESH, PushKind.CANCEL})


def fit_for(target: PushTarget, kind: PushKind) -> bool:
    """
    Whether a push of *kind* may be sent to *target*.

    An iOS app that gets a VoIP push has to ring, or iOS stops it: so a target whose only
    service is that is no good for what must not ring (R-04).  The service is the last
    label of APNs' ``pn-param`` (RFC 8599 section 9.2); ``voip&remote`` names two.
    """
    if kind not in _NOT_BY_VOIP or target.provider not in _APNS:
        return True
    return target.param.rpartition(".")[2].lower() != _VOIP

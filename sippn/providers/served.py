"""Which PNS a provider serves that leaves all else to others."""

from __future__ import annotations

from collections.abc import Sequence

from sippn.binding import Capability, PushTarget


def capabilities_of(pn_provider: str | None) -> Sequence[Capability]:
    """What is promised for *pn_provider*; nothing for None, any: there is no list of them."""
    return () if pn_provider is None else (Capability(pn_provider),)


def is_served(pn_provider: str | None, target: PushTarget) -> bool:
    """Whether *target* is of the PNS *pn_provider*; None: it is, whatever it is of."""
    return pn_provider in (None, target.provider) and bool(target.prid)

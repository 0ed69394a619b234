"""What a push service is called in the log."""

from __future__ import annotations

from sippn.interfaces import IPushProvider


def name_of(provider: IPushProvider, lane: str) -> str:
    """The PNS that *provider* reaches, and which of its lanes; no part of a PRID."""
    name = ", ".join(capability.pns for capability in provider.capabilities) or "some app"
    return f"{name}, {lane}," if lane else name

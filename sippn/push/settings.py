"""How hard push services may be asked; 0 means no limit."""

from __future__ import annotations

from attrs import frozen


@frozen
class PushLimits:
    """
    What keeps a push service from being flooded, and sippn from waiting on a dead one.

    :ivar pushes_per_second: in all; what is more waits for its turn inside its deadline.
    :ivar in_flight_per_provider: requests that a provider may have unanswered, each lane of
        it apart (:class:`~sippn.interfaces.IPushLanes`).
    """

    pushes_per_second: int = 500
    in_flight_per_provider: int = 100

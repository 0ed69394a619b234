"""What an operator decides about what is due."""

from __future__ import annotations

from attrs import frozen


@frozen
class UpkeepSettings:
    """
    How refresh pushes are spread.

    :ivar restart_spread: seconds over which those leave that came due while the server was
        down; 0: as soon as they may.
    """

    restart_spread: float = 60

"""
What is arranged once for the whole process.
"""

from __future__ import annotations

import gc
import resource
import time
from typing import Any

OTHER_DESCRIPTORS = 192  # of the log, the store, the push services, name look-ups, listeners


def count_monotonic_time(reactor: Any) -> None:
    """
    Let the reactor's timers run on the clock that nobody sets.

    Twisted counts them by the wall clock: set back by an hour, every timer would be an
    hour late. It asks ``seconds`` for all of them, and none is running yet.
    """
    reactor.seconds = time.monotonic


def spare_the_collector() -> None:
    """
    Let garbage be looked for seldom: a full collection stalls every call for half a second.

    What is loaded by now stays; what serves a message goes by reference counting.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def room_for_connections(wanted: int) -> int:
    """
    Let this process open as many files as it may, and say how many may be connections.

    Who connects and connects must not take the descriptor that a push needs.

    :param wanted: what the configuration allows; 0: any number.
    :returns: at most that, so that enough is left for all else.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
        except (OSError, ValueError):  # a hard limit beyond what the kernel takes
            soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    room = max(1, soft - OTHER_DESCRIPTORS)
    return min(wanted, room) if wanted else room

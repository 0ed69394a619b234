"""
What is arranged once for the whole process.
"""

from __future__ import annotations

import resource
import time
from functools import partial
from pathlib import Path
from typing import Any

from sippn.service import Boot

OTHER_DESCRIPTORS = 192  # of the log, the store, the push services, name look-ups, listeners


def count_monotonic_time(reactor: Any) -> None:
    """
    Let the reactor's timers run on the clock that nobody sets.

    Twisted counts them by the wall clock: set back by an hour, every timer would be an
    hour late. It asks ``seconds`` for all of them, and none is running yet.
    """
    reactor.seconds = time.monotonic


def this_boot() -> Boot:
    """Since when this machine runs, by a clock that counts its sleep, too."""
    try:
        name = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except (OSError, ValueError):
        name = ""
    return Boot(name, partial(time.clock_gettime, time.CLOCK_BOOTTIME))


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

"""
``twistd sippn``: its options, and the service that they ask for.

The only place that touches the reactor, the clocks and the process.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

from attrs import evolve
from twisted.application.service import IService
from twisted.logger import LogLevel
from twisted.python import usage

from sippn.config import NOTE, listed
from sippn.errors import ConfigErrors
from sippn.interfaces import Surroundings
from sippn.service import ServerSettings, make_server
from sippn.tap.collector import Collector
from sippn.tap.options import Options
from sippn.tap.process import count_monotonic_time, room_for_connections, this_boot
from sippn.tap.starting import CannotStart, StartingService
from sippn.tap.terminal import say

__all__ = ["CannotStart", "Options", "StartingService", "makeService"]


def makeService(options: Options) -> IService:
    """
    The service that *options* ask for.

    :raises SystemExit: the demo is over, or a file that the configuration names cannot be
        used.
    """
    from twisted.internet import reactor  # noqa: PLC0415 - it installs the default one

    count_monotonic_time(reactor)
    if options.demo:
        from sippn.demo import perform  # noqa: PLC0415 - a server has no use for it

        perform(reactor, options["demo-calls"], say)
    checked = options.checked
    if checked is None:
        raise usage.UsageError("the options were never parsed")
    around = Surroundings(reactor=reactor, clock=reactor, wall=time.time, entropy=os.urandom)
    settings, short = _within_the_process(checked.settings)
    try:
        server = make_server(settings, around, boot=this_boot())
    except ConfigErrors as errors:
        raise SystemExit(listed(errors, options["config"])) from None
    notes = [(LogLevel.info, NOTE)] if options["config"] is None else []
    notes += [(LogLevel.warn, f"warning: {what}") for what in (*checked.warnings, *short)]
    service = StartingService(server, settings.listen, notes)
    figures = server.figures
    Collector(around.clock, figures.pauses, figures.parking.__len__).setServiceParent(service)
    return service


def _within_the_process(settings: ServerSettings) -> tuple[ServerSettings, Sequence[str]]:
    """*settings* with as many connections as there can be; and a warning where that is fewer."""
    wanted = settings.streams.connections
    room = room_for_connections(wanted)
    streams = evolve(settings.streams, connections=room)
    short = (
        f"limits.connections: {room} and not {wanted}, for this process may not open more files:"
        " raise its limit (ulimit -n, or systemd's LimitNOFILE)"
    )
    return evolve(settings, streams=streams), [short] if room < wanted else []

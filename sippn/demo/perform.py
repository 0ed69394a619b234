"""
The demo as a process: the terminal is its own, and its exit code says how it went.

twistd has no way to end with a code once its reactor ran, so the demo does not run
inside twistd's application: :func:`twisted.internet.task.react` runs it, while
twistd still makes the service.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import Any, NoReturn, TextIO

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import react
from twisted.logger import (
    FilteringLogObserver,
    ILogObserver,
    LogLevel,
    LogLevelFilterPredicate,
    globalLogBeginner,
    textFileLogObserver,
)

from sippn.demo.service import Demo
from sippn.interfaces import Surroundings


def make_demo(
    reactor: Any, clock: IReactorTime, calls: int | None, out: Callable[[str], None]
) -> Demo:
    """
    The demo, not started.

    :param calls: how many to play; None: until it is stopped.
    :param out: shows text; it may have several lines.
    """
    around = Surroundings(reactor=reactor, clock=clock, wall=time.time, entropy=os.urandom)
    return Demo(around, calls, out)


def run_demo(
    reactor: Any, clock: IReactorTime, calls: int | None, out: Callable[[str], None]
) -> Deferred[None]:
    """
    Start the demo, and stop it with the reactor: a main function for ``react``.

    :returns: fires when it is over, with SystemExit 1 if a call was not woken as it should.
    """
    demo = make_demo(reactor, clock, calls, out)
    demo.startService()
    reactor.addSystemEventTrigger("before", "shutdown", demo.stopService)
    return demo.finished.addCallback(_or_exit)


def perform(clock: IReactorTime, calls: int | None, out: Callable[[str], None]) -> NoReturn:
    """
    Run the demo in the global reactor, and end the process.

    Of the log only errors are shown, on standard error.

    :raises SystemExit: always; 0 if every call was woken exactly once.
    """
    globalLogBeginner.beginLoggingTo([errors_only(sys.stderr)], redirectStandardIO=False)
    react(run_demo, (clock, calls, out))


def errors_only(stream: TextIO) -> ILogObserver:
    """A log observer that leaves the terminal alone until something goes wrong."""
    level = LogLevelFilterPredicate(defaultLogLevel=LogLevel.error)
    return FilteringLogObserver(textFileLogObserver(stream), [level])


def _or_exit(woken: bool) -> None:
    if not woken:
        raise SystemExit(1)

"""Where the command meets the reactor, the log and the terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from io import TextIOWrapper
from pathlib import Path
from traceback import extract_tb
from typing import Any

import click
from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent, globalLogBeginner
from twisted.python.failure import Failure
from zope.interface import provider

from sippn.cli.push_test import PushTest, surroundings
from sippn.cli.wish import CannotTry, Wish
from sippn.config import listed, load
from sippn.errors import ConfigErrors

ACCEPTED, NOT_ACCEPTED, NOT_TRIED = 0, 1, 2
INTERRUPTED = 130  # as shells say of whom Ctrl-C has ended


def run_push_test(wish: Wish, environ: Mapping[str, str]) -> int:
    """
    Do what *wish* says.

    :param environ: the process's environment, for the configuration.
    :returns: the exit status.
    """
    globalLogBeginner.beginLoggingTo([_observe], redirectStandardIO=False)
    if isinstance(sys.stdout, TextIOWrapper):  # not every terminal has "…"
        sys.stdout.reconfigure(errors="replace")
    try:
        checked = load(wish.config, environ)
        return _in_the_reactor(wish, checked.settings)
    except ConfigErrors as errors:
        click.echo(listed(errors, wish.config), err=True)
    except CannotTry as error:
        click.echo(str(error), err=True)
    except KeyboardInterrupt:
        return _interrupted()
    except Exception as error:  # noqa: BLE001 - a traceback helps nobody who tries a push
        click.echo(f"this broke: {_where(error)}: a bug in sippn, please report it", err=True)
    return NOT_TRIED


def _in_the_reactor(wish: Wish, settings: Any) -> int:
    from twisted.internet import reactor  # noqa: PLC0415 - it installs the default one

    course = _Course(reactor)
    test = PushTest(wish, settings, surroundings(reactor, os.urandom), course.say)
    running: Any = reactor
    running.callWhenRunning(course.begin, test)
    running.run()
    if course.interrupted:
        return _interrupted()
    if isinstance(course.result, Failure):
        course.result.raiseException()
    return ACCEPTED if course.result else NOT_ACCEPTED


@define(eq=False)
class _Course:
    """
    A push test from its beginning to its end, or to Ctrl-C.

    :ivar result: what it ended with.
    :ivar interrupted: somebody else has stopped the reactor, which cuts all connections: what
        the test makes of that is of no interest.
    """

    _reactor: Any
    result: Any = field(default=None, init=False)
    interrupted: bool = field(default=False, init=False)
    _running: Deferred[bool] = field(init=False)

    def begin(self, test: PushTest) -> None:
        """Start *test*; its end is that of the reactor."""
        self._reactor.addSystemEventTrigger("before", "shutdown", self._interrupt)
        self._running = Deferred.fromCoroutine(test.run())
        self._running.addBoth(self._end)

    def say(self, text: str) -> None:
        """Show *text*."""
        if not self.interrupted:
            _say(text)

    def _end(self, result: Any) -> None:
        if not self.interrupted:
            self.result = result
            self._reactor.stop()

    def _interrupt(self) -> None:
        if not self._running.called:
            self.interrupted = True
            self._running.cancel()


def _interrupted() -> int:
    click.echo("interrupted", err=True)
    return INTERRUPTED


def _where(error: Exception) -> str:
    """Its kind and place, without its text, in which a token may stand."""
    last = extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(last.filename).name}, line {last.lineno}"


def _say(text: str) -> None:
    try:
        click.echo(text)
    except BrokenPipeError:  # it was piped into a pager that ended: the push goes on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@provider(ILogObserver)
def _observe(event: LogEvent) -> None:
    """Show what is a warning at least, as one line."""
    level = event.get("log_level", LogLevel.info)
    if level >= LogLevel.warn:
        line, _, _ = formatEvent(event).partition("\n")
        click.echo(f"{level.name}: {line}", err=True)

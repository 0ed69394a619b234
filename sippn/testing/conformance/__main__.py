"""``python -m sippn.testing.conformance``: the suite as a command."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn

from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.task import react
from twisted.logger import (
    FilteringLogObserver,
    LogLevel,
    LogLevelFilterPredicate,
    globalLogBeginner,
    textFileLogObserver,
)
from twisted.python import usage

from sippn.testing.conformance import Failed, Options, Receiver, Result, Run, Scenario, Verdict
from sippn.testing.conformance.verdicts import words

Say = Callable[[str], None]


def line(one: Scenario, result: Result, *, show: bool = False) -> str:
    """
    What is said of one scenario; why it failed, or was skipped, stands below.

    :param show: what was said stands there, too, if it failed.
    """
    first = f"{result.verdict.value:8}{result.seconds:6.2f} s  {one.ids}: {one.what}"
    below = [result.reason] if result.reason else []
    if show and result.verdict is Verdict.FAILED:
        below += result.transcript
    return "\n".join([first, *(f"{'':18}{text}" for text in below)])


async def run(reactor: Any, options: Options, say: Say) -> None:
    """
    Play what is asked for.

    :raises SystemExit: 1 if the server failed in anything, 2 if it was never asked.
    """
    receiver = Receiver(reactor)
    webhook = options.subject.webhook
    try:
        receiver.start(webhook.port, webhook.host)
    except CannotListenError as error:
        raise _no_run(f"--webhook {webhook}: {error.socketError}") from None
    playing = Run(
        options.subject,
        options.users,
        reactor,
        receiver,
        lambda one, result: say(line(one, result, show=bool(options["show"]))),
        options.at_once,
    )
    await _meet(playing)
    results = await playing.play(options.scenarios)
    await receiver.stop()
    count = Counter(result.verdict for result in results.values())
    say(", ".join(f"{count[verdict]} {verdict.value}" for verdict in Verdict))
    if count[Verdict.FAILED]:
        raise SystemExit(1)


async def _meet(playing: Run) -> None:
    """
    See that there is a server, and that it knows its users.

    :raises SystemExit: there is none, or it does not.
    """
    where = f"{playing.subject.transport} {playing.subject.address}"
    try:
        answer = await playing.greet()
    except Failed as failure:
        raise _no_run(f"nobody is at {where}: {failure}") from None
    if answer.status >= 300:
        raise _no_run(
            f"{where} answers {words(answer)} to a REGISTER: see --domain, --users and --password"
        )


def _no_run(why: str) -> SystemExit:
    """The end of a run that did not begin: it says nothing about the server."""
    sys.stderr.write(f"{why}\n")
    return SystemExit(2)


def main(arguments: list[str], say: Say) -> NoReturn:
    """
    Read the command line, and do what it says.

    :raises SystemExit: always; 0 if nothing failed, 1 if the server did, 2 for wrong words, or
        where nobody answers.
    """
    options = Options()
    try:
        options.parseOptions(arguments)
    except usage.UsageError as error:
        raise _no_run(f"{error}\n{options.getSynopsis()}\n(--help says more)") from None
    if options["list"]:
        for one in options.scenarios:
            say(f"{one.name}\n    {one.ids}: {one.what}{' (optional)' if one.optional else ''}")
        raise SystemExit(0)
    only_errors = LogLevelFilterPredicate(defaultLogLevel=LogLevel.error)
    log = FilteringLogObserver(textFileLogObserver(sys.stderr), [only_errors])
    globalLogBeginner.beginLoggingTo([log], redirectStandardIO=False, discardBuffer=True)
    react(_main, (options, say))


def _main(reactor: Any, options: Options, say: Say) -> Deferred[None]:
    return ensureDeferred(run(reactor, options, say))


if __name__ == "__main__":
    main(sys.argv[1:], partial(print, flush=True))

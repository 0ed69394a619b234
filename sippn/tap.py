"""
``twistd sippn``: its options, and the service that they ask for.

The only place that touches the reactor, the clocks and the process.
"""

from __future__ import annotations

import errno
import gc
import os
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, NoReturn

from twisted.application.service import IService, MultiService
from twisted.internet.defer import maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.logger import Logger, LogLevel
from twisted.python import usage

from sippn.config import NOTE, Checked, load
from sippn.errors import ConfigErrors
from sippn.interfaces import Surroundings
from sippn.service import Server, make_server
from sippn.transport.settings import ListenSettings

_WHY = {
    errno.EADDRINUSE: "is in use: stop what listens there, or choose another port in [[listen]]",
    errno.EADDRNOTAVAIL: "is no address of this machine: choose another host in [[listen]]",
    errno.EACCES: "may not be opened by this user: start as root, or choose a port above 1023",
}


def _at_least_one(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not int(text):
        raise ValueError("a whole number, at least 1")
    return int(text)


class Options(usage.Options):
    """
    What comes after ``twistd sippn``.

    :ivar checked: the configuration; None for the demo, which has its own.
    """

    longdesc = (
        "A SIP registrar and proxy that wakes sleeping phones (RFC 8599). Without --config it"
        " listens on udp and tcp 127.0.0.1:5060, keeps registrations in sippn.db and logs what it"
        " would push."
    )
    optParameters: ClassVar[list[list[object]]] = [  # noqa: N815 - twisted.python.usage
        ["config", "c", None, "Read this TOML file."],
        ["demo-calls", None, None, "End the demo after so many calls.", _at_least_one],
    ]
    optFlags: ClassVar[list[list[object]]] = [  # noqa: N815 - twisted.python.usage
        ["check", None, "Say what is wrong with the configuration, and end."],
        ["demo", None, "Show a call that wakes a phone, without any network, again and again."],
    ]
    checked: Checked | None = None
    _without_help = False

    @property
    def demo(self) -> bool:
        """Whether the demo was asked for."""
        return bool(self["demo"]) or self["demo-calls"] is not None

    def parseArgs(self, *args: str) -> None:
        """
        Refuse what is no option.

        :raises usage.UsageError: there is any.
        """
        if args:
            raise usage.UsageError(f"takes no argument {args[0]!r}: did you mean --config FILE?")

    def postOptions(self) -> None:
        """
        Read the configuration, before anything runs.

        :raises usage.UsageError: the options, or what they name, are wrong.
        :raises SystemExit: ``--check`` has said what there was to say.
        """
        if self.demo:
            if self["check"] or self["config"]:
                raise usage.UsageError("the demo has its own configuration: leave out the rest")
            if self.parent is not None:
                self.parent["pidfile"] = ""  # it may run beside a server
            return
        path = None if self["config"] is None else Path(self["config"])
        try:
            self.checked = checked = load(path, os.environ)
        except ConfigErrors as errors:
            self._refuse(_listed(errors, path))
        if self["check"]:
            _say("\n".join(_good_news(checked)))
            raise SystemExit(0)

    def getUsage(self, width: int | None = None) -> str:
        """The options; nothing where they are not what is wrong."""
        return "" if self._without_help else str(super().getUsage(width))

    def _refuse(self, what: str) -> NoReturn:
        if self["check"]:
            _say(what)
            raise SystemExit(1)
        self._without_help = True
        raise usage.UsageError(what)


class CannotStart(Exception):
    """
    The server cannot run as it shall; the log has said why.

    Its text is what the parent of a daemon tells whoever started it.
    """


class StartingService(MultiService):
    """
    Says at the start what should not go unsaid, and why there is no start.

    twistd ends with 1 when a service raises as it starts, and shows a traceback. Raising
    SystemExit instead would skip its clean-up: the pid file stays, and the parent of a
    daemon waits for ever.

    :ivar _listen: the sockets that *server* will open.
    :ivar _notes: (level, line) pairs.
    """

    _log: ClassVar[Logger] = Logger()

    def __init__(
        self,
        server: Server,
        listen: Sequence[ListenSettings],
        notes: Sequence[tuple[LogLevel, str]],
    ) -> None:
        super().__init__()
        self._server = server
        self._listen = listen
        self._notes = notes
        server.setServiceParent(self)

    def privilegedStartService(self) -> None:
        """
        Open the sockets.

        :raises CannotStart: one of them cannot be opened.
        """
        try:
            super().privilegedStartService()
        except CannotListenError as error:
            self._give_up(_why(error, self._listen), error)
        except ConfigErrors as errors:
            self._give_up("; ".join(_lines(errors)), errors)

    def startService(self) -> None:
        """
        Run, and tell the log where and under which warnings.

        :raises CannotStart: what the configuration names cannot be used, as a store that
            another process has open.
        """
        try:
            super().startService()
        except Exception as error:
            self._stop_what_runs()
            if isinstance(error, ConfigErrors):
                self._give_up("; ".join(_lines(error)), error)
            raise
        for where in self._server.stack.listening:
            self._log.info("listening on {where}", where=where)
        for level, line in self._notes:
            self._log.emit(level, "{line}", line=line)
        _spare_the_collector()

    def _stop_what_runs(self) -> None:
        """A thread of theirs would keep the process, of which nothing else is left."""
        for service in self._server:
            if service.running:
                maybeDeferred(service.stopService).addErrback(lambda _: None)

    def _give_up(self, why: str, error: Exception) -> NoReturn:
        why = f"sippn: {why}"
        self._log.critical("{why}", why=why)
        sys.excepthook = _without_traceback
        raise CannotStart(why) from error


def makeService(options: Options) -> IService:
    """
    The service that *options* ask for.

    :raises SystemExit: the demo is over, or a file that the configuration names cannot be
        used.
    """
    from twisted.internet import reactor  # noqa: PLC0415 - it installs the default one

    _count_monotonic_time(reactor)
    if options.demo:
        from sippn.demo import perform  # noqa: PLC0415 - a server has no use for it

        perform(reactor, options["demo-calls"], _say)
    checked = options.checked
    if checked is None:
        raise usage.UsageError("the options were never parsed")
    around = Surroundings(reactor=reactor, clock=reactor, wall=time.time, entropy=os.urandom)
    try:
        server = make_server(checked.settings, around)
    except ConfigErrors as errors:
        raise SystemExit(_listed(errors, options["config"])) from None
    notes = _notes(checked, embedded=options["config"] is None)
    return StartingService(server, checked.settings.listen, notes)


def _count_monotonic_time(reactor: Any) -> None:
    """
    Let the reactor's timers run on the clock that nobody sets.

    Twisted counts them by the wall clock: set back by an hour, every timer would be an
    hour late. It asks ``seconds`` for all of them, and none is running yet.
    """
    reactor.seconds = time.monotonic


def _spare_the_collector() -> None:
    """
    Let garbage be looked for seldom: a full collection stalls every call for half a second.

    What is loaded by now stays; what serves a message goes by reference counting.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def _notes(checked: Checked, *, embedded: bool) -> list[tuple[LogLevel, str]]:
    notes = [(LogLevel.info, NOTE)] if embedded else []
    return notes + [(LogLevel.warn, f"warning: {warning}") for warning in checked.warnings]


def _good_news(checked: Checked) -> list[str]:
    warnings = [f"warning: {warning}" for warning in checked.warnings]
    return ["configuration ok", *checked.summary, *warnings]


def _listed(errors: ConfigErrors, path: Path | str | None) -> str:
    lines = _lines(errors)
    count = "1 problem" if len(lines) == 1 else f"{len(lines)} problems"
    return "\n  ".join([f"{count} in {path or 'the embedded configuration'}", *lines])


def _lines(errors: ConfigErrors) -> list[str]:
    return [f"{where}: {what}" if where else what for where, what in errors.problems]


def _why(error: CannotListenError, listen: Sequence[ListenSettings]) -> str:
    host = f"[{error.interface}]" if ":" in error.interface else error.interface
    transport = _transport(error.interface, error.port, listen)
    why = _WHY.get(getattr(error.socketError, "errno", 0))
    return f"{transport}{host}:{error.port} {why or f'cannot be opened: {error.socketError}'}"


def _transport(host: str, port: int, listen: Sequence[ListenSettings]) -> str:
    """
    Whose socket could not be opened at *host* and *port*, with a blank behind it.

    The error does not say it, and UDP may share an address with TCP or TLS.  Those that
    were opened are closed again by now, UDP at once: so it failed if it fails again.
    """
    there = [one.transport for one in listen if (one.host, one.port) == (host, port)]
    if len(there) > 1 and "udp" in there:
        streams = [transport for transport in there if transport != "udp"]
        there = streams if streams and _opens(host, port) else ["udp"]
    return f"{there[0]} " if there else ""


def _opens(host: str, port: int) -> bool:
    """Whether a UDP socket can be bound there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        if family == socket.AF_INET6:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        probe.bind((host, port))
        return True
    return False


def _without_traceback(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if not isinstance(error, CannotStart):
        sys.__excepthook__(kind, error, trace)


def _say(text: str) -> None:
    """Write to the terminal itself: twistd turns what goes to ``sys.stdout`` into its log."""
    out = sys.__stdout__
    if out is not None:
        out.write(f"{text}\n")
        out.flush()

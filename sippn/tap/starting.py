"""
The service that twistd runs: a server, and what is said of it as it starts.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import TracebackType
from typing import ClassVar, NoReturn

from twisted.application.service import MultiService
from twisted.internet.defer import maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.logger import Logger, LogLevel

from sippn.config import lines_of
from sippn.errors import ConfigErrors
from sippn.service import Server
from sippn.tap.busy import why_not
from sippn.transport.settings import ListenSettings


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
            self._give_up(why_not(error, self._listen), error)
        except ConfigErrors as errors:
            self._give_up("; ".join(lines_of(errors)), errors)

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
                self._give_up("; ".join(lines_of(error)), error)
            raise
        for where in self._server.stack.listening:
            self._log.info("listening on {where}", where=where)
        for level, line in self._notes:
            self._log.emit(level, "{line}", line=line)

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


def _without_traceback(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if not isinstance(error, CannotStart):
        sys.__excepthook__(kind, error, trace)

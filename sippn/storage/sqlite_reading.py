"""A look into the data base of a server that runs, from another process."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sippn.binding import AOR, Record
from sippn.errors import ConfigErrors
from sippn.storage.sqlite_rows import Unreadable
from sippn.storage.sqlite_schema import require_today
from sippn.storage.sqlite_tables import Tables

_SETTING = "storage.path"
_LOGS = ("-wal", "-journal")
_PATIENCE = 2.0  # seconds: a reader waits for nobody, but for a recovery


def read_record(path: str, aor: AOR) -> Record | None:
    """
    The record of *aor* in the data base at *path*, as it was committed last.

    Nothing is changed, and the server's lock is left alone: with a write-ahead log there may
    be readers beside the one who writes.

    :raises ConfigErrors: it cannot be read.
    """
    place = Path(path).resolve()
    if not place.is_file():
        raise _refusal(path, "is not there yet: the server makes it when it first starts")
    try:
        with closing(_reading(place)) as connection:
            require_today(connection)
            return Tables(connection, _said_otherwise).load(aor)
    except sqlite3.Error as error:
        may = "run this as the user that the server runs as"
        raise _refusal(path, f"cannot be read ({error}); {may}") from None
    except Unreadable:
        raise _refusal(path, f"the row of {aor} is damaged; delete it") from None
    except ConfigErrors as errors:
        raise _refusal(path, *[what for _, what in errors.problems]) from None


def _reading(place: Path) -> sqlite3.Connection:
    """
    The data base at *place*, to be read.

    Where there is no log nobody has it open, and all is in the file itself.  SQLite would make
    a log nevertheless, and leave it behind: one of this user's, which keeps the server out.
    """
    alone = not any(place.with_name(place.name + end).exists() for end in _LOGS)
    how = "mode=ro&immutable=1" if alone else "mode=ro"
    connection = sqlite3.connect(f"{place.as_uri()}?{how}", timeout=_PATIENCE, uri=True)
    connection.text_factory = bytes  # no text is to be trusted
    return connection


def _said_otherwise(_: str) -> None:
    """Which row is damaged: that is raised."""


def _refusal(path: str, *problems: str) -> ConfigErrors:
    return ConfigErrors([(_SETTING, f"{path}: {problem}") for problem in problems])

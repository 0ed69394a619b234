"""
What a server does to its files, and when it sends what: a recording of its system calls.

strace stops the thread that makes a call, writes a line, and lets it go on: the lines of all
threads have one order, in which a call that was made because of another one comes after it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeAlias

from attrs import field, frozen

from tests.peers.processes import program
from tests.peers.waiting import wait_for

_TRACED = (
    "?open,?creat,openat,?openat2,write,writev,pwrite64,pwritev,?pwritev2,truncate,ftruncate,"
    "fallocate,fsync,fdatasync,sync_file_range,msync,mmap,?unlink,unlinkat,?rename,?renameat,"
    "renameat2,?link,linkat,sendfile,copy_file_range,splice,sendto,sendmsg,?sendmmsg"
)
_ENDED = re.compile(r"(\d+) +\+\+\+ .* \+\+\+")
_UNFINISHED = " <unfinished ...>"
_RESUMED = re.compile(r"<\.\.\. \w+ resumed>(.*)")
_CALL = re.compile(r"(\w+)\((.*)\) += (-?\d+)")
_OPENED = re.compile(r"\d+<([^>]*)>")
_BY_NAME = {
    *("open", "creat", "openat", "openat2", "truncate", "unlink", "unlinkat"),
    *("rename", "renameat", "renameat2", "link", "linkat"),
}
_SYNCS = {"fsync", "fdatasync"}
_SENDS = {"sendto", "sendmsg", "sendmmsg"}


@frozen
class Created:
    """A file came to be, unless it was there."""

    path: str


@frozen
class Removed:
    """Its name went."""

    path: str


@frozen
class Written:
    """Octets went into a file, so far as the next reader sees."""

    path: str
    offset: int
    octets: bytes = field(repr=False)


@frozen
class Cut:
    """A file has another length."""

    path: str
    size: int


@frozen
class Synced:
    """
    What had been done to a file, or in a folder, is on the disk.

    :ivar but: how many of the last writes and cuts are not: another thread made them meanwhile.
    """

    path: str
    but: int = 0


@frozen
class Sent:
    """A datagram left."""

    octets: bytes = field(repr=False)


Happening: TypeAlias = Created | Removed | Written | Cut | Synced | Sent


@frozen
class _Call:
    """
    One system call.

    :ivar began: the number of the line that was written before it was made.
    :ivar ended: the one that was written before its thread went on.
    """

    began: int
    ended: int
    name: str
    arguments: list[str]
    result: int

    def overlaps(self, other: _Call) -> bool:
        """Whether part of it was done while *other* was."""
        return self.began < other.ended and other.began < self.ended

    @property
    def paths(self) -> set[str]:
        """Of its descriptors, and those that it names."""
        opened = (_OPENED.match(argument) for argument in self.arguments)
        paths = {_unescaped(found[1]).decode() for found in opened if found}
        if self.name in _BY_NAME:
            named = [_string(a).decode() for a in self.arguments if a.startswith('"')]
            paths.update(os.path.realpath(path) for path in named)  # both have one folder
        return paths


def command(log: Path) -> list[str]:
    """What to put before the command of a server, to have its calls recorded in *log*."""
    strace = program("strace", package="strace")
    # -DD: the server is the child of whoever starts it, and gets his signals
    options = ["-DD", "-f", "-q", "-y", "-xx", "-s", "9999999", "--seccomp-bpf"]
    return [strace, *options, "-e", f"trace={_TRACED}", "-o", str(log)]


def recorded(log: Path, database: Path) -> list[Happening]:
    """
    What happened to *database*, and to the files of SQLite beside it, and what was sent.

    A sync stands where it ended, all else where it began.

    :raises AssertionError: something happened that can't be told by :data:`Happening`.
    """
    wait_for(lambda: _is_complete(log), lambda: f"the end of {log}")
    calls = sorted(_calls(log), key=lambda call: call.began)
    happened = [(call, found) for call in calls if (found := _happening(call, database))]
    _check_order([pair for pair in happened if isinstance(pair[1], Written | Cut)])
    placed: list[tuple[int, Happening]] = []
    for call, happening in happened:
        if isinstance(happening, Synced):
            meanwhile = [change for other, change in happened if other.overlaps(call)]
            placed.append((call.ended, _without(happening, meanwhile)))
        else:
            placed.append((call.began, happening))
    return [happening for _, happening in sorted(placed, key=lambda pair: pair[0])]


def _check_order(changes: Iterable[tuple[_Call, Happening]]) -> None:
    busy: dict[str, int] = {}
    for call, change in changes:
        assert isinstance(change, Written | Cut)
        assert busy.get(change.path, 0) < call.began, f"two at once: {change}"
        busy[change.path] = call.ended


def _without(synced: Synced, meanwhile: Iterable[Happening]) -> Synced:
    changes = [h for h in meanwhile if isinstance(h, Written | Cut) and h.path == synced.path]
    return Synced(synced.path, len(changes))


def _is_complete(log: Path) -> bool:
    """Whether the last line says that the first thread, which is the process, has ended."""
    lines = log.read_text().splitlines()
    ended = _ENDED.fullmatch(lines[-1])
    return ended is not None and lines[0].split()[0] == ended[1]


def _happening(call: _Call, database: Path) -> Happening | None:
    if call.name in _SENDS:
        assert call.name == "sendto", call.name
        return Sent(_string(call.arguments[1]))
    folder = str(database.parent)
    if call.name in _SYNCS and folder in call.paths:
        return Synced(folder)
    # of other files nothing outlives the power: SQLite makes -shm anew
    known = {f"{database}{suffix}" for suffix in ("", "-journal", "-wal")}
    for path in call.paths & known:
        return _of_file(call, path)
    return None


def _of_file(call: _Call, path: str) -> Happening | None:  # noqa: PLR0911 - a table
    if call.result < 0 and call.name in _BY_NAME:
        return None
    assert call.result >= 0, call.name
    match call.name:
        case "openat":
            assert "O_TRUNC" not in call.arguments[2]
            return Created(path) if "O_CREAT" in call.arguments[2] else None
        case "mmap" if "PROT_WRITE" not in call.arguments[2]:
            return None
        case "pwrite64":
            octets = _string(call.arguments[1])
            assert len(octets) == call.result, "all of it was written"
            return Written(path, int(call.arguments[3]), octets)
        case "ftruncate":
            return Cut(path, int(call.arguments[1]))
        case "fsync" | "fdatasync":
            return Synced(path)
        case "unlink" | "unlinkat":
            return Removed(path)
    raise AssertionError(f"{call.name} of {path}")


def _calls(log: Path) -> Iterator[_Call]:
    begun: dict[str, tuple[int, str]] = {}
    for number, line in enumerate(log.read_text().splitlines(), 1):
        thread, _, text = line.partition(" ")
        text, began = text.strip(), number
        if text.endswith(_UNFINISHED):
            begun[thread] = number, text.removesuffix(_UNFINISHED)
            continue
        rest = _RESUMED.fullmatch(text)
        if rest:
            began, text = begun.pop(thread)
            text += rest[1]
        found = _CALL.match(text)
        if found:  # else it is the end of a thread, or a call that never came back
            yield _Call(began, number, found[1], found[2].split(", "), int(found[3]))


def _string(argument: str) -> bytes:
    assert argument[0] == argument[-1] == '"', "all of it was recorded"
    return _unescaped(argument[1:-1])


def _unescaped(text: str) -> bytes:
    """The octets of what strace writes with ``-xx``."""
    return bytes.fromhex(text.replace("\\x", ""))

"""What a process and all its children use, out of /proc (Linux)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")


def tree(root: int) -> tuple[int, ...]:
    """The process *root* and all that descend from it, by process id."""
    children = defaultdict(list)
    for pid, parent in _parents():
        children[parent].append(pid)
    found = [root]
    for pid in found:  # grows while it is walked
        found += children[pid]
    return tuple(found)


def cpu(pids: Sequence[int]) -> float:
    """
    Microseconds of CPU, user and system, of all threads of *pids*.

    From schedstat, which counts nanoseconds; ``stat`` counts ticks of 10 ms.  A thread that
    has ended is not counted any more.
    """
    nanoseconds = 0
    for pid in pids:
        for task in _files(pid, "task/*/schedstat"):
            nanoseconds += int(task.split()[0])
    return nanoseconds / 1000


def pss(pids: Sequence[int]) -> int:
    """Octets of memory of *pids*; a page that some share counts once (Pss)."""
    return _sum(pids, "smaps_rollup", "Pss:")


def rss(pids: Sequence[int]) -> int:
    """Octets of memory of *pids*; a page that some share counts for each (RSS)."""
    return _sum(pids, "status", "VmRSS:")


def descriptors(pids: Sequence[int]) -> int:
    """How many files *pids* have open, sockets among them."""
    return sum(len(list((_PROC / str(pid) / "fd").glob("*"))) for pid in pids)


def _sum(pids: Sequence[int], name: str, line: str) -> int:
    kilobytes = 0
    for pid in pids:
        for text in _files(pid, name):
            kilobytes += sum(
                int(one.split()[1]) for one in text.splitlines() if one.startswith(line)
            )
    return kilobytes * 1024


def _files(pid: int, pattern: str) -> Iterator[str]:
    for path in (_PROC / str(pid)).glob(pattern):
        with suppress(OSError):  # it may have ended
            yield path.read_text()


def _parents() -> Iterator[tuple[int, int]]:
    for folder in _PROC.glob("[0-9]*"):
        for text in _files(int(folder.name), "stat"):
            # a name may hold blanks and brackets: what counts comes after the last one
            yield int(folder.name), int(text[text.rindex(")") + 2 :].split()[1])

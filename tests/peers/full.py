"""
Disks that fill up under a server, and have space again.
"""

from __future__ import annotations

import errno
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from attrs import define, field

from tests.peers.processes import missing, program
from tests.peers.server import Server


class Disk(Protocol):
    """
    One that may be full.

    :ivar folder: is on it.
    """

    @property
    def folder(self) -> Path:
        """See above."""
        raise NotImplementedError

    def fill(self, server: Server) -> None:
        """Leave nothing for *server*, and its log, to write to."""

    def free(self, server: Server) -> None:
        """Give it all back."""


@define(eq=False)
class Limit:
    """The system lets a server write to no file any more; it needs no rights, and no disk."""

    folder: Path
    _before: tuple[int, int] = field(init=False)

    def fill(self, server: Server) -> None:
        """Nobody may write beyond the first octet of a file (EFBIG)."""
        self._before = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (1, self._before[1]))

    def free(self, server: Server) -> None:
        """As it was; the next process has no limit anyway."""
        with suppress(ProcessLookupError):
            resource.prlimit(server.pid, resource.RLIMIT_FSIZE, self._before)


@define(eq=False)
class SmallDisk:
    """One on which all that a server has fits, and not much more."""

    folder: Path

    def fill(self, server: Server) -> None:  # noqa: ARG002 - whoever writes there
        """Put something else there until it is full (ENOSPC)."""
        with self._filler.open("wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(bytes(4096))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise

    def free(self, server: Server) -> None:  # noqa: ARG002 - the same
        """Delete that."""
        self._filler.unlink()

    @property
    def _filler(self) -> Path:
        return self.folder / "filler"


@contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk]:
    """Mount one at *folder*; it goes with all that is on it."""
    folder.mkdir()
    mount = program("mount", package="mount")
    command = [mount, "-t", "tmpfs", "-o", "size=8m,mode=700", "none", str(folder)]
    mounted = subprocess.run(command, check=False, timeout=10, capture_output=True, text=True)
    if mounted.returncode != 0:
        missing(f"a disk of its own takes root: {mounted.stderr.partition(chr(10))[0]}")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True, timeout=10)

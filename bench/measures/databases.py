"""Data bases that are there before a server is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from attrs import define, field

from bench.load.messages import DOMAIN
from bench.servers.running import CannotStart
from bench.servers.setup import Subject
from bench.servers.sippn import Sippn, path_to


@define
class Databases:
    """
    One for each tree, written by its own sippn when it is needed first.

    :ivar count: bindings in it; of *overdue* of them the refresh is.
    """

    _folder: Path
    count: int
    overdue: int = 0
    _made: dict[Path, Path] = field(factory=dict, init=False)

    def of(self, subject: Subject) -> Path:
        """
        That of *subject*, which copies it.

        :raises TypeError: it is no sippn.
        :raises CannotStart: that cannot write it.
        """
        if not isinstance(subject, Sippn):
            raise TypeError(f"no data base for {subject.name}")
        if subject.tree not in self._made:
            path = self._folder / f"filled-{self.count}-{self.overdue}-{len(self._made)}.db"
            words = [sys.executable, "-m", "sippn_bench_fill", str(path)]
            words += [str(self.count), DOMAIN, str(self.overdue)]
            environment = {**os.environ, **path_to(subject.tree)}
            filled = subprocess.run(
                words, check=False, env=environment, cwd=self._folder, capture_output=True
            )
            if filled.returncode:
                raise CannotStart(filled.stderr.decode(errors="replace"))
            self._made[subject.tree] = path
        return self._made[subject.tree]

"""
Programs under test: found, started, and ended whatever happens.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import pytest
from attrs import define, field

from tests.peers.waiting import PATIENCE, wait_for

_LAST_WORDS = 3000  # characters of output that an error shows


def missing(reason: str) -> NoReturn:
    """Skip the test for want of something; where it has to be there, fail it."""
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def program(name: str, package: str) -> str:
    """The path of program *name*; without it the test skips, and names the Debian *package*."""
    found = shutil.which(name)
    if found is None:
        missing(f"no {name} here: apt-get install --no-install-recommends {package}")
    return found


@define(eq=False)
class Process:
    """
    One running program; what it prints goes to a file.

    :ivar printed_to: that file; standard error goes there too.
    """

    _popen: subprocess.Popen[bytes]
    printed_to: Path

    @property
    def printed(self) -> str:
        """All that it has printed so far."""
        return self.printed_to.read_text(errors="replace")

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._popen.poll() is None

    def tell(self, line: str) -> None:
        """Type *line* to it; it was started with ``listens``."""
        if self._popen.stdin is None:
            raise AssertionError("it has no ear")
        self._popen.stdin.write(line.encode() + b"\n")
        self._popen.stdin.flush()

    def wait_until_printed(self, pattern: str) -> re.Match[str]:
        """
        The first match of *pattern* in what it prints.

        :raises AssertionError: it ended, or took too long, without one.
        """

        def look() -> re.Match[str] | None:
            running = self.running  # looked at first: its last words count
            found = re.search(pattern, self.printed)
            if found is None and not running:
                raise AssertionError(f"ended without {pattern!r}: {self.last_words()}")
            return found

        return wait_for(look, lambda: f"{pattern!r} in {self.last_words()}")

    def wait(self) -> int:
        """
        Its exit status, once it has ended by itself.

        :raises AssertionError: it took too long.
        """
        try:
            return self._popen.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"runs for ever: {self.last_words()}") from None

    def terminate(self) -> None:
        """Ask it to end."""
        self._popen.terminate()

    def kill(self) -> None:
        """End it without warning, and wait until it is gone."""
        self._popen.kill()
        self._popen.wait()
        if self._popen.stdin is not None:
            self._popen.stdin.close()

    def last_words(self) -> str:
        """The end of what it printed, for an error."""
        return f"{self.printed_to}:\n{self.printed[-_LAST_WORDS:]}"


@define(eq=False)
class Processes:
    """
    All that a test has started.

    :ivar _folder: where their output goes.
    """

    _folder: Path
    _started: list[Process] = field(factory=list, init=False)

    def start(
        self,
        name: str,
        command: Sequence[str],
        *,
        variables: Mapping[str, str] | None = None,
        listens: bool = False,
    ) -> Process:
        """
        Start *command*.

        :param name: of its output file; need not be unique.
        :param variables: of the environment, beside those that are there.
        :param listens: to what :meth:`Process.tell` says; otherwise it hears nothing.
        """
        printed_to = self._folder / f"{len(self._started)}-{name}.out"
        with printed_to.open("wb") as out:
            popen = subprocess.Popen(
                command,
                cwd=self._folder,
                env={**os.environ, **(variables or {})},
                stdin=subprocess.PIPE if listens else subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                bufsize=0,
            )
        process = Process(popen, printed_to)
        self._started.append(process)
        return process

    def kill(self) -> None:
        """End all that still run, the last one first."""
        while self._started:
            self._started.pop().kill()

"""
Programs under test: found, started, and ended whatever happens.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn, TypeVar

import pytest
from attrs import define, field

from tests.peers.waiting import PATIENCE, wait_for

T = TypeVar("T")

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
    def pid(self) -> int:
        """Its process id."""
        return self._popen.pid

    @property
    def printed(self) -> str:
        """All that it has printed so far."""
        if not self.printed_to.exists():
            return ""
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

    def wait_until(self, look: Callable[[], T | None], what: str) -> T:
        """
        What *look* finds, as soon as that is true.

        :param what: is awaited, for the error.
        :raises AssertionError: it ended, or took too long, without.
        """

        def look_at_it() -> T | None:
            running = self.running  # looked at first: its last words count
            found = look()
            if not found and not running:
                raise AssertionError(f"ended without {what}: {self.last_words()}")
            return found

        return wait_for(look_at_it, lambda: f"{what} in {self.last_words()}")

    def wait_until_printed(self, pattern: str) -> re.Match[str]:
        """
        The first match of *pattern* in what it prints.

        :raises AssertionError: it ended, or took too long, without one.
        """
        return self.wait_until(lambda: re.search(pattern, self.printed), repr(pattern))

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

    def freeze(self) -> None:
        """Let it run no further; the system still takes what its sockets get."""
        self._popen.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it run on."""
        self._popen.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it and its children without warning, and wait until it is gone."""
        if self.running:
            os.killpg(self._popen.pid, signal.SIGKILL)
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
                start_new_session=True,  # its children have its process id in common
            )
        process = Process(popen, printed_to)
        self._started.append(process)
        return process

    def kill(self) -> None:
        """End all that still run, the last one first."""
        while self._started:
            self._started.pop().kill()

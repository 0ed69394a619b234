"""A short run of the fuzzer against a real server; ``python -m fuzz`` makes longer ones."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from fuzz.__main__ import fuzzing, main
from fuzz.classes import ALL
from fuzz.options import parser
from fuzz.oracles import ORACLES, Oracles
from fuzz.report import report
from fuzz.run import Run
from fuzz.scene import Scene

SEED = 1
ITERATIONS = 2000


def test_2000_iterations_are_clean() -> None:
    """A2: alive, framing, injection, nothing beyond, well-formed, level, amplification, log."""
    options = parser().parse_args(["--settle", "0"])
    with fuzzing(options, SEED) as run:
        run.run(range(ITERATIONS))
        text = report(run, SEED, ITERATIONS)
    assert run.oracles.failures == [], text
    assert all(run.oracles.checked[name] for name in ORACLES), text
    assert set(run.kinds) == {mutator.__name__ for mutator in ALL}
    assert run.scene.forwarded > 100  # what is never forwarded proves nothing
    assert run.scene.pushes > 0
    assert run.scene.calls > 0


def test_replay_says_what_it_sends(capsys: pytest.CaptureFixture[str]) -> None:
    """A2: one iteration by itself, with its octets."""
    assert main(["--replay", "1:5", "--replay", "1:6"]) == 0
    text = capsys.readouterr().out
    assert "1:5: " in text
    assert "fz1x5z" in text
    assert "fz1x6z" in text


def test_failure_ends_with_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Issue 5, item 2: seed and number, class, octets, oracle and reason."""

    def broken(run: Run, numbers: Sequence[int]) -> None:
        run.scene.last = numbers[0]
        case = run.scene.case_of(b"fz7x%dz" % numbers[0])
        run.oracles.fail("injection", "a header field", case, b"X-Canary-3: 1")

    monkeypatch.setattr(Run, "run", broken)
    assert main(["--replay", "7:3"]) == 1
    text = capsys.readouterr().out
    assert "injection: 7:3 (" in text
    assert "a header field" in text
    assert "X-Canary-3: 1" in text
    assert "--replay 7:3" in text


class Grows:
    """A server that keeps what it is sent."""

    def __init__(self, folder: Path, memory: int, descriptors: int) -> None:
        """Grow by that much at each look."""
        self.log = folder / "log"
        self.log.write_bytes(b"")
        self._memory, self._descriptors = memory, descriptors
        self._looks = 0

    def rss(self) -> int:
        """More than before."""
        self._looks += 1
        return self._looks * self._memory

    def descriptors(self) -> int:
        """The same."""
        return 11 + self._looks * self._descriptors


@pytest.mark.parametrize(("memory", "descriptors", "bad"), [(1, 0, 0), (17 << 20, 0, 1), (1, 1, 1)])
def test_growth_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, memory: int, descriptors: int, bad: int
) -> None:
    """A2: memory within 16 MiB, descriptors as before."""
    for name in ("ready", "probe"):
        monkeypatch.setattr(Scene, name, lambda *_, **__: None)
    monkeypatch.setattr("fuzz.run._PATIENCE", 0.0)
    scene = Scene(("127.0.0.1", 9), SEED, ("udp",), Oracles())
    run = Run(scene, Grows(tmp_path, memory, descriptors))
    run.run([])
    scene.close()
    assert [failure.oracle for failure in run.oracles.failures] == ["level"] * bad


def test_help() -> None:
    """It says what it takes."""
    words = [sys.executable, "-m", "fuzz", "--help"]
    said = subprocess.run(words, capture_output=True, check=True, text=True, timeout=60)
    assert "--replay S:N" in said.stdout

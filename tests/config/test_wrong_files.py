"""
Each file of the table ``tests/config/wrong``, and every word that its writer reads.

It goes the way that twistd goes: its options, the service that they ask for, its start.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.config.wrong_files import PLACE, Case, cases

ROOT = Path(__file__).parents[2]
TWISTD = "import sys; from twisted.scripts.twistd import run; sys.exit(run())"
CASES = tuple(cases())


def named(name: str) -> Case:
    """The case of that name."""
    return next(case for case in CASES if case.name == name)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_it_is_said(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Issue 5, 6 (O-123): where, what the value was, and what to do."""
    assert case.heard(tmp_path, monkeypatch) == case.says.rstrip("\n")


def test_names_are_names() -> None:
    """Each says one thing, and is found by it."""
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names) > 70
    assert sum(case.typical for case in CASES) > 10


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_every_problem_says_where(case: Case) -> None:
    """The file, then a key path, or the line in it."""
    first, *problems = case.says.splitlines()
    if case.at == "start" and first.startswith("sippn: "):
        assert re.match(r"sippn: (storage\.path|udp [0-9.]+:5060)", first)
        return
    assert re.fullmatch(rf"[0-9]+ problems? in {PLACE}/sippn\.toml", first)
    assert int(first.split()[0]) == len(problems)
    name = r'([A-Za-z_-]+|"[^"]+")(\[[0-9]+\])?'
    key = rf"{name}(\.{name})*(, line [0-9]+)?: "
    of_the_file = ("cannot be read ", "is ", "begins with ")
    for problem in problems:
        what = problem.removeprefix("  ")
        assert re.match(key, what) or what.startswith(of_the_file)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_no_secret_is_shown(case: Case) -> None:
    """P-007: whatever of it may be one."""
    assert "s3cret" not in case.says
    assert "0" * 32 not in case.says


def test_secrets_are_tried() -> None:
    """In places where messages show values, and where they do not."""
    with_secrets = [case for case in CASES if "s3cret" in str(case)]
    assert len(with_secrets) >= 7


def twistd(folder: Path, *arguments: str) -> tuple[int, str]:
    """The exit code of a real twistd, and all that it has written."""
    done = subprocess.run(
        [sys.executable, "-B", "-c", TWISTD, "-n", "sippn", *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=30,
        check=False,
    )
    return done.returncode, done.stdout.replace(str(folder), PLACE)


def test_real_check(tmp_path: Path) -> None:
    """1, the list, and nothing else."""
    case = named("a key in the wrong table")
    path = tmp_path / "sippn.toml"
    path.write_text(case.text or "")
    assert twistd(tmp_path, "--check", "--config", str(path)) == (1, case.says)


def test_real_start_with_a_wrong_file(tmp_path: Path) -> None:
    """1, and the same list behind what twistd says of its own."""
    case = named("the same key twice")
    path = tmp_path / "sippn.toml"
    path.write_text(case.text or "")
    code, said = twistd(tmp_path, "--config", str(path))
    assert code == 1
    assert said.endswith((f"{case.says}\n", case.says))
    assert "Traceback" not in said


def test_real_start_without_a_data_base(tmp_path: Path) -> None:
    """1, and the same words in the log."""
    case = named("a data base that others may read")
    path = tmp_path / "sippn.toml"
    path.write_text((case.text or "").replace("5060", "0"))
    (tmp_path / "sippn.db").touch(0o644)
    code, said = twistd(tmp_path, "--config", str(path))
    assert code == 1
    assert case.says.strip() in said
    assert "Traceback" not in said

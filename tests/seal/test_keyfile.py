"""
The key file.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sippn.errors import ConfigErrors
from sippn.seal import load_or_create


def ones(size: int) -> bytes:
    """Stand in for entropy."""
    return b"\x11" * size


def refused(path: Path) -> str:
    """Load what must be refused, and return what the operator is told."""
    with pytest.raises(ConfigErrors) as caught:
        load_or_create(path, ones)
    assert [where for where, _ in caught.value.problems] == ["keys.file"]
    return str(caught.value)


def test_secret_is_made_once(tmp_path: Path) -> None:
    """Created at the first start, readable by its owner alone, and kept."""
    path = tmp_path / "sippn.keys"
    assert load_or_create(path, ones) == b"\x11" * 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_or_create(str(path), lambda _: b"never") == b"\x11" * 32
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("umask", [0o000, 0o777])
def test_umask_does_not_matter(tmp_path: Path, umask: int) -> None:
    """0600, neither more nor less, whoever starts it."""
    before = os.umask(umask)
    try:
        load_or_create(tmp_path / "k", ones)
    finally:
        os.umask(before)
    assert (tmp_path / "k").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o610])
def test_file_of_everyone_is_refused(tmp_path: Path, mode: int) -> None:
    """T17: a secret that others may read is none; the operator is told what to do."""
    path = tmp_path / "k"
    load_or_create(path, ones)
    path.chmod(mode)
    assert "chmod 600" in refused(path)


@pytest.mark.parametrize("content", [b"", b"x" * 31, b"x" * 33])
def test_other_file_is_refused(tmp_path: Path, content: bytes) -> None:
    """It is neither used nor overwritten."""
    path = tmp_path / "k"
    path.write_bytes(content)
    path.chmod(0o600)
    assert "32 octets" in refused(path)
    assert path.read_bytes() == content


def test_missing_folder_is_told(tmp_path: Path) -> None:
    """A clear error instead of a traceback."""
    assert "No such file" in refused(tmp_path / "nowhere" / "k")
    assert "directory" in refused(tmp_path).lower()


def test_two_starts_agree(tmp_path: Path) -> None:
    """Whoever comes second takes the secret of the first, even in the middle of making one."""
    path = tmp_path / "k"

    def overtaken(size: int) -> bytes:
        if not path.exists():
            load_or_create(path, ones)
        return b"\x22" * size

    assert load_or_create(path, overtaken) == b"\x11" * 32
    assert list(tmp_path.iterdir()) == [path]

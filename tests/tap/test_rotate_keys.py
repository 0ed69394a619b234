"""``twistd sippn --rotate-keys``: what it does, and what it says."""

from __future__ import annotations

from pathlib import Path

import pytest
from twisted.python import usage

from sippn.tap import Options

KEY = bytes(range(32))
UNTIL = "restart the server: until then it uses those that it has read\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, which is nobody's."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def key_file(path: Path, content: bytes = KEY) -> Path:
    """A key file as a server made it."""
    path.write_bytes(content)
    path.chmod(0o600)
    return path


def rotated(capfd: pytest.CaptureFixture[str], *args: str) -> tuple[int, str]:
    """The exit code, and what the terminal shows."""
    with pytest.raises(SystemExit) as ended:
        Options().parseOptions(["--rotate-keys", *args])
    out, err = capfd.readouterr()
    assert err == ""
    assert isinstance(ended.value.code, int)
    return ended.value.code, out


def test_new_key_comes_first(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Q-06: in the key file that the configuration names, wherever that is."""
    config = here / "etc" / "sippn.toml"
    config.parent.mkdir()
    config.write_text('[keys]\nfile = "k"\n')
    path = key_file(config.parent / "k")
    assert rotated(capfd, "--config", str(config)) == (0, f"{path} has a new key\n{UNTIL}")
    new, old = path.read_bytes()[:32], path.read_bytes()[32:]
    assert old == KEY
    assert new != KEY


def test_embedded_default_has_a_key_file_too(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """In the current folder; the fifth key takes the place of the first."""
    path = key_file(here / "sippn.keys")
    for _ in range(3):
        assert rotated(capfd) == (0, f"{path} has a new key\n{UNTIL}")
    assert len({path.read_bytes()[at : at + 32] for at in range(0, 128, 32)}) == 4
    assert rotated(capfd) == (0, f"{path} has a new key in place of the oldest\n{UNTIL}")
    assert len(path.read_bytes()) == 128
    assert KEY not in path.read_bytes()


def test_configuration_without_a_key_file(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Nothing is made, and the operator reads what is missing."""
    config = here / "sippn.toml"
    config.write_text('[[listen]]\ntransport = "udp"\nhost = "127.0.0.1"\nport = 5060\n')
    none = "  keys.file: names none: without it, each start makes a new key that nobody keeps\n"
    assert rotated(capfd, "--config", str(config)) == (1, f"1 problem in {config}\n{none}")
    assert list(here.iterdir()) == [config]


def test_key_file_that_is_not_there(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Who is in the wrong folder is told, and leaves nothing there."""
    code, out = rotated(capfd)
    assert (code, out.splitlines()[0]) == (1, "1 problem in the embedded configuration")
    assert f"keys.file: {here / 'sippn.keys'}: there is no such file" in out
    assert list(here.iterdir()) == []


def test_key_file_that_is_none(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """It stays as it is."""
    path = key_file(here / "sippn.keys", b"hello\n")
    code, out = rotated(capfd)
    assert code == 1
    assert f"keys.file: {path}: is not a key file of 32 octets a key; move it away" in out
    assert path.read_bytes() == b"hello\n"


def test_wrong_configuration_changes_no_key(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """O-123: all problems, as --check lists them."""
    config = here / "sippn.toml"
    config.write_text('role = "x"\n[keys]\nfile = "k"\n')
    path = key_file(here / "k")
    code, out = rotated(capfd, "--config", str(config))
    assert code == 1
    assert out.startswith(f"1 problem in {config}\n  role: ")
    assert path.read_bytes() == KEY


@pytest.mark.parametrize("other", ["--check", "--demo"])
def test_one_thing_at_a_time(here: Path, other: str) -> None:
    """Each of them ends by itself; what was not meant is not done."""
    path = key_file(here / "sippn.keys")
    with pytest.raises(usage.UsageError, match="leave out"):
        Options().parseOptions(["--rotate-keys", other])
    assert path.read_bytes() == KEY

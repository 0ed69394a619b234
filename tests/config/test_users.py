"""The users that ``[auth]`` admits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.config.conftest import Reads, Refuses

MD5 = "0" * 32
SHA_256 = "1" * 64
DIGEST = '[auth]\nmode = "digest"\nrealm = "example.com"\nusers = "users"\n'


@pytest.fixture
def users(tmp_path: Path) -> Path:
    return tmp_path / "users"


def test_missing_file(users: Path, refuses: Refuses) -> None:
    """The whole path is named."""
    cure = "mind its name and its folder"
    what = f"{users} cannot be read (No such file or directory): {cure}"
    assert refuses(DIGEST) == {"auth.users": what}


def test_file_that_is_no_text(users: Path, refuses: Refuses) -> None:
    """As a database of another program."""
    users.write_bytes(b"\xff")
    assert refuses(DIGEST) == {
        "auth.users": f"{users} is not UTF-8 text (see line 1): save it as UTF-8"
    }


def test_every_wrong_line_is_named(users: Path, refuses: Refuses) -> None:
    """By its number, never by its HA1 (P-007)."""
    users.write_text(f"alice:example.com:{MD5}\nbob:{MD5}x\ncarol:example.com:{MD5}x\n")
    problems = refuses(DIGEST)
    assert list(problems) == ["auth.users, line 2", "auth.users, line 3"]
    assert MD5 not in str(problems)


def test_nobody_of_the_realm(users: Path, refuses: Refuses) -> None:
    """Nobody could log in."""
    users.write_text(f"alice:elsewhere:{MD5}")
    cure = "write that into them, or theirs into auth.realm"
    assert refuses(DIGEST) == {"auth.users": f'no line is for the realm "example.com": {cure}'}


def test_no_algorithm_that_all_users_have(users: Path, refuses: Refuses) -> None:
    """DESIGN 5: what is offered is what every user has a line for; none is a problem."""
    users.write_text(f"alice:example.com:{MD5}\nbob:example.com:{SHA_256}\n")
    assert list(refuses(DIGEST)) == ["auth.algorithms"]


def test_algorithm_that_all_users_have(users: Path, reads: Reads) -> None:
    """The other is not offered, and that is no problem."""
    users.write_text(f"alice:example.com:{MD5}\nbob:example.com:{MD5}\n")
    assert reads(DIGEST).summary[3].endswith("users: 2, MD5")


def test_secret_file_name_is_not_shown(refuses: Refuses) -> None:
    """P-007: users = { file = "users" } puts the HA1s where their file's name belongs."""
    text = DIGEST.replace('"users"', '{ env = "USERS" }')
    assert MD5 not in str(refuses(text, USERS=f"alice:example.com:{MD5}"))

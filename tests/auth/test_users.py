"""The users file: what is read, and what the operator is told."""

from __future__ import annotations

import pytest

from sippn.auth import User, read_users
from sippn.errors import ConfigErrors

MD5 = "0" * 31 + "a"
SHA256 = "0" * 63 + "b"


def test_lines_of_a_user_are_joined() -> None:
    """One user, a line for each algorithm, told apart by their length (DESIGN 5)."""
    text = f"alice:example.com:{MD5}\nbob:example.com:{MD5}\nalice:example.com:{SHA256}\n"
    assert read_users(text) == (
        User("alice", "example.com", (("MD5", MD5), ("SHA-256", SHA256))),
        User("bob", "example.com", (("MD5", MD5),)),
    )


def test_realms_are_told_apart() -> None:
    """A name in another realm is another user; a realm may hold a colon."""
    users = read_users(f"alice:a:{MD5}\nalice:b:5060:{MD5}")
    assert [user.realm for user in users] == ["a", "b:5060"]


def test_silence_and_comments_are_skipped() -> None:
    """Operators annotate; files end in newlines, some in CR LF."""
    assert len(read_users(f"# phones\r\n\r\nalice:r:{MD5.upper()}\r\n   \n")) == 1


def test_hex_is_read_in_any_case() -> None:
    """An HA1 is compared as lower case."""
    assert read_users(f"alice:r:{MD5.upper()}")[0].ha1 == (("MD5", MD5),)


@pytest.mark.parametrize(
    "line",
    [
        "alice",
        f"alice:{MD5}",
        f":r:{MD5}",
        f"alice::{MD5}",
        f"alice:r:{MD5[1:]}",
        f"alice:r:{MD5[1:]}g",
        f"alice:r:{MD5[1:]}\u0661",
        f"al\x01ice:r:{MD5}",
        "alice:r:secret",
    ],
)
def test_bad_line_is_refused(line: str) -> None:
    """The number of the line is told, and nothing that could be a secret."""
    with pytest.raises(ConfigErrors) as caught:
        read_users(f"bob:r:{MD5}\n{line}\n")
    ((where, what),) = caught.value.problems
    assert where == "line 2"
    assert "secret" not in what
    assert MD5[1:] not in what


def test_all_problems_are_told_at_once() -> None:
    """An operator mends a file once."""
    with pytest.raises(ConfigErrors) as caught:
        read_users(f"x\nalice:r:{MD5}\nalice:r:{MD5}\ny\n")
    assert [where for where, _ in caught.value.problems] == ["line 1", "line 3", "line 4"]


def test_ha1_is_in_no_repr() -> None:
    """Whoever holds an HA1 can log in."""
    assert MD5 not in repr(read_users(f"alice:r:{MD5}"))

"""The users file, as ``htdigest`` writes it: ``name:realm:HA1`` lines."""

from __future__ import annotations

import re

from sippn.auth.settings import User
from sippn.errors import ConfigErrors

_ALGORITHMS = {32: "MD5", 64: "SHA-256"}  # by hex digits (RFC 8760 section 2.2)
_HEX = re.compile(r"[0-9a-fA-F]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

_Entry = tuple[str, str, str, str]  # name, realm, algorithm, HA1


def read_users(text: str) -> tuple[User, ...]:
    """
    Read a users file.

    A user has one line for each algorithm: 32 hexadecimal digits are MD5, 64 are
    SHA-256 (RFC 7616 section 3.4.2: HA1 is the hash of ``name:realm:password``).
    Empty lines and lines that begin with ``#`` say nothing.

    :returns: the users in the order of their first lines.
    :raises ConfigErrors: every line that is wrong, by its number; no HA1 in the text.
    """
    found: dict[tuple[str, str], dict[str, str]] = {}
    problems: list[tuple[str, str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            name, realm, algorithm, ha1 = _read_line(line)
            _add(found.setdefault((name, realm), {}), algorithm, ha1)
        except ValueError as error:
            problems.append((f"line {number}", str(error)))
    if problems:
        raise ConfigErrors(problems)
    return tuple(User(name, realm, tuple(ha1.items())) for (name, realm), ha1 in found.items())


def _read_line(line: str) -> _Entry:
    name, colon, rest = line.strip().partition(":")
    realm, second, ha1 = rest.rpartition(":")  # a realm may hold a colon, a name may not
    if not (colon and second):
        raise ValueError("expected name:realm:HA1")
    if not name or not realm:
        raise ValueError("name and realm may not be empty: expected name:realm:HA1")
    if _CONTROL.search(name) or _CONTROL.search(realm):
        raise ValueError("control characters in name or realm: remove them")
    algorithm = _ALGORITHMS.get(len(ha1))
    if algorithm is None or not _HEX.fullmatch(ha1):
        raise ValueError("HA1 must be 32 (MD5) or 64 (SHA-256) hexadecimal digits")
    return name, realm, algorithm, ha1.lower()


def _add(known: dict[str, str], algorithm: str, ha1: str) -> None:
    if algorithm in known:
        raise ValueError(f"a second {algorithm} line for this user and realm: remove one of them")
    known[algorithm] = ha1

"""The users file that ``auth.users`` names."""

from __future__ import annotations

from pathlib import Path

from sippn.auth import User, offered, read_users
from sippn.config.model import Auth
from sippn.config.reading import named, read_text
from sippn.errors import ConfigErrors

_USERS = "auth.users"


def users_of(auth: Auth, folder: Path, *, secret: bool) -> tuple[User, ...]:
    """
    The users of *auth*'s realm; none without digest.

    :param secret: the name of the file came from elsewhere and is not shown: it may be
        the content of the file, put where its name belongs.
    :raises ConfigErrors: the file cannot be read, lines of it are wrong, or it has nobody
        who could log in.
    """
    if auth.mode != "digest" or auth.realm is None or auth.users is None:
        return ()
    read = _read(
        folder / auth.users, "the file that it names" if secret else named(folder / auth.users)
    )
    users = tuple(user for user in read if user.realm == auth.realm)
    if not users:
        what = f'no line is for the realm "{auth.realm}"'
        raise ConfigErrors([(_USERS, f"{what}: write that into them, or theirs into auth.realm")])
    if not offered(users, auth.realm, auth.algorithms):
        listed = ", ".join(auth.algorithms)
        what = (
            f"{listed}: for each of these some user lacks a line, and could not log in: add the"
            " lines of one of them"
        )
        raise ConfigErrors([("auth.algorithms", what)])
    return users


def _read(path: Path, shown: str) -> tuple[User, ...]:
    try:
        text = read_text(path)
    except ValueError as error:
        raise ConfigErrors([(_USERS, f"{shown} {error}")]) from None
    try:
        return read_users(text)
    except ConfigErrors as errors:
        raise ConfigErrors(
            [(f"{_USERS}, {where}", what) for where, what in errors.problems]
        ) from None

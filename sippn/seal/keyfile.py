"""The file that keeps the secret of all tokens."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from sippn.errors import ConfigErrors
from sippn.seal.keyring import SECRET_SIZE

_SETTING = "keys.file"


def load_or_create(path: str | Path, entropy: Callable[[int], bytes]) -> bytes:
    """
    Read the secret at *path*; make it, readable by its owner alone, if there is none.

    Two processes that start at once agree on one secret, and a crash leaves either
    none or a whole one.

    :returns: 32 octets.
    :raises ConfigErrors: others may read it, it is no secret, or it cannot be read or made.
    """
    path = Path(path)
    try:
        try:
            return _load(path)
        except FileNotFoundError:
            _create(path, entropy(SECRET_SIZE), entropy(8).hex())
            return _load(path)
    except OSError as error:
        _refuse(f"{path}: {error.strerror}; the server must be able to read or create it")


def _refuse(problem: str) -> NoReturn:
    raise ConfigErrors([(_SETTING, problem)]) from None


def _load(path: Path) -> bytes:
    with path.open("rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        secret = file.read(SECRET_SIZE + 1)
    if not stat.S_ISREG(mode) or len(secret) != SECRET_SIZE:
        _refuse(f"{path}: is not a key file of {SECRET_SIZE} octets; move it away")
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        _refuse(f"{path}: others may read or change it; chmod 600 it")
    return secret


def _create(path: Path, secret: bytes, suffix: str) -> None:
    draft = path.with_name(f".{path.name}.{suffix}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o600)  # an odd umask would lock ourselves out
            file.write(secret)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # unlike a rename it never replaces the secret of another
        except FileExistsError:
            return
    finally:
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

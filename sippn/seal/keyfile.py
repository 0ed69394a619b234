"""The file that keeps the secrets of all tokens: one after the other, the newest first."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from sippn.errors import ConfigErrors
from sippn.seal.keyring import MAX_SECRETS, SECRET_SIZE, are_secrets

_SETTING = "keys.file"


def load_or_create(path: str | Path, entropy: Callable[[int], bytes]) -> bytes:
    """
    Read the secrets at *path*; make one, readable by its owner alone, if there is no file.

    Two processes that start at once agree on one secret, and a crash leaves either
    none or a whole one.

    :returns: 32 octets a secret, the newest first.
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


def rotate(path: str | Path, entropy: Callable[[int], bytes]) -> bool:
    """
    Put a new secret in front of those at *path*; the oldest goes where there are too many.

    The file is replaced at once, and is on the disk then: who reads it meanwhile finds the
    old ones or the new ones, and so does who starts after a crash.  It stays whose it was,
    though root may do this for the user of the server.

    :returns: whether the oldest one went.
    :raises ConfigErrors: there is no file to read, or it cannot be replaced.
    """
    path = Path(os.path.realpath(path))  # who comes by a link keeps the link
    try:
        secrets, owner = entropy(SECRET_SIZE) + _load(path), path.stat()
        most = MAX_SECRETS * SECRET_SIZE
        with _draft(path, secrets[:most], entropy(8).hex()) as draft:
            if (owner.st_uid, owner.st_gid) != (os.geteuid(), os.getegid()):
                os.chown(draft, owner.st_uid, owner.st_gid)
            draft.replace(path)
        _flush_folder(path)
    except FileNotFoundError:
        _refuse(f"{path}: there is no such file; the server makes it when it starts")
    except OSError as error:
        _refuse(f"{path}: {error.strerror}; its folder must be one that may be written to")
    return len(secrets) > most


def _refuse(problem: str) -> NoReturn:
    raise ConfigErrors([(_SETTING, problem)]) from None


def _load(path: Path) -> bytes:
    with path.open("rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        secrets = file.read(MAX_SECRETS * SECRET_SIZE + 1)
    if not stat.S_ISREG(mode) or not are_secrets(secrets):
        _refuse(f"{path}: is not a key file of {SECRET_SIZE} octets a key; move it away")
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        _refuse(f"{path}: others may read or change it; chmod 600 it")
    return secrets


def _create(path: Path, secret: bytes, suffix: str) -> None:
    with _draft(path, secret, suffix) as draft:
        try:
            os.link(draft, path)  # unlike a rename it never replaces the secret of another
        except FileExistsError:
            return
    _flush_folder(path)


@contextmanager
def _draft(path: Path, secrets: bytes, suffix: str) -> Iterator[Path]:
    """A file beside *path*, whole and on the disk, that is gone in the end."""
    draft = path.with_name(f".{path.name}.{suffix}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o600)  # an odd umask would lock ourselves out
            file.write(secrets)
            file.flush()
            os.fsync(file.fileno())
        yield draft
    finally:
        draft.unlink(missing_ok=True)


def _flush_folder(path: Path) -> None:
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

"""What people write and sippn reads: text in UTF-8, and TOML in it."""

from __future__ import annotations

import codecs
import errno
import re
import tomllib
from ast import literal_eval
from pathlib import Path
from typing import Any

_CURES = {
    errno.ENOENT: "mind its name and its folder",
    errno.ENOTDIR: "mind its name and its folder",
    errno.EACCES: "let the user that the server runs as read it",
    errno.EISDIR: "name a file in it",
}
_OTHER_TEXT = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

_TABLE = re.compile(r"\('[^()]*\)")  # a tuple of names, as Python writes it

# How tomllib begins, and what to do then
_HINTS = {
    "Invalid value": "a string stands in quotes, true and false in small letters",
    "Invalid statement": "write key = value, or [table]",
    "Expected '='": "write key = value",
    "Expected newline": "write one key a line, and a string in quotes",
    "Cannot declare": "write it once, or in [[ ]] where there may be several",
    "Cannot overwrite": "the same key stands before it: remove one of them",
    "Duplicate inline": "remove one of them",
    "Illegal character '\\n'": "close the quotes on the same line",
    "Unterminated string": "close the quotes on the same line",
    "Unescaped": "write \\\\ for \\, or use single quotes",
    "Unclosed": "close the bracket",
    "Expected ']": "close the bracket",
}


def named(path: Path) -> str:
    """*path* on one line, whatever its name is."""
    name = str(path)
    return name if name.isprintable() else ascii(name)


def read_text(path: Path, most: int | None = None) -> str:
    """
    The text of the file at *path*.

    :param most: octets that it may have; None: any number.
    :raises ValueError: what is wrong with it and what to do, to be read behind its name.
    """
    try:
        with path.open("rb") as file:
            octets = file.read(-1 if most is None else most + 1)
    except OSError as error:
        cure = _CURES.get(error.errno or 0, "name a file that can be read")
        raise ValueError(f"cannot be read ({error.strerror}): {cure}") from error
    except ValueError:  # a NUL in it
        raise ValueError("is no possible name of a file: write another") from None
    if most is not None and len(octets) > most:
        raise ValueError(f"is longer than {most} octets: is it the right file?")
    return _decoded(octets)


def _decoded(octets: bytes) -> str:
    if octets.startswith(_OTHER_TEXT):
        raise ValueError("is UTF-16 or UTF-32 text: save it as UTF-8")
    if octets.startswith(codecs.BOM_UTF8):  # it would belong to the first word
        raise ValueError("begins with a byte order mark: save it as UTF-8 without one")
    try:
        return octets.decode()
    except UnicodeDecodeError as error:
        line = octets.count(b"\n", 0, error.start) + 1
        raise ValueError(f"is not UTF-8 text (see line {line}): save it as UTF-8") from None


def read_toml(text: str) -> dict[str, Any]:
    """
    The tables of *text*.

    :raises ValueError: the first thing that is no TOML, with line and column, and what to do.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said = _TABLE.sub(lambda found: f"[{'.'.join(literal_eval(found[0]))}]", str(error))
    hint = next((hint for start, hint in _HINTS.items() if said.startswith(start)), "")
    raise ValueError(f"is not TOML: {said}: {hint or 'see https://toml.io'}")

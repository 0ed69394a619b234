"""
A disk that loses its power: what was synced is there, and of all else anything may be.

The model of RELIABILITY D2.  Each write since the last sync of its file is there, or not, or
in part, sector by sector; names come and go, each in its order, as they please, until their
folder was synced.
"""

from __future__ import annotations

import random
from pathlib import Path

from attrs import define, field

from tests.peers.recording import Created, Cut, Happening, Removed, Sent, Synced, Written

_SECTORS = (512, 4096)  # octets
_LUCK = (0.0, 0.1, 0.5, 0.9, 1.0)  # how many writes made it, by their number


@define(eq=False)
class _File:
    """
    What is in a file.

    :ivar safe: what is there for sure.
    :ivar unsafe: what was done since, in its order.
    """

    safe: bytearray = field(factory=bytearray)
    unsafe: list[Written | Cut] = field(factory=list)

    def sync(self, but: int) -> None:
        number = len(self.unsafe) - but
        for change in self.unsafe[:number]:
            _apply(change, self.safe)
        del self.unsafe[:number]

    def after_a_cut(self, dice: random.Random) -> bytes:
        octets, luck, sector = bytearray(self.safe), dice.choice(_LUCK), dice.choice(_SECTORS)
        for change in self.unsafe:
            if isinstance(change, Written) and dice.random() < 0.3:
                for part in _sectors(change, sector):
                    if dice.random() < luck:
                        _apply(part, octets)
            elif dice.random() < luck:
                _apply(change, octets)
        return bytes(octets)


@define(eq=False)
class Disk:
    """
    Some files in one folder.

    :ivar _names: of each name all files that it may stand for after a power cut, None for
        none: the first one is there for sure, the last one is what everybody sees.
    """

    _names: dict[str, list[_File | None]] = field(factory=dict, init=False)

    def do(self, happening: Happening) -> None:
        """Let it happen."""
        match happening:
            case Sent():
                pass
            case Created(path):
                history = self._names.setdefault(path, [None])
                if history[-1] is None:
                    history.append(_File())
            case Removed(path):
                self._names[path].append(None)
            case Synced(path, but):
                self._sync(path, but)
            case Written(path) | Cut(path):
                self._file(path).unsafe.append(happening)

    def lose_power(self, dice: random.Random) -> dict[str, bytes]:
        """What is found when it is back: names, and what is in them.  Nothing happens to it."""
        found = {name: dice.choice(history) for name, history in self._names.items()}
        return {name: file.after_a_cut(dice) for name, file in found.items() if file is not None}

    def _sync(self, path: str, but: int) -> None:
        if path in self._names:
            self._file(path).sync(but)
        else:  # their folder
            for history in self._names.values():
                del history[:-1]

    def _file(self, path: str) -> _File:
        file = self._names[path][-1]
        assert file is not None, f"{path} is not there"
        return file


def put(found: dict[str, bytes], folder: Path) -> None:
    """Write the files of *found* into *folder*, for their owner alone."""
    folder.mkdir()
    for name, octets in found.items():
        file = folder / Path(name).name
        file.write_bytes(octets)
        file.chmod(0o600)


def _apply(change: Written | Cut, octets: bytearray) -> None:
    end = change.size if isinstance(change, Cut) else change.offset + len(change.octets)
    if len(octets) < end:
        octets.extend(bytes(end - len(octets)))
    if isinstance(change, Cut):
        del octets[end:]
    else:
        octets[change.offset : end] = change.octets


def _sectors(written: Written, sector: int) -> list[Written]:
    """*written* in parts, of which a disk writes each one whole or not at all."""
    offset, end = written.offset, written.offset + len(written.octets)
    parts = []
    while offset < end:
        after = min(end, offset - offset % sector + sector)
        octets = written.octets[offset - written.offset : after - written.offset]
        parts.append(Written(written.path, offset, octets))
        offset = after
    return parts

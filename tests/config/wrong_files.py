"""
The table of wrong files in ``tests/config/wrong``, and what becomes of one.

Each file there has cases: a configuration, what else there is, and all that its writer is told.
"""

from __future__ import annotations

import codecs
import os
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from attrs import field, frozen
from twisted.python import usage

from sippn import tap
from sippn.service import Server
from tests.config.wrong_stage import Stage

FOLDER = Path(__file__).parent / "wrong"
PLACE = "/etc/sippn"  # where the operator of the table has it all
_FILES = ("text", "values", "elsewhere", "plugins", "services", "start")  # as one meets them
_NOBODY = 65534


@frozen
class Case:
    """
    One wrong file.

    :ivar text: what is in ``sippn.toml``; None: there is no such file.
    :ivar octets: the same in hexadecimal digits, where it is no text.
    :ivar says: every line that is shown.
    :ivar at: ``"check"``, or ``"start"`` where ``--check`` finds nothing.
    :ivar files: what else there is; *modes* of them, octal, and *folders*.
    :ivar around: what a file can't say, each a method of :class:`Stage`.
    :ivar denied: the server may do nothing in the folder.
    :ivar typical: it stands in ``docs/configuration.rst``.
    """

    name: str
    says: str
    text: str | None = None
    octets: str = ""
    at: str = "check"
    files: dict[str, str] = field(factory=dict)
    modes: dict[str, str] = field(factory=dict)
    folders: tuple[str, ...] = field(default=(), converter=tuple)
    env: dict[str, str] = field(factory=dict)
    around: tuple[str, ...] = field(default=(), converter=tuple)
    denied: bool = False
    typical: bool = False

    def heard(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
        """What twistd would say of it, with *folder* for the place of all its files."""
        path = self._written(folder)
        for name, value in self.env.items():
            monkeypatch.setenv(name, value)
        with Stage.set(folder, monkeypatch, self.around) as stage:
            if self.text is not None:
                path.write_text(stage.filled(path.read_text()))
            said = _refusal(path, self.at, denied=self.denied)
            return stage.emptied(said.replace(str(folder), PLACE))

    def _written(self, folder: Path) -> Path:
        path = folder / "sippn.toml"
        if self.octets:
            path.write_bytes(bytes.fromhex(self.octets))
        elif self.text is not None:
            path.write_text(self.text)
        for name in self.folders:
            (folder / name).mkdir()
        for name, text in self.files.items():
            (folder / name).write_text(text)
        for name, mode in self.modes.items():
            (folder / name).chmod(int(mode, 8))
        return path


def cases() -> Iterator[Case]:
    """All of them, file by file."""
    for name in _FILES:
        for table in tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))["case"]:
            yield Case(**table)


def _refusal(path: Path, at: str, *, denied: bool) -> str:
    """Go the way that twistd goes, until something is wrong."""
    options = tap.Options()
    try:
        with _denying(path.parent, denied and at == "check"):
            options.parseOptions(["--config", str(path)])
    except usage.UsageError as error:
        assert at == "check"
        return str(error)
    assert at == "start"
    with _denying(path.parent, denied):
        return _start(options)


def _start(options: tap.Options) -> str:
    try:
        service = tap.makeService(options)
    except SystemExit as error:
        return str(error)
    assert isinstance(service, tap.StartingService)
    try:
        service.privilegedStartService()
        service.startService()
    except tap.CannotStart as error:
        return str(error)
    finally:
        next(one for one in service if isinstance(one, Server)).stack.stop()
    raise AssertionError("it has started")


@contextmanager
def _denying(folder: Path, denied: bool) -> Iterator[None]:
    """Nobody may do anything in *folder*, root no more than others."""
    if not denied:
        yield
        return
    codecs.lookup("ascii")  # Python remembers for good what it could not read as nobody
    user = os.geteuid()
    folder.chmod(0)
    if not user:
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)
        folder.chmod(0o700)

"""
What comes after ``twistd sippn``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar, NoReturn

from twisted.python import usage

from sippn.config import Checked, listed, load
from sippn.errors import ConfigErrors
from sippn.seal import rotate
from sippn.tap.rehearsal import rehearse
from sippn.tap.terminal import say

_NO_FILE = "names none: without it, each start makes a new key that nobody keeps"


def _at_least_one(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not int(text):
        raise ValueError("a whole number, at least 1")
    return int(text)


class Options(usage.Options):
    """
    The command line.

    :ivar checked: the configuration; None for the demo, which has its own.
    """

    longdesc = (
        "A SIP registrar and proxy that wakes sleeping phones (RFC 8599). Without --config it"
        " listens on udp and tcp 127.0.0.1:5060, keeps registrations in sippn.db and logs what it"
        " would push."
    )
    optParameters: ClassVar[list[list[object]]] = [  # noqa: N815 - twisted.python.usage
        ["config", "c", None, "Read this TOML file."],
        ["demo-calls", None, None, "End the demo after so many calls.", _at_least_one],
    ]
    optFlags: ClassVar[list[list[object]]] = [  # noqa: N815 - twisted.python.usage
        ["check", None, "Say what is wrong with the configuration, and end."],
        ["rotate-keys", None, "Put a new key into the key file of the configuration, and end."],
        ["demo", None, "Show a call that wakes a phone, without any network, again and again."],
    ]
    checked: Checked | None = None
    _without_help = False

    @property
    def demo(self) -> bool:
        """Whether the demo was asked for."""
        return bool(self["demo"]) or self["demo-calls"] is not None

    def parseArgs(self, *args: str) -> None:
        """
        Refuse what is no option.

        :raises usage.UsageError: there is any.
        """
        if args:
            raise usage.UsageError(f"takes no argument {args[0]!r}: did you mean --config FILE?")

    def postOptions(self) -> None:
        """
        Read the configuration, before anything runs.

        :raises usage.UsageError: the options, or what they name, are wrong.
        :raises SystemExit: ``--check`` has said what there was to say, or ``--rotate-keys``
            what it did.
        """
        if self.demo:
            if self["check"] or self["rotate-keys"] or self["config"]:
                raise usage.UsageError("the demo has its own configuration: leave out the rest")
            if self.parent is not None:
                self.parent["pidfile"] = ""  # it may run beside a server
            return
        if self["check"] and self["rotate-keys"]:
            raise usage.UsageError("--check and --rotate-keys each end by itself: leave out one")
        path = None if self["config"] is None else Path(self["config"])
        try:
            self.checked = checked = load(path, os.environ)
            said = self._asked_for(checked)
        except ConfigErrors as errors:
            self._refuse(listed(errors, path))
        if said:
            say("\n".join(said))
            raise SystemExit(0)

    def getUsage(self, width: int | None = None) -> str:
        """The options; nothing where they are not what is wrong."""
        return "" if self._without_help else str(super().getUsage(width))

    def _asked_for(self, checked: Checked) -> list[str]:
        """Do what is not to run a server, and what to say of it; nothing: that is to run."""
        if self["check"]:
            rehearse(checked.settings)
            return _good_news(checked)
        return _rotated(checked.settings.keys_file) if self["rotate-keys"] else []

    def _refuse(self, what: str) -> NoReturn:
        if self["check"] or self["rotate-keys"]:
            say(what)
            raise SystemExit(1)
        self._without_help = True
        raise usage.UsageError(what)


def _good_news(checked: Checked) -> list[str]:
    warnings = [f"warning: {warning}" for warning in checked.warnings]
    return ["configuration ok", *checked.summary, *warnings]


def _rotated(path: str | None) -> list[str]:
    if path is None:
        raise ConfigErrors([("keys.file", _NO_FILE)])
    instead = " in place of the oldest" if rotate(path, os.urandom) else ""
    return [
        f"{path} has a new key{instead}",
        "restart the server: until then it uses those that it has read",
    ]

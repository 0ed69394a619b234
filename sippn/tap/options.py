"""
What comes after ``twistd sippn``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar, NoReturn

from twisted.python import usage

from sippn.config import Checked, load
from sippn.errors import ConfigErrors
from sippn.tap.terminal import listed, say


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
        :raises SystemExit: ``--check`` has said what there was to say.
        """
        if self.demo:
            if self["check"] or self["config"]:
                raise usage.UsageError("the demo has its own configuration: leave out the rest")
            if self.parent is not None:
                self.parent["pidfile"] = ""  # it may run beside a server
            return
        path = None if self["config"] is None else Path(self["config"])
        try:
            self.checked = checked = load(path, os.environ)
        except ConfigErrors as errors:
            self._refuse(listed(errors, path))
        if self["check"]:
            say("\n".join(_good_news(checked)))
            raise SystemExit(0)

    def getUsage(self, width: int | None = None) -> str:
        """The options; nothing where they are not what is wrong."""
        return "" if self._without_help else str(super().getUsage(width))

    def _refuse(self, what: str) -> NoReturn:
        if self["check"]:
            say(what)
            raise SystemExit(1)
        self._without_help = True
        raise usage.UsageError(what)


def _good_news(checked: Checked) -> list[str]:
    warnings = [f"warning: {warning}" for warning in checked.warnings]
    return ["configuration ok", *checked.summary, *warnings]

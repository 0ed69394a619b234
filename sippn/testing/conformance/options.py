"""The command line of the suite."""

from __future__ import annotations

import ipaddress
import math
import os
import socket
import sys
from collections.abc import Sequence
from fnmatch import fnmatchcase
from itertools import takewhile
from typing import ClassVar

from twisted.python import usage

from sippn.testing.conformance.catalogue import CATALOGUE, Scenario
from sippn.testing.conformance.subject import ROLES, Subject, Users
from sippn.transport import Address

_ANY_USERS = "suite-{run}-{{}}"


class Options(usage.Options):
    """What is asked of the suite; wrong words raise :class:`usage.UsageError`."""

    synopsis = "Usage: python -m sippn.testing.conformance HOST PORT [options]"
    longdesc = (
        "Plays phones, callers and a push service against the SIP server at HOST (an IP address)"
        " and PORT, which pushes by POSTing JSON (kind, provider, param, prid, ...) to the webhook"
        " that this suite listens at. The exit status is 1 if the server failed."
    )
    optParameters: ClassVar[list[tuple[object, ...]]] = [  # noqa: N815 - twisted.python.usage
        ("transport", None, "udp", "udp or tcp."),
        ("webhook", None, "127.0.0.1:9070", "HOST:PORT where the suite takes pushes."),
        ("domain", None, "", "That the server serves; HOST unless given."),
        ("provider", None, "acme", "pn-provider that the server pushes through the webhook."),
        ("param", None, "org.example.app", "pn-param to go with it."),
        (
            "users",
            None,
            "",
            "Three or more, a,b,c, or one with {} for a number; names of its own unless given.",
        ),
        ("password", None, None, "Of every user; without it there is none."),
        ("wait", None, "25", "Seconds that the server lets an INVITE wait for a phone, at most."),
        ("patience", None, "5", "Seconds for what is to happen at once."),
        ("quiet", None, "0.3", "Seconds after which what has not happened will not."),
        ("longest", None, "0", "Seconds to wait for bindings to end, where that is to be seen."),
        ("at-once", None, "4", "Scenarios that are played at a time."),
        ("only", None, "*", "Those whose id or name matches: P-04*, or several with commas."),
    ]
    optFlags: ClassVar[list[tuple[object, ...]]] = [  # noqa: N815 - twisted.python.usage
        ("show", None, "Show what was said in the scenarios that failed."),
        ("list", None, "Only say which scenarios there are."),
    ]

    subject: Subject
    users: Users
    at_once: int
    scenarios: list[Scenario]

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """HOST and PORT may come before the options as well."""
        words = list(sys.argv[1:] if options is None else options)
        first = list(takewhile(lambda word: not word.startswith("-"), words))
        super().parseOptions([*words[len(first) :], *first])

    def parseArgs(self, *args: str) -> None:
        """HOST and PORT."""
        if self["list"] and not args:
            args = ("127.0.0.1", "5060")
        if len(args) != 2:
            raise usage.UsageError("HOST and PORT of the server are needed, and nothing else")
        self._address = _address("HOST PORT", *args)

    def postOptions(self) -> None:
        """Check the words, and make of them what a run needs."""
        if self["transport"] not in ("udp", "tcp"):
            raise usage.UsageError(f"--transport {self['transport']}: write udp or tcp")
        host, _, port = self["webhook"].rpartition(":")
        self.subject = Subject(
            address=self._address,
            transport=self["transport"],
            domain=self["domain"] or self._address.host,
            webhook=_address("--webhook", host, port),
            provider=self["provider"],
            param=self["param"],
            password=self["password"],
            host=_way_to(self._address),
            wait=self._number("wait"),
            patience=self._number("patience"),
            quiet=self._number("quiet"),
            longest=self._number("longest"),
        )
        self.users = self._users()
        self.at_once = max(1, int(self._number("at-once")))
        self.scenarios = self._scenarios()

    def _users(self) -> Users:
        if not self["users"]:
            return Users((_ANY_USERS.format(run=os.urandom(2).hex()),))
        users = Users(tuple(name.strip() for name in self["users"].split(",") if name.strip()))
        if not users.casts:
            raise usage.UsageError(
                f"--users {self['users']}: write {len(ROLES)} or more, or one with {{}} in it"
            )
        return users

    def _number(self, name: str) -> float:
        try:
            number = float(self[name])
        except ValueError:
            number = -1
        if not (0 <= number < math.inf):
            raise usage.UsageError(f"--{name} {self[name]}: write a number")
        return number

    def _scenarios(self) -> list[Scenario]:
        patterns = self["only"].split(",")
        found = sorted((one for one in CATALOGUE if _matches(one, patterns)), key=_by_id)
        if not found:
            raise usage.UsageError(f"--only {self['only']}: no scenario is called so; see --list")
        return found


def _by_id(one: Scenario) -> tuple[bool, str]:
    """The RFC's own requirements first; the same every time."""
    return not one.ids.startswith("P-"), one.ids


def _matches(one: Scenario, patterns: list[str]) -> bool:
    names = [*one.ids.split(", "), one.name]
    return any(fnmatchcase(name, pattern) for pattern in patterns for name in names)


def _address(what: str, host: str, port: str) -> Address:
    plain = host.strip("[]")
    try:
        ipaddress.ip_address(plain)
    except ValueError:
        raise usage.UsageError(f"{what}: {host or 'nothing'} is no IP address") from None
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise usage.UsageError(f"{what}: {port or 'nothing'} is no port")
    return Address(plain, int(port))


def _way_to(address: Address) -> str:
    """The address that this machine has on the way to *address*; nothing is sent."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as way:
        try:
            way.connect((address.host, address.port))
        except OSError as error:
            raise usage.UsageError(f"no way to {address}: {error.strerror}") from None
        return str(way.getsockname()[0])

"""The server under test, as whoever runs the suite describes it; and whom it serves."""

from __future__ import annotations

import sys

from attrs import define, field, frozen

from sippn.transport import Address


@frozen
class Subject:
    """
    A server, and what the suite may expect of it.

    :ivar address: where it listens.
    :ivar transport: ``udp`` or ``tcp``.
    :ivar domain: that it serves.
    :ivar webhook: where the suite takes its pushes.
    :ivar provider: ``pn-provider`` that it pushes; *param* is the ``pn-param`` to go with it.
    :ivar password: of every user; None: it asks for none.
    :ivar host: the address that phones have.
    :ivar wait: seconds that it lets an INVITE wait for a phone, at most.
    :ivar patience: seconds for what is to happen at once.
    :ivar quiet: seconds after which what has not happened will not.
    :ivar longest: seconds that a scenario may wait for a binding to end.
    """

    address: Address
    transport: str
    domain: str
    webhook: Address
    provider: str = "acme"
    param: str = "org.example.app"
    password: str | None = field(default=None, repr=False)
    host: str = "127.0.0.1"
    wait: float = 25
    patience: float = 5
    quiet: float = 0.3
    longest: float = 0


ROLES = ("alice", "bob", "carol")  # whose phone it is about, who calls, and somebody else


@define(eq=False)
class Users:
    """
    The users of the server, dealt out to scenarios: each gets one for each of the roles.

    :ivar names: of those that the server knows; a ``{}`` in the only one stands for a number,
        so that it is any of them.
    """

    names: tuple[str, ...]
    _dealt: int = field(default=0, init=False)
    _free: list[dict[str, str]] = field(factory=list, init=False)

    @property
    def casts(self) -> int:
        """How many scenarios can have theirs at a time."""
        return sys.maxsize if self._any_number else len(self.names) // len(ROLES)

    def take(self) -> dict[str, str]:
        """
        Role to name, of users whom nobody else has.

        :raises IndexError: more than :attr:`casts` are out.
        """
        if self._free:
            return self._free.pop()
        first, self._dealt = self._dealt, self._dealt + len(ROLES)
        return {role: self._name(first + number) for number, role in enumerate(ROLES)}

    def give_back(self, cast: dict[str, str]) -> None:
        """Nobody of *cast* has a binding left."""
        self._free.append(cast)

    @property
    def _any_number(self) -> bool:
        return len(self.names) == 1 and "{}" in self.names[0]

    def _name(self, number: int) -> str:
        if self._any_number:
            return self.names[0].replace("{}", str(number + 1))
        return self.names[number]

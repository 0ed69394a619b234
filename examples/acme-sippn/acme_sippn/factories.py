"""What the configuration finds of this package; the code behind it is imported when it is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from zope.interface import Interface, implementer

from sippn.errors import ConfigErrors
from sippn.interfaces import (
    IBindingStore,
    IFactory,
    IPushDialect,
    IPushProvider,
    IRoutingPolicy,
    Surroundings,
)


@implementer(IFactory)
class LineFactory:
    """``type = "line"``: *path* of a Unix socket, *pn_provider* that is pushed through it."""

    makes: ClassVar[type[Interface]] = IPushProvider
    prefix: ClassVar[str] = "line"
    help: ClassVar[str] = "Writes each push as a line of JSON to a Unix socket."

    def parse(self, table: Mapping[str, object]) -> Callable[[Surroundings], IPushProvider]:
        """Check *table*.  :raises ConfigErrors: it needs two strings, and takes no other key."""
        path, pn_provider = _strings(table, "path", "pn_provider")

        def build(around: Surroundings) -> IPushProvider:
            from acme_sippn.line import LineProvider

            return LineProvider(path, pn_provider.lower(), around.reactor)

        return build


@implementer(IFactory)
class JournalFactory:
    """``type = "journal"``: *path* of the file."""

    makes: ClassVar[type[Interface]] = IBindingStore
    prefix: ClassVar[str] = "journal"
    help: ClassVar[str] = "Keeps bindings in a file of JSON lines that only grows."

    def parse(self, table: Mapping[str, object]) -> Callable[[Surroundings], IBindingStore]:
        """Check *table*.  :raises ConfigErrors: it needs one string, and takes no other key."""
        (path,) = _strings(table, "path")

        def build(around: Surroundings) -> IBindingStore:
            from acme_sippn.journal import Journal, in_a_thread

            return Journal(path, in_a_thread(around.reactor))

        return build


@implementer(IFactory)
class ShortNumbersFactory:
    """``type = "short-numbers"``: *numbers*, a table of what is dialled and who that is."""

    makes: ClassVar[type[Interface]] = IRoutingPolicy
    prefix: ClassVar[str] = "short-numbers"
    help: ClassVar[str] = "Sends calls to short numbers where a table says."

    def parse(self, table: Mapping[str, object]) -> Callable[[Surroundings], IRoutingPolicy]:
        """Check *table*.  :raises ConfigErrors: a number, or what it stands for, is no good."""
        from acme_sippn.short_numbers import ShortNumbers, read_numbers

        numbers = read_numbers(table)
        return lambda around: ShortNumbers(around.serves, around.owns, numbers)


@implementer(IFactory)
class XPushFactory:
    """``type = "x-push"``: it has no keys."""

    makes: ClassVar[type[Interface]] = IPushDialect
    prefix: ClassVar[str] = "x-push"
    help: ClassVar[str] = "Understands the header field X-Push of PortSIP's phones."

    def parse(self, table: Mapping[str, object]) -> Callable[[Surroundings], IPushDialect]:
        """Check *table*.  :raises ConfigErrors: there is a key in it."""
        _strings(table)

        def build(_: Surroundings) -> IPushDialect:
            from acme_sippn.x_push import XPush

            return XPush()

        return build


def _strings(table: Mapping[str, object], *keys: str) -> list[str]:
    """The values of *keys*, which are all that there may be.  :raises ConfigErrors: or else."""
    wrong = [(key, "unknown key: remove it") for key in table if key not in keys]
    found = {key: value for key in keys if isinstance(value := table.get(key), str) and value}
    wrong += [(key, "must be a string") for key in keys if key not in found]
    if wrong:
        raise ConfigErrors(wrong)
    return [found[key] for key in keys]

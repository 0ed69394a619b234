"""A configuration in a few lines, for ``--check``."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sippn.auth import offered
from sippn.config.model import Config, PluginTable
from sippn.config.problems import Loc
from sippn.config.reached import reached
from sippn.service.settings import ServerSettings


def summary(config: Config, settings: ServerSettings, secret: Collection[Loc]) -> tuple[str, ...]:
    """
    What an operator wants to see at a glance.

    :param secret: places whose value came from a variable or a file, and is not shown.
    """
    sockets = (_socket(listen.transport, listen.host, listen.port) for listen in settings.listen)
    return (
        f"listens on:     {', '.join(sockets)}",
        f"domains:        {', '.join(settings.domains) or 'every domain'}",
        f"storage:        {config.storage.type}",
        f"authentication: {_auth(settings)}",
        f"trusted:        {', '.join(map(str, settings.auth.trusted)) or 'nobody'}",
        *_providers(config.push.provider, secret),
        *_plugins("dialects:      ", config.push.dialect),
        *_plugins("policies:      ", config.policy),
    )


def _providers(tables: Sequence[PluginTable], secret: Collection[Loc]) -> tuple[str, ...]:
    """A line for each, in the order in which they are asked."""
    lines = [
        reached(table, lambda *keys, number=number: ("push", "provider", number, *keys) in secret)
        for number, table in enumerate(tables)
    ]
    first, *others = lines or ["no provider"]
    return (f"push:           {first}", *(f"                {line}" for line in others))


def _plugins(what: str, tables: Sequence[PluginTable]) -> tuple[str, ...]:
    """Plugins that few have, in the order in which they are asked."""
    named = ", ".join(table.type for table in tables)
    return (f"{what} {named}",) if named else ()


def _socket(transport: str, host: str, port: int) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"{transport} {shown}:{port or 'any free port'}"


def _auth(settings: ServerSettings) -> str:
    auth = settings.auth
    if auth.mode != "digest":
        return auth.mode
    algorithms = " and ".join(offered(auth.users, auth.realm, auth.algorithms))
    return f'digest, realm "{auth.realm}", users: {len(auth.users)}, {algorithms}'

"""A configuration in a few lines, for ``--check``."""

from __future__ import annotations

from collections.abc import Sequence

from sippn.auth import offered
from sippn.config.model import Config, PluginTable
from sippn.service.settings import ServerSettings


def summary(config: Config, settings: ServerSettings) -> tuple[str, ...]:
    """What an operator wants to see at a glance."""
    sockets = (_socket(listen.transport, listen.host, listen.port) for listen in settings.listen)
    providers = (provider.type for provider in config.push.provider)
    return (
        f"listens on:     {', '.join(sockets)}",
        f"domains:        {', '.join(settings.domains) or 'every domain'}",
        f"storage:        {config.storage.type}",
        f"authentication: {_auth(settings)}",
        f"trusted:        {', '.join(map(str, settings.auth.trusted)) or 'nobody'}",
        f"push:           {', '.join(providers) or 'no provider'}",
        *_plugins("dialects:      ", config.push.dialect),
        *_plugins("policies:      ", config.policy),
    )


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

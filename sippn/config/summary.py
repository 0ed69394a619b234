"""A configuration in a few lines, for ``--check``."""

from __future__ import annotations

from sippn.auth import offered
from sippn.config.model import Config
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
        *_policies(config),
    )


def _policies(config: Config) -> tuple[str, ...]:
    """Those of plugins, in the order in which they are asked; few have any."""
    named = ", ".join(policy.type for policy in config.policy)
    return (f"policies:       {named}",) if named else ()


def _socket(transport: str, host: str, port: int) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"{transport} {shown}:{port or 'any free port'}"


def _auth(settings: ServerSettings) -> str:
    auth = settings.auth
    if auth.mode != "digest":
        return auth.mode
    algorithms = " and ".join(offered(auth.users, auth.realm, auth.algorithms))
    return f'digest, realm "{auth.realm}", users: {len(auth.users)}, {algorithms}'

"""Whom a push provider reaches, in a few words without a secret, for ``--check``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from sippn.config.model import PluginTable

APPS = {"apns": "apps", "fcm": "projects"}
"""Where a provider of the type has a table for each of its apps."""

_ENDPOINTS = ("endpoint", "sandbox_endpoint", "token_endpoint")
_MOST = 6  # names in a line

IsHidden = Callable[..., bool]  # by the keys that lead to a value from the provider's table


def reached(table: PluginTable, hidden: IsHidden) -> str:
    """
    The type of a provider that is right, and its apps, hosts or gateway.

    :param hidden: whether a value may be a secret, for it came from elsewhere.
    """
    raw = table.model_extra or {}
    whom = ", ".join(_cut(list(_names(table.type, raw, hidden))))
    through = dict.fromkeys(
        _server(str(raw[key])) for key in _ENDPOINTS if key in raw and not hidden(key)
    )
    detour = f"through {' and '.join(through)}" if through else ""
    return ": ".join(filter(None, (table.type, ", ".join(filter(None, (whom, detour))))))


def apps_of(table: PluginTable) -> Mapping[str, Mapping[str, Any]]:
    """The tables of its apps, by what they are called; none, where it has no such tables."""
    apps = (table.model_extra or {}).get(APPS.get(table.type, ""))
    return apps if isinstance(apps, Mapping) else {}


def _names(kind: str, raw: Mapping[str, Any], hidden: IsHidden) -> Iterator[str]:
    if kind in APPS:
        for name, app in raw.get(APPS[kind], {}).items():
            yield f"{name} (sandbox)" if app.get("sandbox") is True else name
    elif kind == "webpush":
        hosts = raw.get("allow_hosts", [])
        yield from (host for n, host in enumerate(hosts) if not hidden("allow_hosts", n))
    elif kind in ("webhook", "log"):
        if "pn_provider" in raw and not hidden("pn_provider"):
            yield raw["pn_provider"]
        if "url" in raw and not hidden("url"):
            yield f"at {_server(raw['url'])}"


def _server(url: str) -> str:
    """Without what may be a credential: the user, the path and the query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _cut(names: Sequence[str]) -> list[str]:
    more = len(names) - _MOST
    return [*names[:_MOST], *([f"{more} more"] if more > 0 else [])]

"""What is allowed of push providers, and should not go unsaid."""

from __future__ import annotations

import stat
from collections.abc import Collection, Iterator
from pathlib import Path

from sippn.config.backends import files_in
from sippn.config.model import Config, PluginTable
from sippn.config.problems import Loc, key_path
from sippn.config.reached import APPS, apps_of

_ONE_PNS = ("apns", "fcm", "webpush")  # types that serve the PNS of their own name
_KEYS = ("key_file", "service_account")  # how names of keys that name a secret's file end
_CERTIFICATE = "certificate_file"  # has the private key in it, where no other file is named


def push_risks(config: Config, folder: Path) -> tuple[str, ...]:
    """
    Warnings for ``--check`` and for the log, in the order of the file.

    :param folder: files that tables name are relative to it.
    """
    return (
        *_readable_keys(config, folder),
        *_any_host(config),
        *_never_asked(config),
        *_twice(config),
    )


def _readable_keys(config: Config, folder: Path) -> Iterator[str]:
    """T17: whoever reads a key can push in the operator's name."""
    for number, table in enumerate(config.push.provider):
        found = dict(files_in(table.model_extra or {}, ("push", "provider", number)))
        for loc, name in found.items():
            if _is_secret(loc, found) and _others_read(folder / name):
                yield f"{key_path(loc)}: others may read the file, and push with it: chmod 600 it"


def _is_secret(loc: Loc, found: Collection[Loc]) -> bool:
    """Whether a private key is in the file that *loc* names, beside those of *found*."""
    *table, key = loc
    if key == _CERTIFICATE:
        return (*table, "private_key_file") not in found
    return str(key).endswith(_KEYS)


def _others_read(file: Path) -> bool:
    try:
        return bool(file.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))
    except OSError:  # the start says why
        return False


def _any_host(config: Config) -> Iterator[str]:
    """T8: such a push goes wherever its phone says."""
    for number, table in enumerate(config.push.provider):
        hosts = (table.model_extra or {}).get("allow_hosts")
        if table.type == "webpush" and isinstance(hosts, list) and any(map(_is_any, hosts)):
            yield (
                f'push.provider[{number}].allow_hosts: "*" lets whoever registers send this server'
                " to any public host: name the push services that your apps use"
            )


def _is_any(host: object) -> bool:
    return isinstance(host, str) and host.partition(":")[0] == "*"


def _never_asked(config: Config) -> Iterator[str]:
    """The first provider that serves a PNS is asked; one that serves any app of it hides others."""
    hiding: dict[str | None, int] = {}
    for number, table in enumerate(config.push.provider):
        takes_all, pns = _serves(table)
        first = hiding.get(pns, hiding.get(None))
        if first is not None:
            whose = f'of "{pns}"' if pns and hiding.get(None) != first else "there is"
            yield (
                f"push.provider[{number}]: is never asked, for push.provider[{first}] before it"
                f" takes every push {whose}: change their order, or remove one"
            )
        elif takes_all:
            hiding[pns] = number


def _serves(table: PluginTable) -> tuple[bool, str | None]:
    """Whether it takes every push of a PNS, and which; None: of any, empty: nobody knows."""
    raw = table.model_extra or {}
    if table.type in ("webhook", "log"):
        pns = str(raw["pn_provider"]).lower() if "pn_provider" in raw else None
        if raw.get("preset") != "sylk":
            return True, pns
        return False, pns or ""  # it takes calls and the like, for some PNSs
    return False, table.type if table.type in _ONE_PNS else ""


def _twice(config: Config) -> Iterator[str]:
    """Two tables of one type: the first has what both claim."""
    owners: dict[tuple[str, str], int] = {}
    for number, table in enumerate(config.push.provider):
        where = f"push.provider[{number}]"
        for app in apps_of(table):
            first = owners.setdefault((table.type, app), number)
            if first != number:
                path = key_path(("push", "provider", number, APPS[table.type], app))
                yield f"{path}: is never asked, for push.provider[{first}] has it, too: remove one"
        if table.type in ("fcm", "webpush"):
            first = owners.setdefault((table.type, ""), number)
            if first != number:
                yield f"{where}: {_SECOND[table.type].format(first=first)}"


_SECOND = {
    "fcm": (
        "push.provider[{first}] is fcm, too, and with a single project takes phones of any:"
        " write all projects into one table"
    ),
    "webpush": (
        "push.provider[{first}] is webpush, too, and browsers are told its VAPID key alone:"
        " write one table for all hosts"
    ),
}

"""What an operator says about APNs, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, TypeAlias

from attrs import evolve, frozen

from sippn.binding import PushKind
from sippn.providers.apns.presets import PRESETS, SEEN
from sippn.providers.payload import Payload, payload_of
from sippn.providers.settings import Endpoint, endpoint_in
from sippn.providers.table import Table

PRODUCTION: Final = Endpoint("api.push.apple.com")
SANDBOX: Final = Endpoint("api.sandbox.push.apple.com")

AUTO: Final = "auto"

_BUNDLE: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.\-]{0,153}[A-Za-z0-9])?")
_APPLES: Final = re.compile(r"[A-Z0-9]{10}")
_UNSEEN: Final = (PushKind.MID_DIALOG, PushKind.REFRESH)
_APP_KEYS: Final = (
    "team",
    "key_id",
    "key_file",
    "certificate_file",
    "private_key_file",
    "sandbox",
    "payload",
)


@frozen
class KeySettings:
    """A key of a team's: one is good for all apps of the team, and for both environments."""

    team: str
    key_id: str
    key_file: str


@frozen
class CertificateSettings:
    """
    A certificate of an app's.

    :ivar private_key_file: None: the key is in *certificate_file*.
    """

    certificate_file: str
    private_key_file: str | None = None


Credentials: TypeAlias = KeySettings | CertificateSettings


@frozen
class AppSettings:
    """
    An app.

    :ivar bundle: its bundle id.
    :ivar sandbox: whether its tokens are of the sandbox; None: as each UA says, and the other
        where that turns out to be wrong.
    """

    bundle: str
    credentials: Credentials
    payload: Payload
    sandbox: bool | None = None


@frozen
class APNsSettings:
    """
    How APNs is reached.

    :ivar sandbox_endpoint: Apple's test environment, for apps that Xcode installed.
    :ivar ca_file: PEM file of the CAs to trust; None: those of the system.
    """

    apps: tuple[AppSettings, ...]
    endpoint: Endpoint = PRODUCTION
    sandbox_endpoint: Endpoint = SANDBOX
    ca_file: str | None = None


def apns_settings(raw: Mapping[str, object]) -> APNsSettings:
    """
    Check the table of APNs.

    :raises ConfigErrors: everything that is wrong with it.
    """
    table = Table(raw)
    table.refuse_unknown(("apps", "endpoint", "sandbox_endpoint", "ca_file"))
    endpoint = endpoint_in(table, "endpoint")
    sandbox = endpoint_in(table, "sandbox_endpoint")
    ca_file = table.text("ca_file")
    if ca_file is not None and "endpoint" not in table and "sandbox_endpoint" not in table:
        table.refuse(
            "ca_file", "is of use with an endpoint of yours only, Apple's has others: remove it"
        )
    tables = table.tables("apps")
    if not tables and (table.value("apps") or {}) == {}:
        table.refuse("apps", 'is empty: write a table [push.provider.apps."your.bundle.id"]')
    apps = tuple(_app(table, bundle, each) for bundle, each in tables.items())
    table.finish()
    production = endpoint or PRODUCTION
    return APNsSettings(apps, production, sandbox or _sandbox_beside(production), ca_file)


def _sandbox_beside(production: Endpoint) -> Endpoint:
    """Apple's, at the same port (APNs has 2197 beside 443); a gateway is for both."""
    return (
        evolve(SANDBOX, port=production.port) if production.host == PRODUCTION.host else production
    )


def _app(outer: Table, bundle: str, table: Table) -> AppSettings:
    if not _BUNDLE.fullmatch(bundle):
        outer.refuse(f'apps."{bundle[:64]}"', "is no bundle id: write the one that Xcode shows")
    elif bundle.endswith(".voip"):
        outer.refuse(f'apps."{bundle}"', "must be the bundle id alone: leave out .voip")
    table.refuse_unknown(_APP_KEYS)
    payload = payload_of(table, presets=PRESETS)
    _refuse_what_is_seen(table)
    return AppSettings(bundle, _credentials(table), payload, _sandbox(table))


def _credentials(table: Table) -> Credentials:
    if "certificate_file" in table:
        for key in ("team", "key_id", "key_file"):
            if key in table:
                table.refuse(key, "is of no use with certificate_file: remove one of them")
        certificate = table.text("certificate_file") or ""
        return CertificateSettings(certificate, table.text("private_key_file"))
    if "private_key_file" in table:
        table.refuse("private_key_file", "is of use with certificate_file only: a .p8 is key_file")
    if "key_file" not in table:
        table.refuse(
            "key_file", "is missing: name the .p8 file of Apple's, or write certificate_file"
        )
    return KeySettings(
        team=_of_apples(table, "team", "Team ID, which the membership page shows"),
        key_id=_of_apples(table, "key_id", "Key ID, which is in the name of the .p8 file"),
        key_file=table.text("key_file") or "",
    )


def _of_apples(table: Table, key: str, what: str) -> str:
    text = table.text(key, needed=True) or ""
    if text and not _APPLES.fullmatch(text):
        table.refuse(key, f"must be ten capital letters and digits: the {what}")
    return text


def _sandbox(table: Table) -> bool | None:
    value = table.value("sandbox")
    if isinstance(value, bool):
        return value
    if value not in (None, AUTO):
        table.refuse("sandbox", f'must be true, false or "{AUTO}"')
    return None


def _refuse_what_is_seen(table: Table) -> None:
    """APNs takes nothing that a user could see or hear in a push that is not for the user."""
    payload = table.value("payload")
    if not isinstance(payload, Mapping):
        return
    for kind in PushKind:
        template = payload.get(kind.value)
        aps = template.get("aps", {}) if isinstance(template, Mapping) else {}
        where = f"payload.{kind.value}.aps"
        if not isinstance(aps, Mapping):
            table.refuse(where, "must be a table: it is Apple's own part of a payload")
        elif kind in _UNSEEN:
            for name in sorted(SEEN.intersection(aps)):
                table.refuse(f"{where}.{name}", "is for pushes that the user sees: remove it")

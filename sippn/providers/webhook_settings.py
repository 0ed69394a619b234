"""What an operator says about a webhook, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum

from attrs import field, frozen

from sippn.providers.settings import pn_provider_in, url_in
from sippn.providers.table import Table

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110 section 5.6.2
_FIELD_VALUE = re.compile(r"[\x20-\x7e\xa0-\xff]*")  # a CR or LF in it would be a second field
_SYLKS = ("apns", "fcm")
_SHORTEST_KEY = 16

OURS = frozenset(
    {
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "x-sippn-signature",
    }
)
"""Header fields that sippn writes itself, or that would change how HTTP is framed."""


class Preset(Enum):
    """What a gateway understands."""

    GENERIC = "generic"
    SYLK = "sylk"


@frozen
class WebhookSettings:
    """
    A gateway.

    :ivar url: may have a secret in its query, so no repr shows it.
    :ivar pn_provider: the PNS it serves; None: any.
    :ivar headers: sent with every push; usually a secret.
    :ivar ca_file: PEM file of the CAs to trust; None: those of the system.
    :ivar signing_key: what each push is signed with; empty: none is.
    """

    url: str = field(repr=False)
    pn_provider: str | None = None
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    ca_file: str | None = None
    preset: Preset = Preset.GENERIC
    signing_key: str = field(default="", repr=False)


def webhook_settings(raw: Mapping[str, object]) -> WebhookSettings:
    """
    Check the table of a webhook.

    :raises ConfigErrors: everything that is wrong with it.
    """
    table = Table(raw)
    table.refuse_unknown(("pn_provider", "url", "headers", "ca_file", "preset", "signing_key"))
    pn_provider = pn_provider_in(table)
    parts = url_in(table, "url", needed=True)
    headers = _headers(table)
    ca_file = table.text("ca_file")
    if ca_file is not None and parts is not None and parts.scheme == "http":
        table.refuse("ca_file", "is of use with an https url only: remove it")
    preset = _preset(table, pn_provider)
    signing_key = _signing_key(table)
    table.finish()
    return WebhookSettings(
        table.text("url") or "", pn_provider, headers, ca_file, preset, signing_key
    )


def _preset(table: Table, pn_provider: str | None) -> Preset:
    written = table.text("preset") or Preset.GENERIC.value
    if written not in [each.value for each in Preset]:
        known = " or ".join(f'"{each.value}"' for each in Preset)
        table.refuse("preset", f"is none that there is: write {known}")
        return Preset.GENERIC
    preset = Preset(written)
    if preset is Preset.SYLK and pn_provider not in (None, *_SYLKS):
        known = " or ".join(f'"{name}"' for name in _SYLKS)
        table.refuse("pn_provider", f"is none that sylk-pushserver reaches: write {known}")
    return preset


def _signing_key(table: Table) -> str:
    key = table.text("signing_key")
    if key is not None and len(key) < _SHORTEST_KEY:
        table.refuse(
            "signing_key",
            f"can be guessed: write {_SHORTEST_KEY} characters at least, "
            "as `openssl rand -hex 32` makes them",
        )
    return key or ""


def _headers(table: Table) -> tuple[tuple[str, str], ...]:
    headers = table.texts("headers")
    for name, value in headers.items():
        where = f"headers.{name}"
        if not _TOKEN.fullmatch(name):
            table.refuse("headers", f"{name[:40]!r} is no name of a header field: remove it")
        elif name.lower() in OURS:
            table.refuse(where, "is written by sippn itself: remove it")
        elif not _FIELD_VALUE.fullmatch(value):
            table.refuse(
                where, "has a line break or another character that HTTP cannot carry: remove it"
            )
    return tuple(headers.items())

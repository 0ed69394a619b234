"""What an operator says about a provider, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

from attrs import field, frozen
from twisted.internet.abstract import isIPv6Address

from sippn.dialect.names import ALIASES, GONE
from sippn.providers.table import Table

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110 section 5.6.2
_FIELD_VALUE = re.compile(r"[\x20-\x7e\xa0-\xff]*")  # a CR or LF in it would be a second field
_URL = re.compile(r"[\x21-\x7e]+")
_LABEL = re.compile(r"[0-9a-z](?:[0-9a-z-]{0,61}[0-9a-z])?")
_TAG_VALUE = re.compile(r"[0-9A-Za-z\-.%*_+`'~]+")  # RFC 6809, as Feature-Caps will carry it

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
    }
)
"""Header fields that sippn writes itself, or that would change how HTTP is framed."""


@frozen
class WebhookSettings:
    """
    A gateway.

    :ivar url: may have a secret in its query, so no repr shows it.
    :ivar pn_provider: the PNS it serves; None: any.
    :ivar headers: sent with every push; usually a secret.
    :ivar ca_file: PEM file of the CAs to trust; None: those of the system.
    """

    url: str = field(repr=False)
    pn_provider: str | None = None
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    ca_file: str | None = None


@frozen
class LogSettings:
    """
    A provider that pushes nothing.

    :ivar pn_provider: the PNS it plays; None: any.
    """

    pn_provider: str | None = None


def webhook_settings(raw: Mapping[str, object]) -> WebhookSettings:
    """
    Check the table of a webhook.

    :raises ConfigErrors: everything that is wrong with it.
    """
    table = Table(raw)
    table.refuse_unknown(("pn_provider", "url", "headers", "ca_file"))
    pn_provider = _pn_provider(table)
    url = table.text("url", needed=True)
    parts = _split(table, url)
    headers = _headers(table)
    ca_file = table.text("ca_file")
    if ca_file is not None and parts is not None and parts.scheme == "http":
        table.refuse("ca_file", "is of use with an https url only: remove it")
    table.finish()
    return WebhookSettings(url or "", pn_provider, headers, ca_file)


def log_settings(raw: Mapping[str, object]) -> LogSettings:
    """
    Check the table of a log provider.

    :raises ConfigErrors: everything that is wrong with it.
    """
    table = Table(raw)
    table.refuse_unknown(("pn_provider",))
    pn_provider = _pn_provider(table)
    table.finish()
    return LogSettings(pn_provider)


def _pn_provider(table: Table) -> str | None:
    """Its name as targets carry it, whatever the UAs call it."""
    written = table.text("pn_provider")
    if written is None:
        return None
    name = written.lower()
    if not _TAG_VALUE.fullmatch(name):
        table.refuse(
            "pn_provider",
            "has a character that Feature-Caps cannot carry: use letters, digits, - and _",
        )
    elif name in ALIASES:
        table.refuse("pn_provider", f'is what some phones call "{ALIASES[name]}": write that')
    elif name in GONE:
        table.refuse("pn_provider", "is a push service that was switched off: remove its table")
    return name


def _split(table: Table, url: str | None) -> SplitResult | None:
    if url is None:
        return None
    wrong = _wrong_octets(url)
    if wrong is None:
        try:
            parts = urlsplit(url)
            wrong = _wrong_parts(parts)
        except ValueError:  # a port or an IPv6 address that is none
            wrong = "is no URL: write one like https://push.example.com/wake"
    if wrong is not None:
        table.refuse("url", wrong)
        return None
    return parts


def _wrong_octets(url: str) -> str | None:
    if not _URL.fullmatch(url):
        return "must be ASCII without blanks: escape the rest with %, write the host in punycode"
    return None


def _wrong_parts(parts: SplitResult) -> str | None:
    if parts.scheme not in ("http", "https"):
        return 'must begin with "http://" or "https://"'
    if "@" in parts.netloc:
        return "must have no user name or password: put an Authorization into headers"
    if not _named(parts.hostname or ""):
        return "has no host, or one that cannot be looked up: write https://host/path"
    if parts.port == 0:
        return "has no port to connect to: write one between 1 and 65535"
    if parts.fragment:
        return "must have no fragment: leave out # and what follows"
    return None


def _named(host: str) -> bool:
    """Whether *host* is an IP address or may be a name in the DNS (RFC 1123 section 2.1)."""
    if ":" in host:
        return isIPv6Address(host)
    return len(host) <= 253 and all(map(_LABEL.fullmatch, host.removesuffix(".").split(".")))


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

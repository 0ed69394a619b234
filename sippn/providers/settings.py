"""What the tables of several providers have in common, checked: a PNS, a URL, a server."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from attrs import frozen
from twisted.internet.abstract import isIPv6Address

from sippn.dialect.names import ALIASES, GONE
from sippn.errors import ConfigErrors
from sippn.providers.table import Table

_URL = re.compile(r"[\x21-\x7e]+")
_LABEL = re.compile(r"[0-9a-z](?:[0-9a-z-]{0,61}[0-9a-z])?")
_TAG_VALUE = re.compile(r"[0-9A-Za-z\-.%*_+`'~]+")  # RFC 6809, as Feature-Caps will carry it


@frozen
class Endpoint:
    """
    A server of a push service's, reached over TLS.

    :ivar path: origin-form, with the query.
    """

    host: str
    port: int = 443
    path: str = "/"

    @property
    def url(self) -> str:
        """For people; without the path, which may have a credential."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"https://{host}" if self.port == 443 else f"https://{host}:{self.port}"


def endpoint_in(table: Table, key: str, *, path: bool = False) -> Endpoint | None:
    """
    The https URL at *key*; None: it is not there, or refused.

    :param path: it is that of a resource; else that of a server, which has none.
    """
    parts = url_in(table, key)
    if parts is None:
        return None
    found = endpoint_of(parts)
    if parts.scheme != "https":
        table.refuse(key, 'must begin with "https://": what is sent there has our credentials')
    elif not path and found.path != "/":
        table.refuse(key, "must be the URL of a server alone: leave out what follows the host")
    else:
        return found
    return None


def endpoint_of(parts: SplitResult) -> Endpoint:
    """Where a URL without user and fragment leads to, if it is of https."""
    path = parts.path or "/"
    if parts.query:
        path = f"{path}?{parts.query}"
    return Endpoint(parts.hostname or "", parts.port or 443, path)


def url_in(table: Table, key: str, *, needed: bool = False) -> SplitResult | None:
    """The http or https URL at *key*, in parts; None: it is not there, or refused."""
    url = table.text(key, needed=needed)
    if url is None:
        return None
    try:
        return parts_of(url)
    except ValueError as wrong:
        table.refuse(key, str(wrong))
        return None


def parts_of(url: str) -> SplitResult:
    """
    A URL that can be asked.

    :raises ValueError: it cannot; with what is wrong, and nothing of it, as it may be secret.
    """
    if not _URL.fullmatch(url):
        raise ValueError(
            "must be ASCII without blanks: escape the rest with %, write the host in punycode"
        )
    try:
        parts = urlsplit(url)
        wrong = _wrong_parts(parts)
    except ValueError:  # a port or an IPv6 address that is none
        wrong = "is no URL: write one like https://push.example.com/wake"
    if wrong is not None:
        raise ValueError(wrong)
    return parts


def pn_provider_in(table: Table) -> str | None:
    """The PNS at ``pn_provider`` as targets carry its name, whatever the UAs call it."""
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


def trust_in(ca_file: str | None) -> Any:
    """
    What trusts the CAs of *ca_file* and no other; None, for None: those of the system.

    :raises ConfigErrors: it cannot be read, or has none.
    """
    from sippn.http.trust import trust_root  # noqa: PLC0415 - lazy: OpenSSL, to build only

    if ca_file is None:
        return None
    try:
        return trust_root(Path(ca_file).read_bytes())
    except OSError as error:
        raise ConfigErrors(
            [("ca_file", f"cannot be read: {error.strerror}; name a file that the server may read")]
        ) from None
    except ValueError:
        raise ConfigErrors(
            [("ca_file", "has no PEM certificate that can be used; name a file of the CA")]
        ) from None


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

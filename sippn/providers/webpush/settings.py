"""What an operator says about Web Push, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping

from attrs import frozen

from sippn.providers.payload import Payload, payload_of
from sippn.providers.settings import Endpoint, endpoint_in
from sippn.providers.table import Table
from sippn.providers.webpush.addresses import Allowed

_CONTACT = re.compile(r"(?:mailto:[!-?A-~]{1,64}@|https://)([0-9A-Za-z.\-]{1,253})(?:[:/?][!-~]*)?")
# Apple refuses every token that has such a contact; the others say nothing (RFC 2606, RFC 6761)
_NOWHERE = re.compile(
    r"[^.]*|.*\.(?:example|internal|invalid|lan|local|localdomain|localhost|test)"
)


@frozen
class WebPushSettings:
    """
    How Web Push is done.

    :ivar vapid_key_file: the P-256 key that says who we are (RFC 8292).
    :ivar contact: URI of those who run this server.
    :ivar allow_hosts: push services that UAs may have; all other URLs lead somewhere else.
    :ivar endpoint: a gateway that all pushes go through; None: they go to the push services.
    :ivar ca_file: PEM file of the CAs to trust; None: those of the system.
    """

    vapid_key_file: str
    contact: str
    allow_hosts: tuple[Allowed, ...]
    payload: Payload
    endpoint: Endpoint | None = None
    ca_file: str | None = None


def webpush_settings(raw: Mapping[str, object]) -> WebPushSettings:
    """
    Check the table of Web Push.

    :raises ConfigErrors: everything that is wrong with it.
    """
    table = Table(raw)
    table.refuse_unknown(
        ("vapid_key_file", "contact", "allow_hosts", "endpoint", "ca_file", "payload")
    )
    key_file = table.text("vapid_key_file", needed=True)
    contact = _contact(table)
    allow_hosts = _allow_hosts(table)
    endpoint = endpoint_in(table, "endpoint")
    ca_file = table.text("ca_file")
    payload = payload_of(table)
    table.finish()
    return WebPushSettings(key_file or "", contact, allow_hosts, payload, endpoint, ca_file)


def _contact(table: Table) -> str:
    contact = table.text("contact", needed=True) or ""
    if not contact:
        return ""
    found = _CONTACT.fullmatch(contact)
    if found is None:
        table.refuse(
            "contact", 'must be like "mailto:ops@example.com" or "https://example.com/ops"'
        )
    elif _NOWHERE.fullmatch(found[1].lower()):
        table.refuse(
            "contact", "leads nowhere from outside, which Apple does not take: write a public one"
        )
    return contact


def _allow_hosts(table: Table) -> tuple[Allowed, ...]:
    allowed: list[Allowed] = []
    for place, written in enumerate(table.words("allow_hosts", needed=True)):
        try:
            allowed.append(Allowed.parse(written))
        except ValueError:
            table.refuse(
                f"allow_hosts[{place}]",
                "must be a host name, *.domain or *, with :port where that is not 443; no URL and "
                "no address",
            )
    return tuple(allowed)

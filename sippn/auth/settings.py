"""
Who is let in, and how they prove it.
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network

from attrs import field

from sippn.value import value_class


@value_class
class User:
    """
    One line of the users file.

    :ivar ha1: (algorithm, HA1 in hex) pairs; whoever holds one can log in, so no repr shows it.
    """

    name: str
    realm: str
    ha1: tuple[tuple[str, str], ...] = field(repr=lambda _: "<ha1>")


@value_class
class AuthSettings:
    """
    What admission is made of.

    :ivar mode: ``"digest"`` or ``"none"``.
    :ivar algorithms: offered in this order (RFC 8760).
    :ivar strangers: ``"refuse"`` or ``"budget"``: requests from foreign domains to our AORs.
    :ivar wrong_passwords: a minute that an address may try for one name; 0: any number (A8).
    :ivar trusted: peers that are neither challenged nor budgeted.
    """

    mode: str = "none"
    realm: str = ""
    users: tuple[User, ...] = ()
    algorithms: tuple[str, ...] = ("SHA-256", "MD5")
    strangers: str = "refuse"
    wrong_passwords: int = 10
    trusted: tuple[IPv4Network | IPv6Network, ...] = ()

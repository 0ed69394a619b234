"""The kinds of value that the tables are made of, each with its own complaint."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from pydantic import AfterValidator, BeforeValidator
from pydantic_core import PydanticCustomError

from sippn.config.problems import did_you_mean

_NAME = r"(?!-)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63}){0,126}"
_DOMAIN = re.compile(rf"{_NAME}|\[[0-9A-Fa-f:.]{{2,45}}\]")
_ADVERTISE = re.compile(rf"({_NAME}|\[[0-9A-Fa-f:.]{{2,45}}\])(?::([0-9]{{1,5}}))?")
_METHOD = re.compile(r"[A-Z0-9\-.!%*_+`'~]{1,32}")
_REALM = re.compile(r'[^\x00-\x1f\x7f"\\]{1,128}')
_NEVER_WAKE = frozenset({"REGISTER", "ACK", "CANCEL"})


def fault(what: str) -> PydanticCustomError:
    """An error that says *what*, as it is."""
    return PydanticCustomError("said", "{what}", {"what": what})


def one_of(*choices: str, **refused: str) -> AfterValidator:
    """
    A word out of *choices*.

    :param refused: words that are understood and not allowed, and why; ``{choices}`` in it
        becomes those that are.
    """

    def choose(word: str) -> str:
        if word in choices:
            return word
        listed = ", ".join(f'"{choice}"' for choice in choices)
        if word in refused:
            raise fault(refused[word].format(choices=listed))
        raise fault(f"expected one of {listed}{did_you_mean(word, choices)}")

    return AfterValidator(choose)


def _digits(value: object) -> object:
    return str(value) if type(value) is int else value


NUMBER_OR_WORD = BeforeValidator(_digits)  # 182 says as much as "182"


def _host(text: str) -> str:
    if text.startswith("["):
        raise fault("write an IPv6 address without brackets")
    plain, _, zone = text.partition("%")
    try:
        address = ip_address(plain)
    except ValueError:
        raise fault('expected an IP address, e.g. "127.0.0.1"; names go into advertise') from None
    if zone and not re.fullmatch(r"[0-9]{1,10}", zone):
        raise fault("write the zone as a number, e.g. fe80::1%2; `ip link` shows it")
    return f"{address}%{zone}" if zone else str(address)


def _advertise(text: str) -> str:
    written = _ADVERTISE.fullmatch(text)
    if written is None or not _is_address_if_bracketed(written[1]):
        raise fault("expected host or host:port; an IPv6 address in brackets")
    if written[2] and not 0 < int(written[2]) < 65536:
        raise fault("expected a port between 1 and 65535")
    return text


def _domain(text: str) -> str:
    domain = text.lower().removesuffix(".")
    if not _DOMAIN.fullmatch(domain) or not _is_address_if_bracketed(domain):
        raise fault('expected what stands behind the @ of an address, e.g. "example.com"')
    return domain


def _is_address_if_bracketed(host: str) -> bool:
    try:
        return not host.startswith("[") or bool(ip_address(host.strip("[]")))
    except ValueError:
        return False


def _network(text: str) -> str:
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        raise fault('expected an IP address or a network, e.g. "10.0.0.3/32"') from None
    if network.prefixlen == 0:
        raise fault("trusts everybody: name the addresses of your own peers")
    if "/" in text and str(network.network_address) != str(ip_address(text.partition("/")[0])):
        raise fault(f'bits are set behind the prefix: did you mean "{network}"?')
    return str(network)


def _method(text: str) -> str:
    if text in _NEVER_WAKE:
        raise fault("never waits for a phone: leave it out")
    if not _METHOD.fullmatch(text):
        hint = f": did you mean {text.upper()!r}?" if _METHOD.fullmatch(text.upper()) else ""
        raise fault(f"expected a SIP method, in capitals{hint}")
    return text


def _realm(text: str) -> str:
    if not _REALM.fullmatch(text):
        raise fault("expected 1 to 128 characters, no quotes, backslashes or controls")
    return text


def _expression(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise fault(f"is no regular expression: {error}") from None
    if not text:
        raise fault("is found everywhere: leave it out")
    return text


def network(text: str) -> IPv4Network | IPv6Network:
    """The network that a checked *text* names."""
    return ip_network(text)


HOST = AfterValidator(_host)
ADVERTISE = AfterValidator(_advertise)
DOMAIN = AfterValidator(_domain)
NETWORK = AfterValidator(_network)
METHOD = AfterValidator(_method)
EXPRESSION = AfterValidator(_expression)
REALM = AfterValidator(_realm)

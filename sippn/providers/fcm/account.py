"""The service account that a project is pushed as: a JSON file from the Firebase console."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from attrs import field, frozen
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from sippn.errors import ConfigErrors
from sippn.providers.keys import read_secret
from sippn.providers.settings import Endpoint, endpoint_of, parts_of

_GET_IT = (
    "download a key of it in the Firebase console: Project settings, Service accounts, "
    "Generate new private key"
)
_SMALLEST_KEY = 2048  # bits: RFC 7518 section 3.3


@frozen
class ServiceAccount:
    """
    Who asks for access, and proves it.

    :ivar key_id: which of the account's keys *key* is; empty: the file does not say.
    :ivar token_uri: where it asks, unless the configuration says where.
    """

    email: str
    project: str
    key: RSAPrivateKey = field(repr=False)
    key_id: str
    token_uri: Endpoint


class _WrongError(Exception):
    """What is wrong with the file, and what to do about it; nothing of what it says."""


def service_account(source: str, project: str, where: str) -> ServiceAccount:
    """
    The service account of *project*.

    :param source: the name of its file; or its text, where the configuration has that from
        the environment.
    :param where: the key of the configuration that has *source*.
    :raises ConfigErrors: it is of no use; nothing of the file is repeated but a project's name.
    """
    text = source.encode() if source.lstrip().startswith("{") else read_secret(source, where)
    try:
        return _read(text, project)
    except _WrongError as wrong:
        raise ConfigErrors([(where, str(wrong))]) from None


def _read(text: bytes, project: str) -> ServiceAccount:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        raise _WrongError(f"is no JSON: {_GET_IT}") from None
    if not isinstance(said, dict) or said.get("type") != "service_account":
        raise _WrongError(_whose(said))
    found = _text(said, "project_id")
    if not project.isdigit() and found != project:
        raise _WrongError(f'is of the project "{found}": name the file of "{project}"')
    return ServiceAccount(
        email=_text(said, "client_email"),
        project=found,
        key=_key(_text(said, "private_key")),
        key_id=_text(said, "private_key_id", needed=False),
        token_uri=_token_uri(_text(said, "token_uri")),
    )


def _whose(said: Any) -> str:
    """There are other JSON files in the console, and they look the part."""
    if isinstance(said, dict) and "project_info" in said:
        return f"is google-services.json, which is for the app and not for a server: {_GET_IT}"
    if isinstance(said, dict) and said.get("type") == "authorized_user":
        return f"is the login of a person and not of a service account: {_GET_IT}"
    return f"is not the file of a service account: {_GET_IT}"


def _text(said: Mapping[str, Any], name: str, *, needed: bool = True) -> str:
    value = said.get(name)
    if isinstance(value, str) and 0 < len(value) <= 8192 and value.isascii():
        return value
    if needed or value not in (None, ""):
        raise _WrongError(f"has no {name} in it: {_GET_IT}")
    return ""


def _key(pem: str) -> RSAPrivateKey:
    try:
        key = load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _WrongError(f"has a private_key that cannot be read: {_GET_IT}") from None
    if not isinstance(key, RSAPrivateKey) or key.key_size < _SMALLEST_KEY:
        raise _WrongError(f"has a private_key that is none of RSA with 2048 bits: {_GET_IT}")
    return key


def _token_uri(uri: str) -> Endpoint:
    try:
        parts = parts_of(uri)
    except ValueError:
        raise _WrongError(f"has a token_uri that is no URL: {_GET_IT}") from None
    if parts.scheme != "https":
        raise _WrongError(f"has a token_uri that is not https: {_GET_IT}")
    return endpoint_of(parts)

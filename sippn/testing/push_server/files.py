"""What a provider is configured with to reach the push server: key files, and tables of TOML."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from attrs import frozen
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from sippn.testing.push_server.authority import private_pem
from sippn.testing.push_server.fcm_tokens import PATH, Account

TYPES = ("apns", "fcm", "webpush")  # of providers
TEAM, KEY_ID, APP = "TEAMID1234", "ABC123DEFG", "com.example.phone"
PROJECT, NUMBER = "example-project", "123456789012"
EMAIL = f"sippn@{PROJECT}.iam.gserviceaccount.com"
CONTACT = "mailto:ops@example.com"

_TABLES = {
    "apns": """\
[[push.provider]]
type = "apns"
endpoint = {apns}
sandbox_endpoint = {sandbox}
ca_file = {ca_file}
[push.provider.apps."{app}"]
team = "{team}"
key_id = "{key_id}"
key_file = {apns_key_file}
""",
    "fcm": """\
[[push.provider]]
type = "fcm"
endpoint = {fcm}
token_endpoint = {token_endpoint}
ca_file = {ca_file}
[push.provider.projects."{project}"]
service_account = {service_account_file}
aliases = ["{number}"]
""",
    "webpush": """\
[[push.provider]]
type = "webpush"
vapid_key_file = {vapid_key_file}
contact = "{contact}"
allow_hosts = [{webpush_host}]
endpoint = {webpush}
ca_file = {ca_file}
""",
}


@frozen
class Files:
    """
    Where the files are.

    :ivar ca_file: what to trust.
    :ivar apns_key_file: the team's key, a .p8.
    :ivar apns_certificate_file: in place of it: a certificate for the app, and its key.
    :ivar service_account_file: Google's, JSON.
    :ivar vapid_key_file: the application server's key.
    """

    ca_file: Path
    apns_key_file: Path
    apns_certificate_file: Path
    service_account_file: Path
    vapid_key_file: Path

    @classmethod
    def in_folder(cls, folder: Path) -> Files:
        """Their names."""
        return cls(
            folder / "ca.pem",
            folder / "AuthKey.p8",
            folder / "apns.pem",
            folder / "service-account.json",
            folder / "vapid.pem",
        )

    def tables(self, types: Iterable[str], urls: Mapping[str, str]) -> str:
        """
        The tables of the providers of these *types*.

        :param urls: where the services are, by name.
        """
        return "\n".join(_TABLES[each] for each in types).format(
            apns=_quoted(urls["apns"]),
            sandbox=_quoted(urls["apns sandbox"]),
            fcm=_quoted(urls["fcm"]),
            token_endpoint=_quoted(urls["fcm"] + PATH),
            webpush=_quoted(urls["webpush"]),
            webpush_host=_quoted(urls["webpush"].removeprefix("https://")),
            ca_file=_quoted(self.ca_file),
            apns_key_file=_quoted(self.apns_key_file),
            service_account_file=_quoted(self.service_account_file),
            vapid_key_file=_quoted(self.vapid_key_file),
            app=APP,
            team=TEAM,
            key_id=KEY_ID,
            project=PROJECT,
            number=NUMBER,
            contact=CONTACT,
        )


@cache
def account_key() -> rsa.RSAPrivateKey:
    """The service account's key: one a process, it takes long to make."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def account() -> Account:
    """The service account."""
    return Account(EMAIL, "0123456789abcdef", account_key().public_key())


def service_account(token_uri: str) -> bytes:
    """The file that Google gives for :func:`account`."""
    written = {
        "type": "service_account",
        "project_id": PROJECT,
        "private_key_id": account().key_id,
        "private_key": private_pem(account_key()).decode("ascii"),
        "client_email": EMAIL,
        "client_id": "100000000000000000001",
        "token_uri": token_uri,
    }
    return json.dumps(written, indent=2).encode()


def new_key() -> ec.EllipticCurvePrivateKey:
    """A P-256 key."""
    return ec.generate_private_key(ec.SECP256R1())


def write_secret(path: Path, octets: bytes) -> None:
    """Write a file that nobody else may read."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(octets)


def _quoted(value: str | Path) -> str:
    return json.dumps(str(value), ensure_ascii=False)

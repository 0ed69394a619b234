"""What senders of pushes sign with, by a library that the push server does not use."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from attrs import frozen
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from sippn.testing.push_server import Files, PushServer

TOKEN = "ab" * 32
TOPIC = "com.example.phone"


@frozen
class Keys:
    """
    What a provider is given.
    """

    files: Files

    @classmethod
    def of(cls, server: PushServer, folder: Path) -> Keys:
        """As *server* writes them."""
        return cls(server.write(folder))

    @property
    def account(self) -> dict[str, Any]:
        """The service account."""
        account: dict[str, Any] = json.loads(self.files.service_account_file.read_bytes())
        return account

    @property
    def vapid(self) -> JWK:
        """The application server's key."""
        return JWK.from_pem(self.files.vapid_key_file.read_bytes())

    def provider_token(self, **changed: Any) -> str:
        """
        What APNs wants to see.

        :param changed: ``key``, ``kid``, ``iss``, ``iat``, ``alg`` in place of what is right.
        """
        key = changed.get("key") or JWK.from_pem(self.files.apns_key_file.read_bytes())
        claims = {
            "iss": changed.get("iss", "TEAMID1234"),
            "iat": changed.get("iat", int(time.time())),
        }
        return signed(claims, key, changed.get("alg", "ES256"), changed.get("kid", "ABC123DEFG"))

    def assertion(self, **changed: Any) -> str:
        """What Google's token endpoint wants to see; *changed* claims, and ``key``."""
        account = self.account
        key = changed.pop("key", None) or JWK.from_pem(account["private_key"].encode())
        now = int(time.time())
        claims = {
            "iss": account["client_email"],
            "scope": "https://www.googleapis.com/auth/firebase.messaging",
            "aud": account["token_uri"],
            "iat": now,
            "exp": now + 3600,
            **changed,
        }
        return signed(claims, key, "RS256", account["private_key_id"])


def signed(claims: dict[str, Any], key: JWK, algorithm: str, kid: str = "") -> str:
    """A token (RFC 7515, compact)."""
    token = JWS(json.dumps(claims).encode())
    header = {"alg": algorithm, "typ": "JWT", **({"kid": kid} if kid else {})}
    token.add_signature(key, protected=json.dumps(header))
    text: str = token.serialize(compact=True)
    return text


def other_key() -> JWK:
    """Somebody else's."""
    return JWK.generate(kty="EC", crv="P-256")

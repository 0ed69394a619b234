"""Google's token endpoint: an assertion of a service account for an access token (RFC 7523)."""

from __future__ import annotations

import json
from typing import Any, Final
from urllib.parse import parse_qs

from attrs import define, field, frozen
from cryptography.hazmat.primitives.asymmetric import rsa

from sippn.testing.push_server.exchange import HTTPRequest
from sippn.testing.push_server.fcm_answers import grant_refused
from sippn.testing.push_server.service import Service, Verdict
from sippn.testing.push_server.signed import BadToken, Signed

PATH: Final = "/token"
SCOPE: Final = "https://www.googleapis.com/auth/firebase.messaging"
GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"

_LIFE: Final = 3600  # seconds between iat and exp at most
_CLOCKS_DIFFER: Final = 300

_JSON = (("content-type", "application/json; charset=UTF-8"),)


@frozen
class Account:
    """
    A service account.

    :ivar audience: what its assertions must be for: the URL of the endpoint.
    """

    email: str
    key_id: str
    key: rsa.RSAPublicKey = field(repr=False)


@frozen
class Grant:
    """
    One time that an access token was asked for.

    :ivar claims: of the assertion.
    """

    claims: dict[str, Any] = field(repr=False)

    @property
    def identity(self) -> str:
        """The second in which it was made."""
        return str(self.claims.get("iat"))

    @property
    def label(self) -> str:
        """Who asks."""
        return str(self.claims.get("iss"))


@define(eq=False)
class TokenEndpoint(Service[Grant]):
    """
    Gives access tokens.

    :ivar life: seconds for which one is good.
    :ivar given: every token that is good, and until when, in seconds since 1970.
    """

    account: Account = field(kw_only=True)
    life: float = field(default=3599, kw_only=True)
    given: dict[str, float] = field(factory=dict, init=False, repr=False)
    _made: int = field(default=0, init=False)

    def is_good(self, token: str) -> bool:
        """Whether *token* is one of ours, and not too old."""
        return self.given.get(token, 0) > self.now

    def revoke(self) -> None:
        """No token that was given is good any more."""
        self.given.clear()

    def judge(self, request: HTTPRequest) -> Verdict[Grant]:
        """Check the assertion."""
        form = parse_qs(request.body.decode("latin-1"))
        try:
            signed = Signed.read(form.get("assertion", [""])[0])
        except BadToken:
            return Verdict(Grant({}), 400, _JSON, grant_refused("signature"))
        grant = Grant(signed.claims)
        why = "grant type" if form.get("grant_type") != [GRANT] else self._wrong(signed)
        if why:
            return Verdict(grant, 400, _JSON, grant_refused(why))
        return Verdict(grant, 200, _JSON, self._give())

    def _give(self) -> bytes:
        self._made += 1
        token = f"ya29.sippn-{self._made}-{self.now:.0f}"
        self.given[token] = self.now + self.life
        answer = {"access_token": token, "expires_in": int(self.life), "token_type": "Bearer"}
        return json.dumps(answer).encode()

    def _wrong(self, signed: Signed) -> str:
        try:
            signed.check(self.account.key)
        except BadToken:
            return "signature"
        claims = signed.claims
        if claims.get("iss") != self.account.email:
            return "account"
        if claims.get("aud") != self.url + PATH:
            return "audience"
        made, ends = signed.number("iat"), signed.number("exp")
        if made is None or ends is None or not self._timely(made, ends):
            return "time"
        return "" if SCOPE in str(claims.get("scope", "")).split() else "scope"

    def _timely(self, made: float, ends: float) -> bool:
        early = self.now + _CLOCKS_DIFFER
        return made <= early and made <= ends <= made + _LIFE and ends > self.now

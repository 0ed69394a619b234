"""
Digest access authentication, the pure half (RFC 3261 section 22, RFC 7616, RFC 8760).

Only ``qop=auth`` and none; MD5 and SHA-256.  Nothing here knows a nonce's age or a user.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from attrs import evolve, field

from sippn.errors import BadRequest
from sippn.sip.grammar import LWS
from sippn.sip.params import quote, unquote
from sippn.value import value_class

MAX_VALUE: Final = 4096  # octets of one Authorization value
MAX_WORDS: Final = 32

_PARAM: Final = re.compile(
    r"[ \t]*+([A-Za-z0-9\-.!%*_+`'~]{1,64})[ \t]*+=[ \t]*+"
    r'("[^"\\\x00-\x1f\x7f]*+(?:\\[^\x00-\x1f\x7f][^"\\\x00-\x1f\x7f]*+)*+"'
    r"|[^\x00-\x20\x7f\",;<>=]++)[ \t]*+(,|\Z)"
)
_HEX: Final = {
    "MD5": re.compile(r"[0-9A-Fa-f]{32}"),
    "SHA-256": re.compile(r"[0-9A-Fa-f]{64}"),
}
_COUNT: Final = re.compile(r"[0-9A-Fa-f]{8}")


@value_class
class Credentials:
    """
    What a UA proves itself with: one Authorization or Proxy-Authorization value.

    :ivar algorithm: ``MD5`` or ``SHA-256``.
    :ivar nc: eight hexadecimal digits; empty without *qop*.
    :ivar qop: ``auth``, or empty.
    """

    username: str
    realm: str
    nonce: str = field(repr=False)
    uri: str = field(repr=False)
    response: str = field(repr=False)
    algorithm: str = "MD5"
    cnonce: str = field(default="", repr=False)
    nc: str = ""
    qop: str = ""
    opaque: str = ""


@value_class
class Challenge:
    """
    What a server asks for: one WWW-Authenticate or Proxy-Authenticate value.

    :ivar qop: what it offers, e.g. ``("auth",)``; empty: RFC 2069.
    :ivar stale: the password was right, the nonce old.
    """

    realm: str
    nonce: str = field(repr=False)
    algorithm: str = "MD5"
    qop: tuple[str, ...] = ()
    opaque: str = ""
    stale: bool = False


def is_digest(value: str) -> bool:
    """Tell a Digest value from one of another scheme, which is passed over."""
    return value[:7].lower() in ("digest ", "digest\t")


def parse_credentials(value: str) -> Credentials:
    """
    Take the value of an Authorization field apart.

    :raises BadRequest: another scheme, a broken or repeated parameter, one missing, or an
        algorithm or qop that was never offered.
    """
    words = _words(value)
    algorithm = _algorithm(words)
    qop = words.get("qop", "").lower()
    if any(name not in words for name in ("username", "realm", "nonce", "uri", "response")):
        raise BadRequest("Credentials lack a parameter")
    if qop not in ("", "auth") or _HEX[algorithm].fullmatch(words["response"]) is None:
        raise BadRequest("Bad credentials")
    if qop and (not words.get("cnonce") or _COUNT.fullmatch(words.get("nc", "")) is None):
        raise BadRequest("Bad cnonce or nc")
    return Credentials(
        username=words["username"],
        realm=words["realm"],
        nonce=words["nonce"],
        uri=words["uri"],
        response=words["response"].lower(),
        algorithm=algorithm,
        cnonce=words.get("cnonce", ""),
        nc=words.get("nc", "").lower() if qop else "",
        qop=qop,
        opaque=words.get("opaque", ""),
    )


def parse_challenge(value: str) -> Challenge:
    """
    Take the value of a WWW-Authenticate field apart.

    :raises BadRequest: another scheme, an algorithm unknown here, or a broken value.
    """
    words = _words(value)
    if "realm" not in words or "nonce" not in words:
        raise BadRequest("Challenge lacks a parameter")
    offered = [word.strip(LWS).lower() for word in words.get("qop", "").split(",")]
    return Challenge(
        realm=words["realm"],
        nonce=words["nonce"],
        algorithm=_algorithm(words),
        qop=tuple([word for word in offered if word]),
        opaque=words.get("opaque", ""),
        stale=words.get("stale", "").lower() == "true",
    )


def _words(value: str) -> dict[str, str]:
    if not is_digest(value) or len(value) > MAX_VALUE:
        raise BadRequest("Not a Digest value")
    words: dict[str, str] = {}
    at, end = 7, len(value)
    while at < end:
        found = _PARAM.match(value, at)
        if found is None or len(words) == MAX_WORDS:
            raise BadRequest("Bad Digest value")
        name = found[1].lower()
        if name in words:
            raise BadRequest("Digest parameter given twice")
        words[name] = unquote(found[2])
        at = found.end()
    if value.rstrip(LWS)[-1:] == ",":
        raise BadRequest("Bad Digest value")
    return words


def _algorithm(words: dict[str, str]) -> str:
    algorithm = words.get("algorithm", "MD5").upper()
    if algorithm not in _HEX:
        raise BadRequest("Digest algorithm not supported")
    return algorithm


def _hash(algorithm: str, text: str) -> str:
    octets = text.encode("utf-8", "surrogateescape")
    if algorithm == "SHA-256":
        return hashlib.sha256(octets).hexdigest()
    if algorithm == "MD5":
        return hashlib.md5(octets, usedforsecurity=False).hexdigest()  # as phones have it
    raise ValueError(f"unknown digest algorithm {algorithm}")


def ha1(user: str, realm: str, password: str, algorithm: str) -> str:
    """
    Hash what the user knows; whoever holds it can answer for that user in that realm.

    :raises ValueError: *algorithm* is neither ``MD5`` nor ``SHA-256``.
    """
    return _hash(algorithm, f"{user}:{realm}:{password}")


def response(credentials: Credentials, secret: str, method: str) -> str:
    """
    Work out what ``response=`` must be (RFC 7616 section 3.4.1).

    :param credentials: everything but their own *response* counts.
    :param secret: the HA1 of their user, in lower case.
    """
    c = credentials
    ha2 = _hash(c.algorithm, f"{method}:{c.uri}")
    if c.qop:
        return _hash(c.algorithm, f"{secret}:{c.nonce}:{c.nc}:{c.cnonce}:{c.qop}:{ha2}")
    return _hash(c.algorithm, f"{secret}:{c.nonce}:{ha2}")


def answer(
    challenge: Challenge, user: str, password: str, method: str, uri: str, cnonce: str
) -> Credentials:
    """
    Answer *challenge*, with a nonce used for the first time.

    :param uri: the Request-URI.
    """
    qop = "auth" if "auth" in challenge.qop else ""
    unsigned = Credentials(
        username=user,
        realm=challenge.realm,
        nonce=challenge.nonce,
        uri=uri,
        response="",
        algorithm=challenge.algorithm,
        cnonce=cnonce if qop else "",
        nc="00000001" if qop else "",
        qop=qop,
        opaque=challenge.opaque,
    )
    secret = ha1(user, challenge.realm, password, challenge.algorithm)
    return evolve(unsigned, response=response(unsigned, secret, method))


def write_challenge(realm: str, nonce: str, algorithm: str, stale: bool = False) -> str:
    """
    Write a challenge, for ``qop=auth``.

    It always names its algorithm: liblinphone 5.1 crashes on one that does not.
    """
    text = f'Digest realm={quote(realm)}, nonce={quote(nonce)}, algorithm={algorithm}, qop="auth"'
    return f"{text}, stale=true" if stale else text


def write_credentials(credentials: Credentials) -> str:
    """Write *credentials* as the value of an Authorization field."""
    c = credentials
    text = (
        f"Digest username={quote(c.username)}, realm={quote(c.realm)}, nonce={quote(c.nonce)}, "
        f'uri={quote(c.uri)}, response="{c.response}", algorithm={c.algorithm}'
    )
    if c.opaque:
        text += f", opaque={quote(c.opaque)}"
    if c.qop:
        text += f", qop={c.qop}, nc={c.nc}, cnonce={quote(c.cnonce)}"
    return text

"""Credentials: what proves nothing, and what proves something about somebody else."""

from __future__ import annotations

from fuzz.draft import NONCE, RESPONSE, SELF, Draft, Proof, Sender
from fuzz.draw import Draw

USER, PASSWORD = b"probe", b"Beyond-0-password"
_REALM = b"fuzz.test"


def _name(draft: Draft) -> bytes:
    return b"Authorization" if draft.method == b"REGISTER" else b"Proxy-Authorization"


def _claim(draft: Draft, user: bytes, name: bytes) -> None:
    """Make it a request of *user*'s, from nobody's address."""
    draft.sender = Sender.STRANGER
    draft.remove(b"Route")
    if draft.method not in (b"REGISTER", b"INVITE", b"MESSAGE", b"SUBSCRIBE"):
        draft.method = b"REGISTER"
    uri = b"sip:fuzz.test" if draft.method == b"REGISTER" else b"sip:phone@fuzz.test"
    draft.start = draft.method + b" " + uri + b" SIP/2.0"
    draft.put(b"CSeq", b"7 " + draft.method)
    address = b"<sip:" + user + b"@fuzz.test>"
    draft.put(b"From", address + b";tag=" + name)
    draft.put(b"To", address if draft.method == b"REGISTER" else b"<sip:phone@fuzz.test>")
    draft.put(b"Contact", b"<sip:" + user + b"@" + SELF + b">")


def _right(draft: Draft, proof: Proof) -> bytes:
    """Credentials that would do."""
    draft.proof = proof
    return (b'Digest username="' + proof.user + b'",realm="' + _REALM + b'",nonce="' + NONCE
        + b'",uri="' + proof.uri + b'",response="' + RESPONSE + b'",algorithm=' + proof.algorithm
        + b',cnonce="' + proof.cnonce + b'",nc=' + proof.nc + b",qop=auth")  # fmt: skip


def _proof(draft: Draft) -> Proof:
    return Proof(USER, draft.method, draft.start.split(b" ")[1], password=PASSWORD)


def digest_games(draft: Draft, draw: Draw) -> None:
    """A digest that a parser may trip over."""
    _claim(draft, USER, draft.token)
    odd = (b'Digest a a="",real', b"Digest", b"Digest ", b"digest ,,,", b'Digest username="',
        b"Digest =", b"Basic eDp5", b'Digest username="x",,realm', b'Digest realm="fuzz.test\\"',
        b"Digest " + b'a="b",' * 2000, b"Bearer a.b.c",
        b'Digest username*=UTF-8\'\'%00%0d%0a,realm="fuzz.test"', b'Digest\tusername="a"',
        b"Digest username=a realm=b",
        b'Digest username="a\x00b",realm="fuzz.test",nonce="n",uri="sip:x",response="0"',
        b"\xff\xfe", b'Digest ""=""',
        b'Digest username="%s%n",realm="fuzz.test",nonce="",uri="",response=""', b"Digest "
        + b"," * 4000)  # fmt: skip
    draft.add(_name(draft), draw.pick(odd))


def long_digest(draft: Draft, draw: Draw) -> None:
    """Fields of a digest that are overlong, or hashed already, or of another hash."""
    _claim(draft, USER, draft.token)
    value = _right(draft, _proof(draft))
    long = b"a" * draw.pick((33, 65, 129, 1000, 5000, 30_000))
    changes = ((RESPONSE, long), (RESPONSE, b"0" * draw.pick((31, 32, 33, 63, 64, 65))), (NONCE,
        NONCE + long), (NONCE, b""), (b'username="probe', b'username="' + long),
        (b'realm="fuzz.test', b'realm="' + long), (RESPONSE, b"\xd9\xa0" * 32), (b'cnonce="',
        b'cnonce="' + long), (b'uri="', b'uri="' + long), (b"SHA-256", b"MD5"), (b"SHA-256", long),
        (b"SHA-256", b"SHA-256-sess"), (b"SHA-256", b'"SHA-256"'),)  # fmt: skip
    draft.add(_name(draft), value.replace(*draw.pick(changes)))


def nonce_counts(draft: Draft, draw: Draw) -> None:
    """A nonce count, a qop or a nonce that are none."""
    _claim(draft, USER, draft.token)
    value = _right(draft, _proof(draft))
    changes = ((b"nc=00000001", b"nc=00000000"), (b"nc=00000001", b"nc=ffffffff"), (b"nc=00000001",
        b"nc=1"), (b"nc=00000001", b"nc="), (b"nc=00000001", b"nc=+0000001"), (b"nc=00000001",
        b"nc=0000_001"), (b"nc=00000001", b"nc=-0000001"), (b",qop=auth", b""), (b"qop=auth",
        b"qop=auth-int"), (b"qop=auth", b'qop="auth,auth-int"'), (b"qop=auth", b"qop="), (NONCE,
        b"A" * 40), (b"qop=auth", b"qop=auth,qop=auth"), (b"nc=00000001",
        b"nc=\xd9\xa0\xd9\xa0\xd9\xa0\xd9\xa0\xd9\xa0\xd9\xa0\xd9\xa0\xd9\xa1"), (NONCE,
        NONCE[::-1]), (NONCE, b"=" * 40), (NONCE, b'\\"' * 20), (b"nc=00000001", b"nc=000000010"),
        )  # fmt: skip
    draft.add(_name(draft), value.replace(*draw.pick(changes)))


def proved_another(draft: Draft, draw: Draw) -> None:
    """The right password, and a From or a To of somebody else, or of nobody."""
    _claim(draft, USER, draft.token)
    value = _right(draft, _proof(draft))
    others = (b"<sip:phone@fuzz.test>", b"<sip:probe@other.test>", b"sip:probe@fuzz.test", b'"x',
        b"<sip:fuzz.test>", b"<sip:probe%00@fuzz.test>",
        b"<sip:probe@fuzz.test>,<sip:phone@fuzz.test>", b"<tel:1>", b"<sips:phone@fuzz.test>",
        b"<sip:pro%62e@fuzz.test>", b'"<sip:probe@fuzz.test>" <sip:phone@fuzz.test>',
        b"<sip:PROBE@fuzz.test>", b"", b"<sip:phone@FUZZ.TEST>", b"<sip:phone@fuzz.test.>",
        b"<sip:probe;x@fuzz.test>")  # fmt: skip
    draft.add(_name(draft), value)
    draft.put(
        b"To" if draft.method == b"REGISTER" else b"From",
        draw.pick(others) + b";tag=" + draft.token,
    )


def unproved(draft: Draft, draw: Draw) -> None:
    """Nothing proved: as a user, as nobody, as one of another domain, in any method."""
    method = draw.pick(
        (b"MESSAGE", b"SUBSCRIBE", b"INVITE", b"REGISTER", b"PUBLISH", b"NOTIFY", b"INFO", b"REFER")
    )
    draft.method = method
    _claim(draft, draw.pick((b"probe", b"phone", b"caller", b"nobody")), draft.token)
    if draw.once_in(3) and draft.method != b"REGISTER":
        draft.put(
            b"From",
            b"<sip:a@"
            + draw.pick((b"other.test", b"anonymous.invalid", b"[::1]"))
            + b">;tag="
            + draft.token,
        )


def who_exists(draft: Draft, draw: Draw) -> None:
    """A wrong password for a user that is, and for one that is not: the answers are the same."""
    user = draw.pick((USER, b"nobody-%d" % draft.number))
    draft.method = b"REGISTER"
    _claim(draft, user, draft.token)
    draft.put(b"Expires", b"60")
    proof = Proof(user, b"REGISTER", b"sip:fuzz.test", password=b"wrong")
    draft.add(_name(draft), _right(draft, proof))

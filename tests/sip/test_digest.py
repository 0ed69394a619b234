"""
Digest (RFC 3261 section 22, RFC 7616, RFC 8760).
"""

from __future__ import annotations

import pytest
from attrs import evolve

from sippn.errors import BadRequest
from sippn.sip import (
    Challenge,
    Credentials,
    answer,
    ha1,
    is_digest,
    parse_challenge,
    parse_credentials,
    response,
    write_challenge,
    write_credentials,
)

MUFASA = (
    'Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", '
    'algorithm={algorithm}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001, '
    'cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop=auth, response="{response}", '
    'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
MD5 = "8ca523f5e9506fed4657c9700eebdbec"
SHA_256 = "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
NO_QOP = (
    'Digest username="Mufasa", realm="testrealm@host.com", uri="/dir/index.html", '
    'nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", response="1949323746fe6a43ef61f9606e7febea"'
)


@pytest.mark.parametrize(("algorithm", "expected"), [("MD5", MD5), ("SHA-256", SHA_256)])
def test_vectors_of_rfc_7616(algorithm: str, expected: str) -> None:
    """RFC 7616 section 3.9.1, both algorithms, qop=auth."""
    credentials = parse_credentials(MUFASA.format(algorithm=algorithm, response=expected))
    assert credentials.algorithm == algorithm
    secret = ha1("Mufasa", "http-auth@example.org", "Circle of Life", algorithm)
    assert response(credentials, secret, "GET") == credentials.response == expected


def test_vector_of_rfc_2617() -> None:
    """RFC 2617 section 3.5: no algorithm means MD5, qop may be quoted."""
    credentials = parse_credentials(
        'Digest username="Mufasa",realm="testrealm@host.com",'
        'nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093",uri="/dir/index.html",qop="auth",nc=00000001,'
        'cnonce="0a4f113b",response="6629FAE49393a05397450978507c4ef1",'
        'opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )
    assert credentials.algorithm == "MD5"
    secret = ha1("Mufasa", "testrealm@host.com", "Circle Of Life", "MD5")
    assert response(credentials, secret, "GET") == credentials.response


def test_vector_without_qop() -> None:
    """RFC 2069 section 2.4, corrected by its erratum: old UAs know no qop."""
    credentials = parse_credentials(NO_QOP)
    assert (credentials.qop, credentials.nc, credentials.cnonce) == ("", "", "")
    secret = ha1("Mufasa", "testrealm@host.com", "CircleOfLife", "MD5")
    assert response(credentials, secret, "GET") == credentials.response


def test_quoted_values_are_unescaped() -> None:
    """RFC 3261 section 22.4: a user name may hold quotes and commas."""
    text = NO_QOP.replace('"Mufasa"', r'"M\"u, f\\"')
    assert parse_credentials(text).username == 'M"u, f\\'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Digest",
        "Digest ",
        "Basic dXNlcjpwYXNz",
        'Digest a a="",real',
        NO_QOP + ",",
        NO_QOP + ', realm="again"',
        NO_QOP + ', REALM="again"',
        NO_QOP + ", x",
        NO_QOP + ', x="y',
        NO_QOP + ', x="a\x01b"',
        NO_QOP + ', x="a\\\x01b"',
        NO_QOP + " extra=1",
        NO_QOP + ", algorithm=MD5-sess",
        NO_QOP + ", algorithm=SHA-256",
        NO_QOP + ", qop=auth-int",
        NO_QOP + ", qop=auth",
        NO_QOP + ', qop=auth, cnonce="a", nc=1',
        NO_QOP + ', qop=auth, cnonce="", nc=00000001',
        NO_QOP + ', qop=auth, cnonce="a", nc=0000000٣',
        NO_QOP.replace("response=", "x="),
        NO_QOP.replace("username=", "x="),
        NO_QOP.replace("1949", "xxxx"),
        NO_QOP.replace("1949", ""),
        NO_QOP + "".join(f", x{number}=1" for number in range(32)),
        NO_QOP + f', x="{"y" * 4096}"',
    ],
)
def test_broken_credentials_are_refused(text: str) -> None:
    """CVE-2023-28098, CVE-2022-24754: repeated, missing, endless and overlong parameters."""
    with pytest.raises(BadRequest):
        parse_credentials(text)


def test_other_schemes_are_told_apart() -> None:
    """RFC 4475 section 3.3.7: an unknown scheme is no credentials, not a broken request."""
    assert is_digest("digest\tusername=x")
    assert not is_digest("NoOneKnowsThisScheme opaque-data=here")
    assert not is_digest("Digestive biscuit")


def test_credentials_are_written_as_they_are_read() -> None:
    """The test UA and an upstream client speak the same language."""
    credentials = parse_credentials(MUFASA.format(algorithm="SHA-256", response=SHA_256))
    assert parse_credentials(write_credentials(credentials)) == credentials
    plain = parse_credentials(NO_QOP)
    assert "qop" not in write_credentials(plain)
    assert parse_credentials(write_credentials(evolve(plain, username='M"'))).username == 'M"'


def test_credentials_do_not_show() -> None:
    """A11: 0 ``response=`` in a log."""
    shown = repr(parse_credentials(MUFASA.format(algorithm="MD5", response=MD5)))
    assert MD5 not in shown
    assert "7ypf" not in shown


def test_challenge_always_names_its_algorithm() -> None:
    """INTEROP rule 1: liblinphone crashes on a challenge without it."""
    assert write_challenge("example.com", "n", "MD5") == (
        'Digest realm="example.com", nonce="n", algorithm=MD5, qop="auth"'
    )
    assert write_challenge('a"b', "n", "SHA-256", stale=True) == (
        'Digest realm="a\\"b", nonce="n", algorithm=SHA-256, qop="auth", stale=true'
    )


def test_challenge_is_read() -> None:
    """As we write it, and as others do."""
    text = write_challenge("r", "n", "SHA-256", stale=True)
    assert parse_challenge(text) == Challenge("r", "n", "SHA-256", ("auth",), "", stale=True)
    old = parse_challenge('Digest realm="r",nonce="n",qop="auth-int, auth",opaque="o",domain="x"')
    assert old == Challenge("r", "n", "MD5", ("auth-int", "auth"), "o")


@pytest.mark.parametrize(
    "text",
    ['Digest realm="r"', 'Digest nonce="n"', 'Digest realm="r", nonce="n", algorithm=SHA-512-256'],
)
def test_broken_challenge_is_refused(text: str) -> None:
    """A UA passes over what it does not know (RFC 8760 section 2.4)."""
    with pytest.raises(BadRequest):
        parse_challenge(text)


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
@pytest.mark.parametrize("qop", [(), ("auth",), ("auth-int", "auth")])
def test_challenge_is_answered(algorithm: str, qop: tuple[str, ...]) -> None:
    """What a UA makes of a challenge is what a server expects."""
    challenge = Challenge("r", "n", algorithm, qop, "o")
    made = answer(challenge, "alice", "pw", "REGISTER", "sip:r", "c")
    read = parse_credentials(write_credentials(made))
    assert read == made
    assert read.opaque == "o"
    assert (read.qop, read.nc) == (("auth", "00000001") if qop else ("", ""))
    assert response(read, ha1("alice", "r", "pw", algorithm), "REGISTER") == read.response
    assert response(read, ha1("alice", "r", "no", algorithm), "REGISTER") != read.response
    assert response(read, ha1("alice", "r", "pw", algorithm), "INVITE") != read.response


def test_unknown_algorithm_is_our_own_mistake() -> None:
    """Nothing from the wire gets that far."""
    with pytest.raises(ValueError, match="unknown"):
        ha1("a", "r", "p", "md5")


def test_default_is_md5() -> None:
    """RFC 7616 section 3.3: absent means MD5."""
    assert Credentials("a", "r", "n", "u", "x").algorithm == "MD5"

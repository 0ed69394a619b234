"""
The torture messages of RFC 4475, octet by octet from its appendix A, as the parser sees them.

What a server does with them is in ``tests/hostile``.
"""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from sippn.errors import SIPError, UnsupportedURIScheme
from sippn.sip import BadMessage, Request, Response, check, read, without_push_params, write

MESSAGES: dict[str, bytes] = {}
with tarfile.open(Path(__file__).with_name("rfc4475.tgz")) as archive:
    for member in archive.getmembers():
        file = archive.extractfile(member)
        assert file is not None
        MESSAGES[member.name.removesuffix(".dat")] = file.read()
MESSAGES["baddn"] += b"\r\n"  # the archive has lost its empty line

# 3.1.1 and those of 3.2, 3.3 that ask for more than a parser
SOUND = [
    *[
        "wsinv",
        "esc01",
        "escnull",
        "esc02",
        "lwsdisp",
        "longreq",
        "dblreq",
        "semiuri",
        "transports",
    ],
    *[
        "intmeth",
        "mpart01",
        "unreason",
        "noreason",
        "badbranch",
        "unkscm",
        "novelsc",
        "unksm2",
        "bext01",
    ],
    *["invut", "regaut01", "bcast", "zeromf", "cparam01", "cparam02", "regescrt", "sdp01"],
    *["inv2543", "escruri", "baddate"],
]
BROKEN = [
    *["badinv01", "clerr", "ncl", "scalar02", "quotbal", "ltgtruri", "lwsruri", "lwsstart", "trws"],
    *["badaspec", "baddn", "mismatch01", "multi01", "mcl01", "insuf"],
]


def _checked(name: str) -> Request | Response:
    message = read(MESSAGES[name])
    check(message)
    return message


@pytest.mark.parametrize("name", SOUND)
def test_sound_ones_are_read(name: str) -> None:
    """RFC 4475 sections 3.1.1, 3.2 to 3.4: a parser must not choke on them."""
    message = _checked(name)
    again = read(write(message))
    check(again)
    assert again.headers.get_all("Via") == message.headers.get_all("Via")


@pytest.mark.parametrize("name", BROKEN)
def test_broken_ones_are_answered(name: str) -> None:
    """RFC 4475 sections 3.1.2 and 3.3: 400, with all of what the answer repeats that there is."""
    with pytest.raises(BadMessage) as caught:
        _checked(name)
    assert caught.value.status == 400
    assert caught.value.request is not None


@pytest.mark.parametrize("name", ["bigcode", "scalarlg", "test"])
def test_broken_ones_without_an_answer(name: str) -> None:
    """Sections 3.1.2.5, 3.1.2.19: responses; one that is in no section has no Via."""
    with pytest.raises(BadMessage) as caught:
        _checked(name)
    assert caught.value.request is None


def test_unknown_version() -> None:
    """Section 3.1.2.16: 505."""
    with pytest.raises(BadMessage) as caught:
        _checked("badvers")
    assert caught.value.status == 505


def test_unknown_method_with_another_cseq() -> None:
    """Section 3.1.2.18: 501 tells more than 400."""
    with pytest.raises(BadMessage) as caught:
        _checked("mismatch02")
    assert caught.value.status == 501


def test_wide_range_of_characters() -> None:
    """Section 3.1.1.2: NUL is a character of a name, where it is quoted, and leaves as it came."""
    message = _checked("intmeth")
    assert isinstance(message, Request)
    assert message.method == "!interesting-Method0123456789_*+`.%indeed'~"
    assert message.to.display == '"BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f"'
    assert message.to.uri.user == "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"
    assert message.request_uri.password == "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"
    assert message.from_.display == "token1~` token2'+_ token3*%!.-"
    assert message.from_.param("fromParam''~+*_!.-%") == "работающий"
    assert message.from_.tag == "_token~1'+`*%!-."
    assert write(message) == MESSAGES["intmeth"].replace(b"~:\xef", b"~: \xef")


def test_tortuous_invite_means_what_it_says() -> None:
    """Section 3.1.1.1: folding, spaces everywhere, compact and odd names."""
    message = _checked("wsinv")
    assert message.to.tag == "1918181833n"
    assert message.from_.display == r'"J Rosenberg \\\""'
    assert message.max_forwards == 68
    assert message.cseq.number == 9
    assert message.via.host == "192.0.2.2"
    assert message.via.branch == "390skdjuw"
    assert len(message.headers.values("Via")) == 3
    assert [contact.param("q") for contact in message.contacts] == ["0.33"]
    assert message.headers.get("NewFangledHeader") == "newfangled value continued newfangled value"
    assert len(message.body) == 150


def test_escaped_nul_stays_escaped() -> None:
    """Section 3.1.1.4: the user part does not end there."""
    message = _checked("escnull")
    assert message.to.uri.user == "null-%00-null"
    assert [contact.uri.user for contact in message.contacts] == ["%00", "%00%00"]


def test_second_request_in_a_datagram_is_dropped() -> None:
    """Section 3.1.1.8."""
    assert _checked("dblreq").body == b""


def test_user_with_semicolon_is_no_parameter() -> None:
    """Section 3.1.1.9."""
    message = _checked("semiuri")
    assert isinstance(message, Request)
    assert message.request_uri.user == "user;par=u%40example.net"
    assert message.request_uri.params == ()


@pytest.mark.parametrize("name", ["unkscm", "novelsc"])
def test_unknown_scheme_fails_where_it_is_used(name: str) -> None:
    """Sections 3.3.2 and 3.3.3: 416 for the Request-URI."""
    message = _checked(name)
    assert isinstance(message, Request)
    with pytest.raises(UnsupportedURIScheme):
        _ = message.request_uri


def test_bare_contact_with_headers_is_refused() -> None:
    """Section 3.1.2.13: it has to be in brackets."""
    with pytest.raises(SIPError) as caught:
        _ = _checked("regbadct").contacts
    assert caught.value.status == 400


@pytest.mark.parametrize("name", ["cparam01", "cparam02"])
def test_contact_parameters_are_told_apart(name: str) -> None:
    """Sections 3.3.12 and 3.3.13."""
    contact = _checked(name).contacts[0]
    assert (contact.param("unknownparam") is None) == (name == "cparam02")
    assert without_push_params(contact.uri) == contact.uri


def test_escaped_header_in_a_contact_stays() -> None:
    """Section 3.3.14: the Route in it is used, if ever, by who sends there."""
    assert _checked("regescrt").contacts[0].uri.headers == "Route=%3Csip:sip.example.com%3E"


def test_binary_body_is_kept() -> None:
    """Section 3.1.1.11."""
    message = _checked("mpart01")
    assert len(message.body) == int(message.headers.get("l") or "")
    assert b"\x00" in message.body

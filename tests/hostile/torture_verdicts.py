"""
What RFC 4475 and RFC 5118 want done with each of their messages by a registrar and proxy.

A message that the RFC lets an element refuse or be liberal about has the one verdict that is
sippn's choice, unless the section wants the choice left open.
"""

from __future__ import annotations

from typing import Final

from attrs import frozen


@frozen
class Verdict:
    """
    What has to become of one message.

    :ivar section: of the RFC.
    :ivar answers: the final status that its sender gets, one of these; none: silence.
    :ivar callee: the address-of-record, registered before, whose UA it reaches; empty: nobody's.
    :ivar registers: the address-of-record that it may bind.
    :ivar closes: over a stream nobody can tell where the next message begins: the connection
        is closed.
    """

    section: str
    answers: tuple[int, ...] = ()
    callee: str = ""
    registers: str = ""
    closes: bool = False


def _reaches(section: str, callee: str) -> Verdict:
    """Whoever is called is busy."""
    return Verdict(section, (486,), callee)


_USER: Final = "sip:user@example.com"
_STRANGE: Final = "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com"
_MAPPED: Final = "sip:user@[2001:db8::192.0.2.1]"

RFC_4475: Final = {
    "wsinv": _reaches("3.1.1.1", "sip:vivekg@chair-dnrc.example.com"),
    "intmeth": _reaches("3.1.1.2", _STRANGE),
    "esc01": _reaches("3.1.1.3", "sip:sips%3Auser%40example.com@example.net"),
    "escnull": Verdict("3.1.1.4", (200,), registers="sip:null-%00-null@example.com"),
    "esc02": Verdict("3.1.1.5", (404, 405, 501), registers="sip:resource@example.com"),
    "lwsdisp": _reaches("3.1.1.6", _USER),
    "longreq": _reaches("3.1.1.7", _USER),
    "dblreq": Verdict("3.1.1.8", (200,), registers="sip:j.user@example.com", closes=True),
    "semiuri": _reaches("3.1.1.9", "sip:user;par=u%40example.net@example.com"),
    "transports": _reaches("3.1.1.10", _USER),
    "mpart01": _reaches("3.1.1.11", "sip:kumiko@example.org"),
    "unreason": Verdict("3.1.1.12"),
    "noreason": Verdict("3.1.1.13"),
    "badinv01": Verdict("3.1.2.1", (400,)),
    "clerr": Verdict("3.1.2.2", (400,)),
    "ncl": Verdict("3.1.2.3", (400,), closes=True),
    "ncl, five": Verdict("3.1.2.3", (400,), closes=True),
    "scalar02": Verdict("3.1.2.4", (400,), registers=_USER),
    "scalarlg": Verdict("3.1.2.5"),
    "quotbal": Verdict("3.1.2.6", (400,)),
    "quotbal, two": Verdict("3.1.2.6", (400,)),
    "ltgtruri": Verdict("3.1.2.7", (400,)),
    "lwsruri": Verdict("3.1.2.8", (400,)),
    "lwsstart": Verdict("3.1.2.9", (400,)),
    "trws": Verdict("3.1.2.10", (400,)),
    "escruri": _reaches("3.1.2.11", _USER),
    "baddate": _reaches("3.1.2.12", _USER),
    "regbadct": Verdict("3.1.2.13", (400,), registers=_USER),
    "badaspec": Verdict("3.1.2.14", (400,)),
    "baddn": Verdict("3.1.2.15", (400,)),
    "badvers": Verdict("3.1.2.16", (505,)),
    "mismatch01": Verdict("3.1.2.17", (400,)),
    "mismatch02": Verdict("3.1.2.18", (501,)),
    "bigcode": Verdict("3.1.2.19"),
    "badbranch": _reaches("3.2.1", _USER),
    "insuf": Verdict("3.3.1", (400,)),
    "unkscm": Verdict("3.3.2", (416,)),
    "novelsc": Verdict("3.3.3", (416,)),
    "unksm2": Verdict("3.3.4", (400,)),
    "bext01": Verdict("3.3.5", (420,)),
    "invut": _reaches("3.3.6", _USER),
    "regaut01": Verdict("3.3.7", (200,), registers="sip:j.user@example.com"),
    "multi01": Verdict("3.3.8", (400,)),
    "mcl01": Verdict("3.3.9", (400,), closes=True),
    "bcast": Verdict("3.3.10"),
    "zeromf": Verdict("3.3.11", (483,)),
    "cparam01": Verdict("3.3.12", (200,), registers="sip:watson@example.com"),
    "cparam02": Verdict("3.3.13", (200,), registers="sip:watson@example.com"),
    "regescrt": Verdict("3.3.14", (200,), registers=_USER),
    "sdp01": _reaches("3.3.15", _USER),
    "inv2543": _reaches("3.4.1", "sip:UserB@example.com"),
}

RFC_5118: Final = {
    "ipv6-good": Verdict("4.1", (200,), registers=_USER),
    "ipv6-bad": Verdict("4.2", (400,), registers=_USER),
    "port-ambiguous": Verdict("4.3", (200, 403, 404), registers=_USER),  # well-formed, that is all
    "port-unambiguous": Verdict("4.4", (200,), registers=_USER),
    "via-received-param-with-delim": Verdict("4.5", (404, 481)),  # read, and of no dialog
    "via-received-param-no-delim": Verdict("4.5", (200,)),
    "ipv6-in-sdp": _reaches("4.6", "sip:user@[2001:db8::10]"),
    "mult-ip-in-header": _reaches("4.7", "sip:user@host.example.net"),
    "mult-ip-in-sdp": _reaches("4.8", "sip:user@[2001:db8::10]"),
    "ipv4-mapped-ipv6": _reaches("4.9", _USER),
    "ipv6-bug-abnf-3-colons": _reaches("4.10", _MAPPED),
    "ipv6-correct-abnf-2-colons": _reaches("4.10", _MAPPED),
}

VERDICTS: Final = {
    **{name: (f"RFC 4475 {one.section}", one) for name, one in RFC_4475.items()},
    **{name: (f"RFC 5118 {one.section}", one) for name, one in RFC_5118.items()},
}

# over a stream, where there must be a Content-Length (RFC 3261 section 20.14)
NO_LENGTH: Final = Verdict("3.4.1", (400,), closes=True)

# what a section says of a variant of its message: which, and the octets that are others
VARIANTS: Final = {
    "ncl, five": ("ncl", b"Content-Length: -999", b"Content-Length: five"),
    "quotbal, two": (
        "quotbal",
        b'To: "Mr. J. User <sip:j.user@example.com>',
        b'To: "Mr J. User <sip:j.user@example.com> <sip:realj@example.net>',
    ),
}

# the first Via names another port than 5060, where a response over UDP goes to
PORTS: Final = {
    "quotbal": 5050,
    "quotbal, two": 5050,
    "mult-ip-in-header": 6050,
    "ipv4-mapped-ipv6": 19823,
}

# distinct requests with the branch of another one before: as they are, they are retransmissions
SAME_BRANCH: Final = {
    "regescrt": b"z9hG4bKkdjuw",
    "cparam02": b"z9hG4bKkdjuw",
    "novelsc": b"z9hG4bKkdjuw39234",
    "port-ambiguous": b"z9hG4bKas3-111",
    "port-unambiguous": b"z9hG4bKas3-111",
    "ipv6-correct-abnf-2-colons": b"z9hG4bKas3-111",
}

"""
64 KiB from a stranger cost a few milliseconds (RELIABILITY, Python traps; A2).

The bound is far above what it takes and far below what a quadratic parser takes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from sippn.errors import SIPError
from sippn.sip import (
    URI,
    Headers,
    NameAddr,
    Via,
    check,
    parse_challenge,
    parse_credentials,
    parse_params,
    read,
    read_feature_caps,
    response_to,
    same_uri,
    split_values,
    unescape,
    unquote,
    write,
)
from sippn.sip.grammar import breaks_out
from sippn.sip.message import CSeq

SIZE = 65000
FILLINGS = [
    *[
        '"',
        "\\",
        '"\\',
        "<",
        ">",
        "<>",
        ",",
        ";",
        ";=",
        ";a",
        ";a=b",
        ';a="b"',
        "=",
        " ",
        "\t",
        " ,",
    ],
    *[
        "a",
        "a ",
        "a,",
        "%",
        "%41",
        "@",
        ":",
        "[",
        "]",
        "/",
        "SIP/2.0/",
        "9",
        ".",
        "?",
        "&",
        "é",
        "\udcff",
    ],
]
HEADS = ["", '"', "<", "<sip:a@h", "sip:a@h;x=", "SIP/2.0/UDP h ", "Digest a=", "1 ", 'a, "']
PARSERS: list[Callable[[str], object]] = [
    URI.parse,
    NameAddr.parse,
    Via.parse,
    CSeq.parse,
    parse_params,
    split_values,
    unescape,
    unquote,
    parse_credentials,
    parse_challenge,
    lambda text: read_feature_caps(Headers([("Feature-Caps", text)])),
    lambda text: breaks_out("to", text + '"\\\x00" <sip:a@h>'),
]
ENOUGH = 0.25  # seconds; coverage makes it five times slower


def _spent(work: Callable[[], object]) -> float:
    started = time.process_time()
    with suppress(SIPError):
        work()
    return time.process_time() - started


@pytest.mark.parametrize("filling", FILLINGS)
def test_long_value_is_parsed_in_linear_time(filling: str) -> None:
    """No parser of a value goes back and forth over it."""
    for head in HEADS:
        text = (head + filling * (SIZE // len(filling)))[:SIZE]
        for parse in PARSERS:
            assert _spent(lambda parse=parse, text=text: parse(text)) < ENOUGH  # type: ignore[misc]


def _read_and_answer(octets: bytes) -> None:
    message = read(octets)
    check(message)
    write(response_to(message, 400))  # type: ignore[arg-type]  # a request, if it gets here


NEEDED = (
    b"Via: SIP/2.0/UDP h\r\nFrom: <sip:a@h>\r\nTo: <sip:b@h>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n"
)


@pytest.mark.parametrize(
    "filling",
    [
        *[
            b"\r\n",
            b"\r\n ",
            b"A: b\r\n",
            b"Via: SIP/2.0/UDP h\r\n",
            b"Contact: <sip:a@h>\r\n",
            b"a",
        ],
        *[
            b"\r\n\t,",
            b"\r",
            b"\n",
            b"\x00",
            b":",
            b" ",
            b"Via: SIP/2.0/UDP h, ",
            b'"',
            b"\xff",
            b", ",
        ],
    ],
)
def test_long_message_is_read_in_linear_time(filling: bytes) -> None:
    """Ten thousand Vias, endless folding: read, checked, answered."""
    for head in (b"", b"INVITE sip:h SIP/2.0\r\n" + NEEDED, b"INVITE sip:h SIP/2.0\r\nVia: "):
        octets = (head + filling * (SIZE // len(filling)))[:SIZE]
        for whole in (octets, octets + b"\r\n" + NEEDED + b"\r\n"):
            assert _spent(lambda whole=whole: _read_and_answer(whole)) < ENOUGH  # type: ignore[misc]


def test_comparison_is_linear() -> None:
    """Two long URIs are compared when a binding is looked for."""
    params = tuple([(f"x{number}", "%41" * 100) for number in range(100)])
    uri = URI("sip", "%41" * 20000, None, "h", None, params, "a=%41&" * 10000)
    other = URI("sip", "%41" * 20000, None, "H", None, params[::-1], "a=%41&" * 9999)
    assert _spent(lambda: same_uri(uri, other)) < ENOUGH

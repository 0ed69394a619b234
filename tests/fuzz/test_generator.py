"""What is sent: the same whenever it is made, and of every class there is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter

import pytest

from fuzz.case import TRANSPORTS, Places, make
from fuzz.classes import ALL, ELSEWHERE, ROWS
from fuzz.draft import NONCE, RESPONSE, Cut, End, Sender
from fuzz.draw import Draw
from fuzz.framing import frames
from fuzz.grammar import METHODS, OTHERS, request
from fuzz.strict import read

SEED = 1
ITERATIONS = 2000
PLACES = Places(b"192.0.2.1:5060", b"192.0.2.2:5060", b"192.0.2.3:5060", b"a-nonce")
ROWS_OF_RELIABILITY = range(1, 37)


@pytest.fixture(scope="module")
def kinds() -> Counter[str]:
    """How often each class comes in what CI sends."""
    return Counter(make(SEED, number).kind for number in range(ITERATIONS))


def test_iteration_is_a_function_of_seed_and_number() -> None:
    """A2: what was found can be sent again, by itself."""
    wanted = [make(3, number) for number in range(200)]
    assert [make(3, number) for number in reversed(range(200))] == wanted[::-1]
    assert [make(4, number).template for number in range(200)] != [one.template for one in wanted]
    assert [one.pieces(one.template) for one in wanted] == [
        one.pieces(one.template) for one in map(make, [3] * 200, range(200))
    ]


def test_iteration_is_the_same_in_another_process() -> None:
    """A2: whatever the hashes of its strings are there."""
    words = "from fuzz.case import make; print(*[make(1, n).template for n in range(300)])"
    said = subprocess.run(
        [sys.executable, "-c", words],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "17"},
        text=True,
        timeout=60,
    )
    assert said.stdout.strip() == " ".join(repr(make(1, number).template) for number in range(300))


@pytest.mark.parametrize("row", ROWS_OF_RELIABILITY)
def test_every_row_is_sent(row: int, kinds: Counter[str]) -> None:
    """Issue 5, item 2: every input class of RELIABILITY section 2 that a SIP socket receives."""
    assert (row in ROWS) is not (row in ELSEWHERE)
    for mutator in ROWS.get(row, ()):
        assert kinds[mutator.__name__] > 0


def test_every_class_is_sent(kinds: Counter[str]) -> None:
    """Issue 5, item 2: framing, folding, injection, smuggling and the rest."""
    assert set(kinds) == {mutator.__name__ for mutator in ALL}


def test_all_senders_ends_and_cuts_are_drawn() -> None:
    """Issue 5, item 2: strangers and trusted peers, sudden ends, streams cut everywhere."""
    cases = [make(SEED, number) for number in range(ITERATIONS)]
    assert {case.sender for case in cases} == set(Sender)
    assert {case.end for case in cases} == set(End)
    assert {case.cut for case in cases} == set(Cut)
    assert {case.transport for case in cases} == set(TRANSPORTS)


@pytest.mark.parametrize("method", METHODS + OTHERS)
def test_what_mutators_begin_with_is_valid(method: bytes) -> None:
    """A mutated message is only of use if nothing else is wrong with it."""
    for number in range(50):
        draft = request(Draw(SEED, number), SEED, number, False, method)
        octets = draft.octets()
        assert read(octets).method == method
        assert frames(octets).messages == [octets]


@pytest.mark.parametrize("kind", ["huge_length", "several_lengths", "second_behind"])
def test_broken_stream_is_broken(kind: str) -> None:
    """A2: where the second opinion sees a marker, the server has to answer it."""
    cases = [make(SEED, number, ("tcp",)) for number in range(ITERATIONS)]
    found = [frames(case.octets(PLACES)) for case in cases if case.kind == kind]
    assert found
    assert any(one.broken for one in found)


def test_pieces_are_the_whole() -> None:
    """A stream is cut, and nothing of it is lost."""
    for number in range(500):
        case = make(SEED, number, ("tcp",))
        octets = case.octets(PLACES)
        assert b"".join(case.pieces(octets)) == octets


def test_proof_is_made_when_there_is_a_nonce() -> None:
    """Rows 12, 14: the password is right, the rest is not."""
    cases = [make(SEED, number) for number in range(ITERATIONS)]
    proofs = [case.octets(PLACES) for case in cases if case.kind == "proved_another"]
    assert any(b'nonce="a-nonce"' in octets for octets in proofs)
    assert not any(NONCE in octets or RESPONSE in octets for octets in proofs)

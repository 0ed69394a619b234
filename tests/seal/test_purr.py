"""PURRs: nobody else can make one, nor see whose it is (RFC 8599 section 6.2.1)."""

from __future__ import annotations

import os
import random
import string
from collections import Counter, defaultdict
from itertools import combinations
from operator import eq

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sippn.seal import Keyring, Reference, read_purr, write_purr

ALICE = Reference("sip:alice@example.com", "0123456789abcdef")
SECRET = bytes(range(32))
BASE64URL = string.ascii_letters + string.digits + "-_"
TAG_VALUE = frozenset(string.ascii_letters + string.digits + "-._%*+`'~!")  # G-04


def seeded(seed: int) -> Keyring:
    """A keyring whose nonces are the same in each run."""
    return Keyring(SECRET, random.Random(seed).randbytes)  # noqa: S311 - for tests


@pytest.fixture
def keyring() -> Keyring:
    return seeded(1)


_USERS = st.text(st.sampled_from([*BASE64URL, "%", "~", "\u00e9", "\udcff"]), min_size=1)


@given(_USERS, st.text(st.sampled_from("0123456789abcdef"), min_size=1, max_size=40))
def test_purr_stands_for_its_binding(user: str, binding_id: str) -> None:
    """P-060: a PURR is resolved to the binding that it was made for, without any table."""
    reference = Reference(f"sip:{user}@example.com", binding_id)
    purr = write_purr(reference, seeded(1))
    assert read_purr(purr, seeded(2)) == reference
    assert set(purr) <= TAG_VALUE


def test_each_purr_is_another_one(keyring: Keyring) -> None:
    """P-061: each is new, and those of before stay good."""
    purrs = [write_purr(ALICE, keyring) for _ in range(100)]
    assert len(set(purrs)) == 100
    assert {read_purr(purr, keyring) for purr in purrs} == {ALICE}


def test_purrs_cannot_be_told_to_belong_together(keyring: Keyring) -> None:
    """
    P-062, A12: of 10,000 of one binding no two are alike in more than 60 % of their places.

    Two that were would share many of the pairs of characters that a PURR can be cut into, so
    only who does is compared.
    """
    purrs = [write_purr(ALICE, keyring) for _ in range(10_000)]
    length, cuts = len(purrs[0]), range(2, len(purrs[0]) - 1, 2)
    shared = Counter[tuple[str, str]]()
    for at in cuts:
        alike = defaultdict[str, list[str]](list)
        for purr in purrs:
            alike[purr[at : at + 2]].append(purr)
        assert max(len(same) for same in alike.values()) < 40
        for same in alike.values():
            shared.update(combinations(same, 2))
    suspects = [pair for pair, number in shared.items() if number >= len(cuts) - 0.4 * length]
    assert all(sum(map(eq, *pair)) <= 0.6 * length for pair in suspects)


def test_each_place_says_nothing(keyring: Keyring) -> None:
    """P-062, A12: but for the octet that names the key, every character is as likely there."""
    purrs = [write_purr(ALICE, keyring) for _ in range(10_000)]
    for at in range(2, len(purrs[0]) - 1):
        seen = [purr[at] for purr in purrs]
        assert set(seen) == set(BASE64URL)
        assert max(seen.count(character) for character in BASE64URL) < 2 * 10_000 / 64


@pytest.mark.parametrize("length", [1, 2, 5, 11])
def test_length_does_not_tell_an_aor(keyring: Keyring, length: int) -> None:
    """P-062: the PURRs of users with short names and with longer ones are equally long."""
    user = "a" * length
    purr = write_purr(Reference(f"sip:{user}@example.com", ALICE.binding_id), keyring)
    assert len(purr) == len(write_purr(ALICE, keyring))


def test_no_purr_can_be_made_up(keyring: Keyring) -> None:
    """P-062, T2: what is forged, cut, longer, or another server's stands for nothing."""
    purr = write_purr(ALICE, keyring)
    forged = [
        purr[:at] + other + purr[at + 1 :]
        for at, character in enumerate(purr)
        for other in BASE64URL
        if other != character
    ]
    cut = [purr[:end] for end in range(len(purr))] + [purr[start:] for start in range(1, 20)]
    longer = [purr + more for more in (*BASE64URL, "AAAA", "=", purr)] + ["A" + purr]
    foreign = write_purr(ALICE, Keyring(bytes(32), os.urandom))
    odd = ["", "\udcff", "a" * 100_000, purr.swapcase(), "%41", foreign]
    for each in (*forged, *cut, *longer, *odd):
        assert read_purr(each, keyring) is None
    assert read_purr(purr, keyring) == ALICE


def test_token_of_another_purpose_is_no_purr(keyring: Keyring) -> None:
    """T2: what was sealed as something else stands for no binding, whatever it says."""
    plain = f"{ALICE.binding_id} {ALICE.aor}".encode()
    assert read_purr(keyring.seal("record-route", plain), keyring) is None

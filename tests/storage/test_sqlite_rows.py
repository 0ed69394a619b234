"""Records as rows, and the agenda of what is due."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from attrs import evolve
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sippn.binding import Binding, Change, PushTarget, Record
from sippn.storage.frozen import freeze, thaw
from sippn.storage.plain import plain
from sippn.storage.sqlite_file import DatabaseFile
from sippn.storage.sqlite_rows import Unreadable, body_of, keys_of, keys_text, record_of
from sippn.storage.sqlite_tables import Tables
from sippn.testing.contracts.records import ALICE, VERSION
from sippn.testing.contracts.records import record as sample
from tests.storage.records import RECORDS


@given(RECORDS)
def test_every_record_comes_back_as_it_was(record: Record) -> None:
    """From the disk and from memory: tuples are tuples, and hash as they did."""
    body, keys = body_of(record).encode(), keys_text(record.keys).encode()
    for back in (
        record_of(record.aor, record.version, keys, body),
        thaw(record.aor, freeze(record)),
    ):
        assert back == record
        assert hash(back) == hash(record)


def test_little_is_stored_of_a_target_that_says_little() -> None:
    """Of a million bindings each octet is a megabyte; most targets have but these four."""
    target = PushTarget("fcm", "project", "token")
    (bound,) = sample(ALICE).bindings
    assert ("fcm", "project", "token", ()) in plain(evolve(bound, push_target=target))


_BODY, _KEYS = body_of(sample(ALICE)).encode(), keys_text([b"key"]).encode()


@given(st.integers(0, 8 * len(_BODY) - 1))
def test_damaged_row_is_unreadable_and_nothing_else(bit: int) -> None:
    """R2 B3: a bit that flips makes it another record, or an error that says nothing of it."""
    octets = bytearray(_BODY)
    octets[bit // 8] ^= 1 << bit % 8
    with suppress(Unreadable):
        record_of(ALICE, VERSION, _KEYS, bytes(octets))


@pytest.mark.parametrize(
    ("version", "keys", "body"),
    [
        (VERSION, b"6b6579 ", b'[null,[["one","too","few"]]]'),
        (VERSION, b"6b6579 ", _BODY.replace(b"4294967295,500", b"4294967295.500")),
        (VERSION, b"6b6579 ", b"\xff" + _BODY),
        (VERSION, b"6b6579 ", b"{}"),
        (VERSION, b"6b6579 ", b"null"),
        (VERSION, b"6b6579 ", b"[" * 100_000),
        (VERSION, b"6b6579 ", None),
        (VERSION, b"6bx579 ", _BODY),
        (VERSION, b"\xff", _BODY),
        (2**63 - 1, b"6b6579 ", _BODY),
    ],
)
def test_what_is_no_record_is_refused(version: int, keys: bytes, body: Any) -> None:
    """R2 B3: the last one could never be written again, nor any batch that it is in."""
    with pytest.raises(Unreadable) as raised:
        record_of(ALICE, version, keys, body)
    assert str(raised.value) == ""


@given(st.frozensets(st.binary(max_size=3), max_size=4))
def test_keys_are_written_in_one_way(keys: frozenset[bytes]) -> None:
    """They are compared as text."""
    assert keys_of(keys_text(keys)) == keys
    assert keys_text(sorted(keys, reverse=True)) == keys_text(keys)


@pytest.fixture(scope="module")
def tables() -> Iterator[Tables]:
    """One for all examples: a file takes its time."""
    with TemporaryDirectory(prefix="sippn-") as folder:
        file = DatabaseFile.open(str(Path(folder, "agenda.db")), 0.0)
        file.writing.execute("PRAGMA synchronous = OFF")
        yield Tables(file.writing, pytest.fail)
        file.close()


def claimed(tables: Tables, before: float, limit: int, lease: float) -> list[tuple[float, str]]:
    """What a claim finds, in its order."""
    found = tables.claim(before, limit, lease).found
    return sorted((look, record.aor) for look, record in found)


# few AORs and few times: it is their order that matters
_DUE = st.integers(0, 6).map(float)
_SETS = st.tuples(st.just("set"), st.sampled_from("abc"), st.one_of(_DUE, _DUE, _DUE, st.none()))
_CLAIMS = st.tuples(st.just("claim"), st.sampled_from("123"), st.integers(1, 9).map(float))
_GOES = st.tuples(st.just("go"), st.sampled_from("abc"), st.none())


@example([("set", "c", 6.0), ("set", "a", 0.0), ("set", "a", 6.0)])  # put off into a tie
@settings(max_examples=300)
@given(st.lists(st.one_of(_SETS, _SETS, _SETS, _CLAIMS, _CLAIMS, _GOES), max_size=20))
def test_a_claim_is_what_a_scan_would_find(
    tables: Tables, steps: list[tuple[str, str, float | None]]
) -> None:
    """Lazy deletion changes the cost and nothing else; every record keeps its entry."""
    due, versions = dict[str, float](), dict[str, int]()

    def write(aor: str, bindings: tuple[Binding, ...], due_at: float | None) -> None:
        old = versions.pop(aor, 0)
        record = Record(aor, old + 1, bindings, due_at)
        assert tables.commit([Change(record, old)]) == []
        due.pop(aor, None)
        if not record.idle:
            versions[aor] = old + 1
        if due_at is not None:
            due[aor] = due_at

    bound = (Binding("b", "sip:a@h", "f", 1.0, 1.0, "c", 1),)
    for step, name, when in steps:
        if step == "claim":
            assert when is not None
            expected = sorted((at, aor) for aor, at in due.items() if at < when)[: int(name)]
            assert claimed(tables, when, int(name), 3.0) == expected
            due.update({aor: when + 3.0 for _, aor in expected})
        else:
            write(name, bound if step == "set" else (), when)
    assert claimed(tables, 99.0, 9, 1.0) == sorted((at, aor) for aor, at in due.items())
    for aor in tuple(versions):
        write(aor, (), None)
    assert claimed(tables, 1000.0, 99, 1.0) == []

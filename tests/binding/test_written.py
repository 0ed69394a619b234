"""Tests for :mod:`sippn.binding.written`."""

from __future__ import annotations

import json

import pytest

from sippn.binding import Binding, Record, read_record, write_record
from sippn.testing.contracts.records import ALICE, NOON, VERSION, binding, record

FULL = Record(ALICE, VERSION, (binding(1), binding(2)), NOON + 0.5, frozenset([b"\0k", b"\xff"]))
PLAIN = Record(ALICE, VERSION, (Binding("b", "sip:a@h", "f", NOON, NOON, "c", 0),), None)


@pytest.mark.parametrize("stored", [FULL, PLAIN, Record(ALICE, 1, (), None)])
def test_record_goes_through_json(stored: Record) -> None:
    """Field by field, with octets that are no UTF-8, None and tuples as they were."""
    assert read_record(json.loads(json.dumps(write_record(stored)))) == stored


def test_record_of_another_version() -> None:
    """What is new to us is left out; what was not there yet gets its default."""
    written = write_record(record(ALICE)) | {"new": 1}
    del written["bindings"][0]["refresh_attempt"]
    written["bindings"][0]["newer"] = 2
    found = read_record(written)
    assert found.bindings[0].refresh_attempt == 0
    assert found.bindings[0].contact == binding().contact


@pytest.mark.parametrize(
    "written",
    [
        {},
        [],
        None,
        {"aor": ALICE},
        write_record(record(ALICE)) | {"bindings": 7},
        write_record(record(ALICE)) | {"bindings": [{}]},
        write_record(record(ALICE)) | {"keys": ["xy"]},
        write_record(record(ALICE)) | {"keys": 1},
    ],
)
def test_what_is_no_record(written: object) -> None:
    """A store says that it is damaged; it does not break."""
    with pytest.raises(ValueError, match=r".") as caught:
        read_record(written)  # type: ignore[arg-type] # what a damaged file may hold
    assert "a/b" not in str(caught.value)

"""The queue of what is due."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from sippn.binding import AOR
from sippn.storage.due import DueQueue

_TIMES = st.one_of(st.none(), st.integers(0, 20).map(float))
_SETS = st.tuples(st.just("set"), st.sampled_from("abc"), _TIMES)
_CLAIMS = st.tuples(st.just("claim"), st.just(""), st.integers(0, 25).map(float))


class Due(DueQueue):
    """A queue of what its records say."""

    def __init__(self) -> None:
        self.records = dict[AOR, float]()
        super().__init__(self.records.get)

    def set(self, aor: AOR, due_at: float | None) -> None:
        """Commit a record."""
        old = self.records.pop(aor, None)
        if due_at is not None:
            self.records[aor] = due_at
        self.move(aor, old, due_at)


@settings(deadline=None)  # a loaded machine is no failure
@given(st.lists(st.one_of(_SETS, _CLAIMS), max_size=40))
def test_a_claim_is_what_a_scan_would_find(steps: list[tuple[str, str, float | None]]) -> None:
    """Lazy deletion changes the cost and nothing else."""
    queue, model = Due(), dict[str, float]()
    for step, aor, when in steps:
        if step == "set":
            queue.set(aor, when)
            model.pop(aor, None)
            if when is not None:
                model[aor] = when
            continue
        assert when is not None
        expected = sorted((at, aor) for aor, at in model.items() if at < when)[:2]
        assert queue.claim(when, 2, 3.0) == [aor for _, aor in expected]
        model.update({aor: when + 3.0 for _, aor in expected})


def test_who_was_put_off_does_not_come_first() -> None:
    """Its old entry comes up early, and says nothing of its turn."""
    queue = Due()
    queue.set("sip:a@h", 1.0)
    queue.set("sip:a@h", 5.0)
    queue.set("sip:b@h", 3.0)
    assert queue.claim(10.0, 1, 30.0) == ["sip:b@h"]
    assert queue.claim(10.0, 1, 30.0) == ["sip:a@h"]


def test_refreshes_do_not_grow_the_heap() -> None:
    """DESIGN 6: a refresh puts off, and costs no entry."""
    queue = Due()
    for round_ in range(50):
        for phone in range(100):
            queue.set(f"sip:{phone}@h", 3600.0 + round_)
    assert len(queue) == 100


def test_churn_does_not_grow_the_heap() -> None:
    """Phones that come and go for good leave no entries to be walked by and by."""
    queue = Due()
    for visitor in range(10_000):
        queue.set(f"sip:{visitor}@h", 1e9)
        queue.set(f"sip:{visitor}@h", None)
    assert len(queue) < 100


def test_shorter_and_shorter_does_not_grow_the_heap() -> None:
    """Void entries that are still far away are cleared out."""
    queue = Due()
    for step in range(1000):
        queue.set("sip:a@h", 1e6 - step)
    assert len(queue) < 100
    assert queue.claim(1e6, 10, 30) == ["sip:a@h"]
    assert queue.claim(1e6, 10, 30) == []


def test_compaction_forgets_no_lease() -> None:
    """What is claimed stays claimed while others come and go."""
    queue = Due()
    queue.set("sip:a@h", 10.0)
    assert queue.claim(20.0, 1, 30.0) == ["sip:a@h"]
    for visitor in range(1000):
        queue.set(f"sip:{visitor}@h", 1e9)
        queue.set(f"sip:{visitor}@h", None)
    assert queue.claim(49.0, 1, 30.0) == []
    assert queue.claim(51.0, 1, 30.0) == ["sip:a@h"]


def test_a_herd_comes_in_order() -> None:
    """The longest overdue first, whatever the order in which they were set."""
    queue = Due()
    phones = list(range(200))
    random.Random(7).shuffle(phones)  # noqa: S311 - no secret, an order
    for phone in phones:
        queue.set(f"sip:{phone}@h", float(phone))
    assert queue.claim(1000.0, 200, 30.0) == [f"sip:{phone}@h" for phone in range(200)]

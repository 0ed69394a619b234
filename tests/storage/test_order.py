"""AORs in their order."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from sippn.storage.order import AOROrder

_STEPS = st.tuples(st.sampled_from(["add", "remove", "page"]), st.sampled_from("aAbBcde"))


@settings(deadline=None)  # a loaded machine is no failure
@given(st.lists(_STEPS, max_size=60), st.integers(1, 4))
def test_a_page_is_what_sorting_would_give(steps: list[tuple[str, str]], limit: int) -> None:
    """Whatever came, went and came again since the last page."""
    held: dict[str, int] = {}
    order = AOROrder(held)
    for step, aor in steps:
        if step == "remove":
            held.pop(aor, None)
        elif step == "page":
            assert order.after(aor, limit) == sorted(a for a in held if a > aor)[:limit]
        elif aor not in held:
            held[aor] = 1
            order.add(aor)
    assert order.after("", 10) == sorted(held)


def test_churn_between_pages_is_not_kept() -> None:
    """Who pages once a day does not pay for all who came and went that day."""
    held: dict[str, int] = {"a": 1}
    order = AOROrder(held)
    assert order.after("", 1) == ["a"]
    for visitor in range(1000):
        held[f"v{visitor}"] = 1
        order.add(f"v{visitor}")
        del held[f"v{visitor}"]
    assert len(order._newcomers) < 100
    assert order.after("", 9) == ["a"]


def test_who_never_pages_keeps_nothing() -> None:
    """The order is made when it is asked for."""
    order = AOROrder({"a": 1})
    order.add("a")
    assert order._newcomers == []

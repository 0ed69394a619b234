"""Any record there may be."""

from __future__ import annotations

from hypothesis import strategies as st

from sippn.binding import Binding, PushState, PushTarget, Record

_TEXTS = st.text(st.characters(exclude_categories=()), max_size=8)  # lone surrogates too
_TIMES = st.floats(0, 1e11)
_PAIRS = st.lists(st.tuples(_TEXTS, st.none() | _TEXTS), max_size=3).map(tuple)
_TOKENS = st.lists(st.tuples(_TEXTS, _TEXTS), max_size=2).map(tuple)
_TARGETS = st.builds(PushTarget, _TEXTS, _TEXTS, _TEXTS, _TOKENS) | st.builds(
    PushTarget,
    _TEXTS,
    _TEXTS,
    _TEXTS,
    _TOKENS,
    app=_TEXTS,
    sandbox=st.booleans(),
    delay=st.none() | st.floats(0, 10),
    hints=_TOKENS,
)
_BINDINGS = st.builds(
    Binding,
    id=_TEXTS,
    contact=_TEXTS,
    flow=_TEXTS,
    expires_at=_TIMES,
    registered_at=_TIMES,
    call_id=_TEXTS,
    cseq=st.integers(0, 2**32),
    q=st.none() | st.integers(0, 1000),
    instance=_TEXTS,
    reg_id=st.integers(0, 2**31),
    path=st.lists(_TEXTS, max_size=2).map(tuple),
    params=_PAIRS,
    user_agent=_TEXTS,
    push_target=st.none() | _TARGETS,
    push_state=st.sampled_from(PushState),
    refresh_at=st.none() | _TIMES,
    refresh_attempt=st.integers(0, 20),
    asleep_until=st.none() | _TIMES,
)
RECORDS = st.builds(
    Record,
    aor=_TEXTS,
    version=st.integers(1, 2**62),
    bindings=st.lists(_BINDINGS, max_size=2).map(tuple),
    due_at=st.none() | _TIMES,
    keys=st.frozensets(st.binary(max_size=4), max_size=3),
)

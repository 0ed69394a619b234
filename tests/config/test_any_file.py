"""Whatever stands in the file: settings or problems, never a traceback."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sippn.config import read
from sippn.config.model import Config
from sippn.errors import ConfigErrors

if TYPE_CHECKING:
    from tests.config.conftest import Plugins

WORDS = (
    *("udp", "tcp", "tls", "::1", "192.0.2.1", "none", "digest", "memory", "log", "INVITE"),
    *("x.y", ""),
)
KEYS = (
    *("transport", "host", "port", "type", "file", "env", "mode", "realm", "users", "min", "max"),
    *("default", "wait", "invite", "provider", "address", "match", "methods", "hedge", "odd key"),
    *("certificate", "private_key"),
)

scalars = st.one_of(
    st.sampled_from(WORDS),
    st.text(max_size=8),
    st.integers(-1, 5000),
    st.floats(allow_nan=False, allow_infinity=False, width=16),
    st.booleans(),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)
    ),
    max_leaves=12,
)
files = st.dictionaries(st.sampled_from([*Config.model_fields, "admin", "odd"]), values)


def toml(value: Any) -> str:
    """*value* in TOML, on one line."""
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{json.dumps(key)} = {toml(value[key])}' for key in value)} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value)


@given(file=files)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_settings_or_problems(plugins: Plugins, tmp_path: Path, file: dict[str, Any]) -> None:
    """O-123: whoever wrote the file is told what is wrong with it, in one line for each key."""
    text = "\n".join(f"{key} = {toml(value)}" for key, value in file.items())
    try:
        read(text, tmp_path, {}, plugins.found())
    except ConfigErrors as errors:
        problems = errors.problems
    else:
        return
    assert problems
    assert all("\n" not in where + what for where, what in problems)

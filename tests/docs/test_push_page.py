"""What ``docs/push.rst`` shows is what is."""

from __future__ import annotations

import re
import textwrap
import time
from pathlib import Path

import pytest

from sippn.config import Factories, read
from sippn.providers.webhook_letters import signature

PAGE = (Path(__file__).parents[2] / "docs" / "push.rst").read_text("utf-8")
KEY = "sixteen characters or more"


def blocks(language: str) -> list[str]:
    """The code blocks of the page in that language."""
    found = re.findall(
        rf"^( *)\.\. code-block:: {language}\n\n((?:\1 +.*\n|\n)+)", PAGE, re.MULTILINE
    )
    return [textwrap.dedent(block) for _, block in found]


@pytest.mark.parametrize("table", blocks("toml"))
def test_each_table_is_right(table: str, tmp_path: Path) -> None:
    """N-04: what a recipe has an operator write is a configuration."""
    checked = read(table, tmp_path, {"PUSH_KEY": KEY}, Factories.installed())
    assert len(checked.settings.providers) == 1


def test_there_is_a_table_for_each_service() -> None:
    """N-04: no recipe is without one."""
    tables = "\n".join(blocks("toml"))
    assert re.findall(r'^type = "(.*)"', tables, re.MULTILINE) == [
        "apns", "fcm", "webpush", "webhook",
    ]  # fmt: skip


def test_gateway_knows_what_is_genuine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A10, T8: what a gateway is shown to do tells a signed push from a forged or an old one."""
    monkeypatch.setenv("PUSH_KEY", KEY)
    [code] = blocks("python")
    names: dict[str, object] = {"__name__": "gateway"}
    exec(code, names)  # noqa: S102 - it is ours
    genuine = names["genuine"]
    assert callable(genuine)
    now, body = int(time.time()), b'{"kind":"call"}'
    signed = signature(KEY.encode(), body, now).decode()
    assert genuine(signed, body)
    assert not genuine(signed, body + b" ")
    assert not genuine(signed.replace("t=", "t=1"), body)
    assert not genuine(signature(KEY.encode(), body, now - 3600).decode(), body)
    assert not genuine(signature(b"another key of somebody", body, now).decode(), body)
    assert not genuine("", body)


@pytest.mark.parametrize("command", ["sippn push test", "python -m sippn.testing.push_server"])
def test_commands_are_those_there_are(command: str) -> None:
    """N-10: the page names them as they are called."""
    assert f"$ {command} " in PAGE

"""What ``docs/configuration.rst`` shows is what happens."""

from __future__ import annotations

import re
import textwrap
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

from sippn.config import Factories, read
from sippn.config.model import Config
from sippn.errors import ConfigErrors

PAGE = Path(__file__).parents[2].joinpath("docs", "configuration.rst").read_text("utf-8")
SHA_256 = "0" * 64
MD5 = "0" * 32


def block(language: str, beginning: str) -> str:
    """The first code block of *language* whose text begins so."""
    blocks = re.findall(rf"code-block:: {language}\n\n((?: {{4}}.*\n|\n)+)", PAGE)
    texts = [textwrap.dedent(found).strip("\n") for found in blocks]
    return next(text for text in texts if text.startswith(beginning))


EXAMPLE = block("toml", 'role = "registrar"\ndomains')


def test_example_gives_what_is_said(tmp_path: Path) -> None:
    """Issue 2, 14: what a stranger copies must work, and say the same."""
    lines = [f"{name}:example.com:{SHA_256}\n{name}:example.com:{MD5}\n" for name in ("a", "b")]
    (tmp_path / "users.htdigest").write_text("".join(lines))
    environ = {"PUSH_SECRET": "Bearer x", "SIGNING_KEY": "0" * 32}
    checked = read(EXAMPLE, tmp_path, environ, Factories.installed())
    warnings = [f"warning: {warning}" for warning in checked.warnings]
    shown = "\n".join(["configuration ok", *checked.summary, *warnings])
    assert block("text", "configuration ok") == shown


@pytest.mark.parametrize("table", ["registrar", "expires", "push", "proxy", "limits"])
def test_example_has_every_key_with_its_default(table: str) -> None:
    """DESIGN 5: the page says that these are the defaults."""
    written = tomllib.loads(EXAMPLE)[table]
    for plugins in ("provider", "dialect"):
        written.pop(plugins, None)
    default = getattr(Config.model_validate({}), table)
    assert isinstance(default, BaseModel)
    assert written == default.model_dump(exclude={"provider", "dialect"})


@pytest.mark.parametrize("table", ["listen", "keys", "auth", "trusted"])
def test_example_has_every_key(table: str) -> None:
    """DESIGN 5: what the example lacks nobody finds."""
    written = tomllib.loads(EXAMPLE)[table]
    tables = written if isinstance(written, list) else [written]
    found = {key for one in tables for key in one}
    assert found == set(Config.model_json_schema()["$defs"][table.title()]["properties"])


def test_errors_are_those_that_are_shown(tmp_path: Path) -> None:
    """O-123: the page shows the words that an operator will meet."""
    wrong = block("toml", 'rolle = "registrar"')
    with pytest.raises(ConfigErrors) as caught:
        read(wrong, tmp_path, {}, Factories.installed())
    lines = [f"  {where}: {what}" for where, what in caught.value.problems]
    shown = "\n".join([f"{len(lines)} problems in wrong.toml", *lines])
    assert block("text", f"{len(lines)} problems") == shown

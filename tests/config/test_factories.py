"""Plugins, by the type that names them."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from sippn.errors import ConfigErrors
from sippn.interfaces import IPushProvider, Surroundings

if TYPE_CHECKING:
    from pathlib import Path

    from tests.config.conftest import Plugins, Reads, Refuses

WEBHOOK = '[[push.provider]]\ntype = "webhook"\n'


def test_plugin_tells_what_is_wrong_with_its_table(plugins: Plugins, refuses: Refuses) -> None:
    """IFactory.parse: its problems stand at its table, beside those of the rest."""
    plugins.webhook.wrong = ConfigErrors([("url", "is missing"), ("", "is bad"), ("[0]", "is odd")])
    problems = refuses('role = "x"\n[[push.provider]]\ntype = "log"\n' + WEBHOOK)
    del problems["role"]
    assert problems == {
        "push.provider[1].url": "is missing",
        "push.provider[1]": "is bad",
        "push.provider[1][0]": "is odd",
    }


def test_broken_plugin_is_a_problem(plugins: Plugins, refuses: Refuses) -> None:
    """A foreign factory that raises is no traceback, and its words may have a secret in them."""
    plugins.webhook.wrong = KeyError("s3cret")
    [(where, what)] = refuses(WEBHOOK).items()
    assert where == "push.provider[0]"
    assert what.endswith(
        "FakeFactory broke on this table: KeyError; mend the plugin, or leave the table out"
    )


def test_two_plugins_of_one_type(plugins: Plugins, refuses: Refuses) -> None:
    """Which of them would run would be chance."""
    plugins.more.append(type(plugins.log)(IPushProvider, "log"))
    [(where, what)] = refuses("").items()
    assert where == "plugins"
    assert "both are type 'log': remove one of them" in what


def test_one_plugin_found_twice(plugins: Plugins, reads: Reads) -> None:
    """In a checkout, twistd finds the plugins of the installed copy as well."""
    plugins.more.append(plugins.log)
    assert reads("").settings.providers == ()


def test_plugin_that_does_not_say_what_it_is(plugins: Plugins, refuses: Refuses) -> None:
    """It breaks before it is asked anything."""
    nameless = type(plugins.log)(IPushProvider, "x")
    del nameless.prefix
    plugins.more.append(nameless)
    [(where, what)] = refuses("").items()
    assert where == "plugins"
    assert what.endswith("is broken: AttributeError; mend or remove it")


def test_foreign_plugin_brings_what_is_not_built(plugins: Plugins, reads: Reads) -> None:
    """DESIGN 5: a plugin's prefix goes before "not supported yet"."""
    plugins.more.append(type(plugins.log)(IPushProvider, "apns"))
    checked = reads('[[push.provider]]\ntype = "apns"')
    assert len(checked.settings.providers) == 1


def test_file_keys_of_plugins_become_absolute(
    plugins: Plugins, reads: Reads, tmp_path: Path
) -> None:
    """DESIGN 5: files are relative to the configuration, of which a plugin knows nothing."""
    reads(WEBHOOK + 'ca_file = "ca.pem"\napp = { key_file = "/k", name = "n" }')
    assert plugins.webhook.parsed == [
        {"ca_file": str(tmp_path / "ca.pem"), "app": {"key_file": "/k", "name": "n"}}
    ]


def test_what_building_finds_stands_at_its_table(plugins: Plugins, reads: Reads) -> None:
    """A file that cannot be read is found when the plugin is built; its key is named as well."""
    plugins.webhook.broken = ConfigErrors([("ca_file", "cannot be read")])
    [built] = reads(WEBHOOK).settings.providers
    with pytest.raises(ConfigErrors) as caught:
        built(cast("Surroundings", None))
    assert caught.value.problems == (("push.provider[0].ca_file", "cannot be read"),)

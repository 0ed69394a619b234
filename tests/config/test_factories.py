"""Plugins, by the type that names them."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from sippn.errors import ConfigErrors
from sippn.interfaces import IBindingStore, IPushProvider, Surroundings

if TYPE_CHECKING:
    from pathlib import Path

    from tests.config.conftest import Plugins, Reads, Refuses

WEBHOOK = '[[push.provider]]\ntype = "webhook"\n'


def test_plugin_tells_what_is_wrong_with_its_table(plugins: Plugins, refuses: Refuses) -> None:
    """IFactory.parse: its problems stand at its table, beside those of the rest."""
    wrong = {"url": "is missing", "": "is bad", "[0]": "is odd", 'apps."x"."a.b".k': "is wrong"}
    plugins.webhook.wrong = ConfigErrors(list(wrong.items()))
    problems = refuses('role = "x"\n[[push.provider]]\ntype = "log"\n' + WEBHOOK)
    del problems["role"]
    assert problems == {
        "push.provider[1].url": "is missing",
        "push.provider[1]": "is bad",
        "push.provider[1][0]": "is odd",
        'push.provider[1].apps.x."a.b".k': "is wrong",
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
    plugins.more.append(type(plugins.log)(IBindingStore, "postgres"))
    reads('[storage]\ntype = "postgres"\nurl = "u"')
    assert plugins.more[0].parsed == [{"url": "u"}]


def test_file_keys_of_plugins_become_absolute(
    plugins: Plugins, reads: Reads, tmp_path: Path
) -> None:
    """DESIGN 5: files are relative to the configuration, of which a plugin knows nothing."""
    reads(WEBHOOK + 'ca_file = "ca.pem"\napp = { key_file = "/k", name = "n" }')
    assert plugins.webhook.parsed == [
        {"ca_file": str(tmp_path / "ca.pem"), "app": {"key_file": "/k", "name": "n"}}
    ]


def test_files_of_apps_become_absolute(plugins: Plugins, reads: Reads, tmp_path: Path) -> None:
    """DESIGN 5: in the tables of apps and projects as well, and a service account's."""
    reads(
        WEBHOOK
        + 'payload = { call = { path = "p", sound_file = "s" } }\n'
        + 'headers = { file = "h", x = "y" }\n'
        + '[push.provider.apps."com.x"]\nkey_file = "k.p8"\n'
        + '[push.provider.projects.p]\nservice_account = "sa.json"\n'
    )
    [parsed] = plugins.webhook.parsed
    assert parsed["apps"] == {"com.x": {"key_file": str(tmp_path / "k.p8")}}
    assert parsed["projects"] == {"p": {"service_account": str(tmp_path / "sa.json")}}
    assert parsed["payload"] == {"call": {"path": "p", "sound_file": "s"}}
    assert parsed["headers"] == {"file": "h", "x": "y"}


def test_text_of_a_service_account_stays_as_it_is(plugins: Plugins, reads: Reads) -> None:
    """P-007: a service account may be in the environment, and is in no file then."""
    text = '{"type": "service_account"}\n'
    projects = '[push.provider.projects."my-project"]\nservice_account = { env = "ACCOUNT" }'
    reads(WEBHOOK + projects, ACCOUNT=text)
    assert plugins.webhook.parsed == [{"projects": {"my-project": {"service_account": text}}}]


@pytest.mark.parametrize("line_end", ["\n", " "])
def test_key_itself_where_its_file_belongs(refuses: Refuses, line_end: str) -> None:
    """T17: a key that was put where the name of its file belongs is in no message."""
    key = line_end.join(("-----BEGIN PRIVATE KEY-----", "s3cret", "-----END PRIVATE KEY-----"))
    app = '[push.provider.apps."com.x"]\nkey_file = { env = "KEY" }'
    assert refuses(WEBHOOK + app, KEY=key) == {
        'push.provider[0].apps."com.x".key_file': ("expected the name of a file, not what is in it")
    }


def test_what_building_finds_stands_at_its_table(plugins: Plugins, reads: Reads) -> None:
    """A file that cannot be read is found when the plugin is built; its key is named as well."""
    plugins.webhook.broken = ConfigErrors([("ca_file", "cannot be read")])
    [built] = reads(WEBHOOK).settings.providers
    with pytest.raises(ConfigErrors) as caught:
        built(cast("Surroundings", None))
    assert caught.value.problems == (("push.provider[0].ca_file", "cannot be read"),)

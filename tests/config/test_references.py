"""Strings that stand in the environment or in a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.config.conftest import Plugins, Reads, Refuses

WEBHOOK = '[[push.provider]]\ntype = "webhook"\n'


def test_variable_stands_for_string(plugins: Plugins, reads: Reads) -> None:
    """DESIGN 5: any string may be { env = "X" }, deep inside a plugin's table too."""
    reads(WEBHOOK + 'headers = { Authorization = { env = "TOKEN" } }', TOKEN="Bearer x")
    assert plugins.webhook.parsed == [{"headers": {"Authorization": "Bearer x"}}]


def test_references_in_tables_of_apps(refuses: Refuses) -> None:
    """DESIGN 5: one that leads nowhere is told with its whole path."""
    app = '[push.provider.apps."com.x"]\nkey_id = { env = "NO" }\nteam = "T"'
    assert list(refuses(WEBHOOK + app)) == ['push.provider[0].apps."com.x".key_id']


def test_file_stands_for_string(plugins: Plugins, reads: Reads, tmp_path: Path) -> None:
    """DESIGN 5: or { file = "P" }, relative to the configuration, less one line end."""
    (tmp_path / "url").write_text("http://[::1]/push\n\n")
    reads(WEBHOOK + 'url = { file = "url" }')
    assert plugins.webhook.parsed == [{"url": "http://[::1]/push\n"}]


def test_file_with_other_line_ends(plugins: Plugins, reads: Reads, tmp_path: Path) -> None:
    """One line end, whoever wrote it."""
    (tmp_path / "url").write_bytes(b"http://[::1]/\r\n")
    reads(WEBHOOK + 'url = { file = "url" }')
    assert plugins.webhook.parsed == [{"url": "http://[::1]/"}]


def test_references_in_lists_and_first_level(reads: Reads) -> None:
    """DESIGN 5: any string."""
    settings = reads(
        'domains = ["a.example", { env = "D" }]\nrole = { env = "R" }', D="b.example", R="registrar"
    ).settings
    assert settings.domains == ("a.example", "b.example")


def test_table_with_a_single_key_stays_a_table(reads: Reads, tmp_path: Path) -> None:
    """[keys] file = "x" names the file of the keys, and does not read it."""
    assert reads('[keys]\nfile = "x"').settings.keys_file == str(tmp_path / "x")
    settings = reads('[keys]\nfile = { env = "K" }', K="/k/y").settings
    assert settings.keys_file == "/k/y"


def test_keys_of_a_payload_are_an_apps_own(plugins: Plugins, reads: Reads) -> None:
    """N-04: what an app is told may well be called env or file, and is no reference."""
    call = 'call = { env = "production" }\nrefresh = { file = "none" }'
    app = '[push.provider.apps."com.x"]\nteam = { env = "T" }\n'
    app += '[push.provider.apps."com.x".payload]'
    reads(f"{WEBHOOK}{app}\n{call}\n{WEBHOOK}[push.provider.payload]\n{call}", T="team")
    payload = {"call": {"env": "production"}, "refresh": {"file": "none"}}
    of_app = {"apps": {"com.x": {"team": "team", "payload": payload}}}
    assert plugins.webhook.parsed == [of_app, {"payload": payload}]


def test_payload_itself_may_stand_elsewhere(plugins: Plugins, reads: Reads) -> None:
    """DESIGN 5: its name is a string; and what is only called so is none."""
    text = 'payload = { env = "P" }\n[push.provider.headers]\npayload = { env = "H" }\n'
    project = '[push.provider.projects.payload]\nkey = { env = "K" }'
    reads(f"{WEBHOOK}{text}{project}", P="linphone", H="x", K="y")
    projects = {"payload": {"key": "y"}}
    found = {"payload": "linphone", "headers": {"payload": "x"}, "projects": projects}
    assert plugins.webhook.parsed == [found]


def test_missing_variable_is_named_once(refuses: Refuses) -> None:
    """What follows from it, as a key that is now missing, is not told as well."""
    problems = refuses(
        'domains = [{ env = "NO" }]\n'
        '[[listen]]\ntransport = "udp"\nhost = { env = "NOPE" }\nport = 1\n'
    )
    cure = "set it for the process that runs twistd"
    assert problems == {
        "domains[0]": f"the environment variable 'NO' is not set: {cure}",
        "listen[0].host": f"the environment variable 'NOPE' is not set: {cure}",
    }


def test_missing_file_is_named(refuses: Refuses, tmp_path: Path) -> None:
    """The whole path, so that it is plain what it was relative to."""
    problems = refuses('[auth]\nrealm = { file = "realm.txt" }')
    path = tmp_path / "realm.txt"
    cure = "mind its name and its folder"
    assert problems == {"auth.realm": f"{path} cannot be read (No such file or directory): {cure}"}


def test_file_that_cannot_be_a_string(refuses: Refuses, tmp_path: Path) -> None:
    """Neither binary files nor huge ones are read into a setting."""
    (tmp_path / "binary").write_bytes(b"\xff")
    (tmp_path / "huge").write_bytes(b"x" * 65537)
    text = '[auth]\nrealm = { file = "binary" }\nusers = { file = "huge" }'
    problems = refuses(text)
    assert problems["auth.realm"].endswith(
        "binary is not UTF-8 text (see line 1): save it as UTF-8"
    )
    assert problems["auth.users"].endswith(
        "huge is longer than 65536 octets: is it the right file?"
    )


def test_value_from_elsewhere_is_not_shown(refuses: Refuses) -> None:
    """P-007: a value where a reference belongs may be a secret, and is not shown."""
    problems = refuses('[auth]\nmode = { env = "PASSWORD" }', PASSWORD="s3cret")
    assert "s3cret" not in str(problems)
    assert problems["auth.mode"].startswith("what it was given: expected one of")


def test_reference_gives_no_number(refuses: Refuses) -> None:
    """DESIGN 5: any string, and nothing else."""
    text = '[[listen]]\ntransport = "udp"\nhost = "::1"\nport = { env = "PORT" }'
    assert refuses(text, PORT="5060") == {
        "listen[0].port": "what it was given: expected a whole number, without quotes"
    }


def test_nothing_is_concluded_from_what_is_lost(refuses: Refuses) -> None:
    """With "raise", which NO may have held, a minimum of 4000 is right."""
    text = '[expires]\nmin = 4000\ndefault = 5000\nmin_action = { env = "NO" }'
    assert list(refuses(text)) == ["expires.min_action"]


def test_list_with_a_lost_string_is_left_alone(refuses: Refuses) -> None:
    """Its other strings would be complained of under wrong numbers."""
    assert list(refuses('domains = [{ env = "NO" }, "ok", "a b"]')) == ["domains[0]"]

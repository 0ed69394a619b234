"""Tests for :mod:`sippn.providers.fcm.settings`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from sippn.errors import ConfigErrors
from sippn.providers.fcm.settings import GOOGLE, fcm_settings
from sippn.providers.settings import Endpoint

PROJECTS: dict[str, Any] = {"my-project": {"service_account": "sa.json"}}


def problems(table: Mapping[str, object]) -> dict[str, str]:
    """What is wrong with *table*, by key."""
    with pytest.raises(ConfigErrors) as caught:
        fcm_settings(table)
    found = dict(caught.value.problems)
    assert len(found) == len(caught.value.problems)
    return found


def test_example_of_the_contract_is_taken() -> None:
    """DESIGN section 5, word for word."""
    project = {"service_account": "sa.json", "aliases": ["123456789012"]}
    settings = fcm_settings({"token_endpoint": "https://h/t", "projects": {"my-project": project}})
    [found] = settings.projects
    assert (found.name, found.service_account) == ("my-project", "sa.json")
    assert found.aliases == ("123456789012",)
    assert settings.token_endpoint == Endpoint("h", 443, "/t")


def test_google_is_where_messages_go() -> None:
    """Appendix A: unless the operator has a gateway."""
    settings = fcm_settings({"projects": PROJECTS})
    assert settings.endpoint == GOOGLE == Endpoint("fcm.googleapis.com")
    assert (settings.token_endpoint, settings.ca_file) == (None, None)


@pytest.mark.parametrize(
    "name",
    ["my-project", "example.com:my-project", "123456789012", "a" * 63],
)
def test_ids_of_projects_are_taken(name: str) -> None:
    """Those of an organisation have its domain before them; a number is one as well."""
    [project] = fcm_settings({"projects": {name: PROJECTS["my-project"]}}).projects
    assert project.name == name


@pytest.mark.parametrize("name", ["", "My-Project", "a/b", "..", "a b", "a\r\n", "a" * 64, "a?b"])
def test_project_must_fit_into_a_path(name: str) -> None:
    """T11: it becomes a part of a URL."""
    found = problems({"projects": {name: PROJECTS["my-project"]}})
    assert "no id of a project" in found[f'projects."{name}"']


@pytest.mark.parametrize(
    ("table", "key", "what"),
    [
        ({}, "projects", "is empty"),
        ({"projects": {}}, "projects", "is empty"),
        ({"projects": []}, "projects", "must be a table"),
        ({"projects": {"p": "sa.json"}}, 'projects."p"', "must be a table"),
        ({"projects": {"p": {}}}, 'projects."p".service_account', "is missing"),
        (
            {"projects": {"p": {"service_account": "f", "alias": ["1"]}}},
            'projects."p".alias',
            'did you mean "aliases"?',
        ),
        (
            {"projects": {"p": {"service_account": "f", "aliases": "1"}}},
            'projects."p".aliases',
            "must be a list",
        ),
        ({"projects": PROJECTS, "project": 1}, "project", 'did you mean "projects"?'),
        ({"projects": PROJECTS, "endpoint": "http://h"}, "endpoint", "https://"),
        ({"projects": PROJECTS, "endpoint": "https://h/v1"}, "endpoint", "leave out"),
        ({"projects": PROJECTS, "endpoint": "https://h?a"}, "endpoint", "leave out"),
        ({"projects": PROJECTS, "endpoint": "h"}, "endpoint", "must begin"),
        ({"projects": PROJECTS, "endpoint": "https://u:s3cret@h"}, "endpoint", "user name"),
        ({"projects": PROJECTS, "token_endpoint": "http://h/t"}, "token_endpoint", "https://"),
        ({"projects": PROJECTS, "token_endpoint": 5}, "token_endpoint", "must be a string"),
        ({"projects": PROJECTS, "ca_file": "ca.pem"}, "ca_file", "endpoint or token_endpoint only"),
    ],
)
def test_wrong_tables_are_refused(table: Mapping[str, object], key: str, what: str) -> None:
    """DESIGN section 5: with the key and what to do about it, and no value."""
    found = problems(table)
    assert what in found[key]
    assert "s3cret" not in found[key]


def test_alias_leads_to_one_project() -> None:
    """1.8: neither two projects nor a project and an alias may share a name."""
    first = {"service_account": "a", "aliases": ["1", "1", "first"]}
    second = {"service_account": "b", "aliases": ["1"]}
    third = {"service_account": "c", "aliases": ["first"]}
    found = problems({"projects": {"first": first, "second": second, "third": third}})
    assert found == {
        'projects."second".aliases': 'has one that is "first" as well: leave it to one of them',
        'projects."third".aliases': 'has one that is "first" as well: leave it to one of them',
    }


@pytest.mark.parametrize("name", ["from", "message_type", "google.x", "gcm.notification.body"])
def test_names_that_google_keeps_are_refused(name: str) -> None:
    """N-27: FCM would refuse each push with a payload that has one."""
    project = {"service_account": "sa.json", "payload": {"call": {name: "x"}}}
    found = problems({"projects": {"p": project}})
    assert "Google keeps" in found[f'projects."p".payload.call.{name}']


def test_payload_has_strings_only() -> None:
    """N-27: FCM takes nothing else as data."""
    project = {"service_account": "sa.json", "payload": {"call": {"n": 1, "o": {"a": "b"}}}}
    found = problems({"projects": {"p": project}})
    assert set(found) == {f'projects."p".payload.call.{name}' for name in "no"}


def test_no_repr_shows_a_service_account() -> None:
    """T17: the configuration may have its text from the environment."""
    settings = fcm_settings({"projects": {"p": {"service_account": '{"private_key": "s3cret"}'}}})
    assert "s3cret" not in repr(settings)

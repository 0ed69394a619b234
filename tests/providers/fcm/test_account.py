"""Tests for :mod:`sippn.providers.fcm.account`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as ec_key
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as rsa_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from sippn.errors import ConfigErrors
from sippn.interfaces import Surroundings
from sippn.providers.fcm.account import ServiceAccount, service_account
from sippn.providers.fcm.provider import FCM
from sippn.providers.fcm.settings import fcm_settings
from sippn.providers.settings import Endpoint

WriteAccount = Callable[..., str]
WHERE = 'projects."my-project".service_account'


def problem(source: str, project: str = "my-project") -> str:
    """What is wrong with it."""
    with pytest.raises(ConfigErrors) as caught:
        service_account(source, project, WHERE)
    [(where, what)] = caught.value.problems
    assert where == WHERE
    return what


def test_file_of_the_console_is_read(write_account: WriteAccount, rsa_key: Any) -> None:
    """N-04: as it was downloaded."""
    found = service_account(write_account(), "my-project", WHERE)
    assert found.email == "sippn@my-project.iam.gserviceaccount.com"
    assert (found.project, found.key_id) == ("my-project", "0123456789abcdef")
    assert found.token_uri == Endpoint("oauth2.googleapis.com", 443, "/token")
    assert found.key.private_numbers() == rsa_key.private_numbers()


def test_text_of_the_file_is_read(account: dict[str, Any]) -> None:
    """DESIGN section 5: any string may come from the environment."""
    text = "\n" + json.dumps(account)
    assert service_account(text, "my-project", WHERE).project == "my-project"


def test_project_by_its_number_is_not_compared(write_account: WriteAccount) -> None:
    """The file does not have it."""
    assert service_account(write_account(), "123456789012", WHERE).project == "my-project"


def test_missing_file_is_told(tmp_path: Path) -> None:
    """T17: which key, why, and what to do."""
    assert problem(str(tmp_path / "none.json")).startswith("cannot be read: No such file")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("no JSON", "is no JSON"),
        ('{"type": ', "is no JSON"),
        ("[" * 9000, "is no JSON"),
        ("[]", "is not the file of a service account"),
        ("{}", "is not the file of a service account"),
        ('{"type": "authorized_user"}', "is the login of a person"),
        ('{"project_info": {}, "client": []}', "is google-services.json, which is for the app"),
        ("x" * 20000, "is too large"),
    ],
)
def test_other_files_are_told_apart(tmp_path: Path, text: str, what: str) -> None:
    """N-04: the console offers several files that look the part; the cure is said with each."""
    path = tmp_path / "sa.json"
    path.write_text(text)
    found = problem(str(path))
    assert what in found
    assert "Generate new private key" in found or what == "is too large"


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"private_key": None}, "has no private_key in it"),
        ({"private_key": ""}, "has no private_key in it"),
        ({"private_key": 5}, "has no private_key in it"),
        ({"private_key": "s3cret"}, "has a private_key that cannot be read"),
        ({"client_email": None}, "has no client_email in it"),
        ({"client_email": "\u00e9@example.com"}, "has no client_email in it"),
        ({"token_uri": None}, "has no token_uri in it"),
        ({"token_uri": "no URL"}, "has a token_uri that is no URL"),
        ({"token_uri": "http://oauth2.googleapis.com/token"}, "has a token_uri that is not https"),
        ({"private_key_id": 7}, "has no private_key_id in it"),
        ({"project_id": "other"}, 'is of the project "other": name the file of "my-project"'),
        ({"project_id": None}, "has no project_id in it"),
    ],
)
def test_what_is_missing_is_named(
    write_account: WriteAccount, changes: dict[str, Any], what: str
) -> None:
    """T17: what is wrong and what to do; nothing secret of the file is repeated."""
    found = problem(write_account(**changes))
    assert what in found
    assert "s3cret" not in found


def test_key_without_a_name_is_one(write_account: WriteAccount) -> None:
    """Google needs none."""
    assert service_account(write_account(private_key_id=""), "my-project", WHERE).key_id == ""


@pytest.mark.parametrize(
    ("make", "locked", "what"),
    [
        (lambda: ec_key(SECP256R1()), False, "none of RSA with 2048 bits"),
        (lambda: rsa_key(65537, 1024), False, "none of RSA with 2048 bits"),  # noqa: S505 - it is
        (lambda: ec_key(SECP256R1()), True, "cannot be read"),
    ],
)
def test_other_keys_are_refused(
    write_account: WriteAccount, make: Callable[[], Any], locked: bool, what: str
) -> None:
    """RFC 7518 section 3.3: RS256 wants RSA of 2048 bits at least."""
    lock = BestAvailableEncryption(b"password") if locked else NoEncryption()
    pem = make().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock).decode()
    assert what in problem(write_account(private_key=pem))


def test_no_repr_shows_the_key(write_account: WriteAccount) -> None:
    """T17."""
    found = service_account(write_account(), "my-project", WHERE)
    assert isinstance(found, ServiceAccount)
    assert "key=" not in repr(found)


def test_every_project_is_told_when_it_is_built(
    write_account: WriteAccount, here: Surroundings, tmp_path: Path
) -> None:
    """DESIGN section 5: one run, all errors; each with the key of its project."""
    names = {"one": write_account("other"), "two": str(tmp_path / "none.json")}
    projects = {name: {"service_account": source} for name, source in names.items()}
    with pytest.raises(ConfigErrors) as caught:
        FCM.build(fcm_settings({"projects": projects}), here)
    assert [where for where, _ in caught.value.problems] == [
        'projects."one".service_account',
        'projects."two".service_account',
    ]

"""What a terminal may show of a push."""

from __future__ import annotations

import pytest

from sippn.binding import PushTarget
from sippn.cli.redaction import Redactor, cut

TOKEN = "0f744707bebcf74f9b7c25d48e3358945f6aa01da5ddb387462c7eaf61bb78ad"
OTHER = "1a2b3c4d5e6f7890a1b2c3d4e5f67890a1b2c3d4e5f67890a1b2c3d4e5f67890"
URL = "https://push.example.net/wpush/v2/gAAAAABkLongAndSecret?also=secret-query"


@pytest.fixture
def redactor() -> Redactor:
    """It knows a phone with two tokens."""
    redactor = Redactor()
    tokens = (("voip", TOKEN), ("remote", OTHER))
    redactor.hide_target(PushTarget("apns", "", f"{TOKEN}:voip&{OTHER}:remote", tokens))
    return redactor


@pytest.mark.parametrize(
    ("secret", "shown"), [(TOKEN, "0f7447…"), ("alice-token", "ali…"), ("ab", "…")]
)
def test_credential_is_cut(secret: str, shown: str) -> None:
    """N-10: six characters tell one token from another; of a short one there are fewer."""
    assert cut(secret) == shown


@pytest.mark.parametrize("written", [TOKEN, TOKEN.upper(), f"{TOKEN}:voip&{OTHER}:remote"])
def test_token_is_found_wherever_it_stands(redactor: Redactor, written: str) -> None:
    """N-10: whoever repeats the token, and in whichever case, it is not shown."""
    shown = redactor.text(f"/3/device/{written} is unknown")
    assert shown.lower() == "/3/device/0f7447… is unknown"


def test_token_is_found_in_its_escaped_form() -> None:
    """N-10: a token may be escaped in a path."""
    redactor = Redactor()
    redactor.hide("dGVzdA:APA91b/secret+token=")
    assert redactor.path(b"/push/dGVzdA%3AAPA91b%2Fsecret%2Btoken%3D") == "/push/dGVzdA…"


@pytest.mark.parametrize("secret", [r"\g<0>hunter2hunter2", r"\xhunter2", r"a\1hunter2"])
def test_token_is_no_template(secret: str) -> None:
    """N-10: whatever the characters of a token mean elsewhere, it is cut."""
    redactor = Redactor()
    redactor.hide(secret)
    shown = redactor.text(f"no such token: {secret}!")
    assert "hunter2" not in shown
    assert shown.endswith("…!")


@pytest.mark.parametrize(("path", "shown"), [("a", "a device: bad"), ("bad?", "a device: bad")])
def test_short_path_hides_no_words(path: str, shown: str) -> None:
    """N-10: the path of a URL that is a letter or three is in every other word."""
    redactor = Redactor()
    redactor.hide_target(PushTarget("webpush", "", f"https://push.example.net/{path}"))
    assert redactor.text("a device: bad") == shown
    assert redactor.text(f"https://push.example.net/{path}").startswith("https:…")


def test_path_of_a_subscription_is_cut() -> None:
    """N-10: of web push the whole URL is the credential, its host is not."""
    redactor = Redactor()
    redactor.hide_target(PushTarget("webpush", "", URL))
    assert redactor.text(URL) == "https:…"
    path = redactor.path(URL.partition("push.example.net")[2].encode())
    assert path == "/wpush/…"


def test_long_names_in_a_path_and_its_query_are_cut() -> None:
    """N-10: what sippn does not know for a secret may be one, as in the URL of a webhook."""
    shown = Redactor().path(b"/services/T0000/9aF3kQ7pLx2MvB8nCz5RtYw1?key=hunter2-hunter2")
    assert shown == "/services/T0000/9aF3kQ…?key=hu…"
    assert Redactor().path(b"/v1/projects/example-project/messages:send").endswith(":send")


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        (b"authorization", b"bearer eyJhbGciOiJFUzI1NiJ9.e30.c2ln", "bearer eyJhbG…"),
        (b"authorization", b"vapid t=eyJ0eXAi.e30.c2ln, k=BDd3_hVL9fZi9", "vapid t=eyJ0…"),
        (b"x-api-key", b"1234567890abcdefghij", "123456…"),
        (b"apns-topic", b"com.example.phone.voip", "com.example.phone.voip"),
        (b"apns-id", TOKEN.encode(), "0f7447…"),
    ],
)
def test_field_that_nobody_knows_is_cut(
    redactor: Redactor, name: bytes, value: bytes, shown: str
) -> None:
    """N-10: of header fields only those are whole of which it is known that none is a secret."""
    assert redactor.fields([(name, value)]) == [f"{name.decode()}: {shown}"]


def test_secrets_of_json_are_cut_by_their_names(redactor: Redactor) -> None:
    """N-10: an access token is one of ours, and nobody has told the redactor of it."""
    found = redactor.value(
        {"access_token": "ya29.c.abcdefghijkl", "hints": [{"x": TOKEN}], "expires_in": 3599}
    )
    assert found == {"access_token": "ya29.c…", "hints": [{"x": "0f7447…"}], "expires_in": 3599}


def test_our_own_tokens_are_cut_anywhere() -> None:
    """N-10: a JWT is known by how it begins."""
    assert Redactor().text("bad eyJhbGciOiJFUzI1NiJ9.e30.c2ln!") == "bad eyJhbG…!"


def test_nothing_moves_the_cursor() -> None:
    """N-10: a push service of somebody else's writes no escape sequences to a terminal."""
    assert Redactor().text("a\x1b[2Jb\r\x9bc\u202ed\ne") == "a\\x1b[2Jb\\r\\x9bc\\u202ed\ne"


@pytest.mark.parametrize("field", [b"Bearer WEBHOOKSECRET1234", b"WEBHOOKSECRET1234"])
def test_field_that_is_said_again_is_not_shown(redactor: Redactor, field: bytes) -> None:
    """T17: a gateway that answers with what it was asked tells no terminal our secret."""
    [line] = redactor.fields([(b"x-key", field)])
    echoed = redactor.text(f"you said x-key: {field.decode()}")
    assert "SECRET" not in line + echoed
    assert "WEBHO…" in echoed


def test_access_token_that_is_said_again_is_not_shown(redactor: Redactor) -> None:
    """T17: what the token endpoint gave is a secret in whatever comes later."""
    redactor.value({"access_token": "ya29.SECRETTOKENVALUE", "expires_in": 3599})
    assert "SECRET" not in redactor.text("no such token: Bearer ya29.SECRETTOKENVALUE")


def test_short_field_hides_no_words(redactor: Redactor) -> None:
    """N-10: a field of the operator's may be a number or a flag."""
    redactor.fields([(b"x-version", b"2"), (b"x-mode", b"Bearer on")])
    assert redactor.text("2 phones, one is on") == "2 phones, one is on"

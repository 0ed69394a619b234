"""``sippn push test`` against push services that behave, and that do not."""

from __future__ import annotations

import re
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread

from sippn.binding import Record
from sippn.testing.push_server import Answer, Device, Manner, PushServer
from tests.cli.conftest import Command, Ended, ended
from tests.cli.test_aims import binding, target

TOKEN = "0f744707bebcf74f9b7c25d48e3358945f6aa01da5ddb387462c7eaf61bb78ad"
OTHER = "1a2b3c4d5e6f7890a1b2c3d4e5f67890a1b2c3d4e5f67890a1b2c3d4e5f67890"
FCM_TOKEN = "dGVzdA:APA91bHunter2Hunter2"
APNS = ("--provider", "apns", "--param", "TEAMID1234.com.example.phone.voip")
FCM = ("--provider", "fcm", "--param", "example-project")

_GATEWAY = """\
[[push.provider]]
type = "webhook"
url = "http://127.0.0.1:9/push"
headers = { Authorization = "Bearer hunter2-hunter2" }
"""


def private(ended: Ended, *secrets: str) -> str:
    """What was shown, which has none of the tokens, ours included."""
    for secret in (TOKEN, OTHER, FCM_TOKEN, *secrets):
        assert secret.lower() not in ended.text.lower()
    assert not re.search(r"(eyJ|ya29\.)[^…]{4}", ended.text)  # a token of ours
    assert "Traceback" not in ended.text
    return ended.text


async def test_voip_token_is_pushed_by_apns(command: Command, server: PushServer) -> None:
    """N-10: one VoIP push leaves as the server's would, and all of it is shown but the secrets."""
    ended = await command(TOKEN, *APNS)
    text = private(ended)
    assert ended.status == 0
    [push] = server.apns.pushes
    assert push.token == TOKEN
    for line in (
        f"> POST {server.apns.url}/3/device/0f7447…",
        "> authorization: bearer eyJ",
        "> apns-topic: com.example.phone.voip",
        "> apns-push-type: voip",
        '>     "kind": "call"',
        "< 200 after ",
        "ACCEPTED",
    ):
        assert f"\n{line}" in text


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        ((400, "BadDeviceToken"), 1, ["DEAD", "No device has this token"]),
        ((410, "Unregistered"), 1, ["DEAD", "The app was removed"]),
        ((403, "InvalidProviderToken"), 1, ["REFUSED", "compare team, key_id and key_file"]),
        ((429, "TooManyRequests"), 1, ["BUSY", "Too many pushes"]),
        ((503, "Shutdown"), 1, ["BUSY"]),
    ],
)
async def test_each_answer_of_apple_is_explained(
    command: Command, server: PushServer, answer: tuple[int, str], status: int, said: list[str]
) -> None:
    """N-10, N-05: what Apple says has the sentence that the server's log has."""
    code, reason = answer
    server.apns.default = server.sandbox.default = Answer(
        code, body=f'{{"reason":"{reason}"}}'.encode()
    )
    ended = await command(TOKEN, *APNS)
    text = " ".join(private(ended).split())
    assert ended.status == status
    assert f'"reason": "{reason}"' in text
    assert all(words in text for words in said)


async def test_push_service_that_repeats_a_token_does_not_show_it(
    command: Command, server: PushServer
) -> None:
    """N-10: whatever an answer says, no token of the phone's is in what is shown of it."""
    server.apns.default = Answer(400, body=f"what is <{TOKEN.upper()}>?".encode())
    ended = await command(TOKEN, *APNS)
    assert "what is <0F7447…>?" in private(ended).replace("0f7447", "0F7447")


async def test_token_of_the_sandbox_is_tried_there_too(
    command: Command, server: PushServer
) -> None:
    """N-10, rank 8: with sandbox = "auto" both requests are shown, and which was right."""
    server.apns.devices[TOKEN] = Device("com.example.phone", sandbox=True)
    ended = await command(TOKEN, *APNS)
    text = private(ended)
    assert ended.status == 0
    assert text.index(f"> POST {server.apns.url}/") < text.index(f"> POST {server.sandbox.url}/")
    assert '"reason": "BadDeviceToken"' in text


async def test_token_of_fcm_shows_how_access_was_got(command: Command, server: PushServer) -> None:
    """N-10: the request for an access token is shown as well, and neither of the two tokens."""
    ended = await command(FCM_TOKEN, *FCM)
    text = private(ended)
    assert ended.status == 0
    assert "> assertion=eyJhbG…" in text
    assert '"access_token": "ya29' in text
    assert "> authorization: Bearer ya29" in text
    assert [push.token for push in server.fcm.pushes] == [FCM_TOKEN]


async def test_token_of_fcm_that_is_gone_is_dead(command: Command, server: PushServer) -> None:
    """N-10, N-05: UNREGISTERED is a dead token, and says so."""
    body = b'{"error":{"code":404,"status":"NOT_FOUND","details":[{"errorCode":"UNREGISTERED",'
    body += b'"@type":"type.googleapis.com/google.firebase.fcm.v1.FcmError"}]}}'
    server.fcm.default = Answer(404, body=body)
    ended = await command(FCM_TOKEN, *FCM)
    assert ended.status == 1
    assert "\nDEAD  UNREGISTERED\n" in private(ended)


async def test_subscription_is_pushed_by_web_push(command: Command, server: PushServer) -> None:
    """N-10: a URL is a token of web push; with its keys the payload is encrypted."""
    subscription = server.webpush.subscribe()
    keys = (f"sippn-wp-p256dh={subscription.p256dh}", f"sippn-wp-auth={subscription.auth}")
    hints = [word for key in keys for word in ("--hint", key)]
    ended = await command(subscription.url, *hints)
    text = private(ended, subscription.url, subscription.p256dh, subscription.auth)
    assert ended.status == 0
    [push] = server.webpush.pushes
    assert b'"kind"' in subscription.decrypt(push.body)
    assert "> authorization: vapid t=" in text
    assert " octets of aes128gcm)" in text
    assert subscription.url.rpartition("/")[2] not in text


async def test_subscription_that_has_ended_is_dead(command: Command, server: PushServer) -> None:
    """N-10, N-05: a 410 of web push is a dead subscription."""
    subscription = server.webpush.subscribe()
    subscription.gone_status = 410
    ended = await command(subscription.url)
    assert ended.status == 1
    assert "\nDEAD  HTTP 410\n" in private(ended, subscription.url)


async def test_gateway_that_is_down_has_failed(config: Path) -> None:
    """N-10: no connection is FAILED, and why; the secret of the gateway is not shown."""
    command = Command.of(config, _GATEWAY)
    ended = await command(FCM_TOKEN, "--provider", "acme", "--param", "app")
    text = private(ended, "hunter2-hunter2")
    assert ended.status == 1
    assert "> POST http://127.0.0.1:9/push\n" in text
    assert "< nothing, after " in text
    assert "\nFAILED  " in text


async def test_push_service_that_says_nothing_has_failed_in_time(
    command: Command, server: PushServer
) -> None:
    """N-10: the command ends, whatever the push service does."""
    server.apns.default = Answer(manner=Manner.CUT)
    ended = await command(TOKEN, *APNS)
    assert ended.status == 1
    assert "\nFAILED  " in private(ended)


async def test_bindings_of_an_aor_are_pushed_while_the_server_runs(
    command: Command, server: PushServer, store: Callable[[Record], Awaitable[object]]
) -> None:
    """N-10, N-29: each binding gets its push, by the token that is for its kind."""
    tokens = (("voip", TOKEN), ("remote", OTHER))
    apple = target("apns", "TEAMID1234.com.example.phone.voip&remote", "x", tokens)
    google = target("fcm", "example-project", FCM_TOKEN)
    bindings = (binding(apple, id="one"), binding(google, id="two"), binding(None, id="three"))
    await store(Record("sip:alice@example.com", 1, bindings, None))
    ended = await command("alice@example.com", "--kind", "call")
    assert ended.status == 1  # the third has no push parameters
    assert private(ended).count("\nACCEPTED") == 2
    assert "Not pushed: its Contact has no push parameters" in ended.text
    assert [push.token for push in server.apns.pushes] == [TOKEN]
    ended = await command("sip:alice@example.com", "--kind", "refresh", "--binding", "one")
    assert ended.status == 0
    assert [push.token for push in server.apns.pushes] == [TOKEN, OTHER]
    assert len(server.fcm.pushes) == 1


async def test_aor_without_bindings_has_nothing_to_push(
    command: Command, store: Callable[[Record], Awaitable[object]]
) -> None:
    """N-10: who is not registered is told apart from who cannot be pushed."""
    ended = await command("bob@example.com")
    assert ended.status == 2
    assert ended.text == (
        "sip:bob@example.com has no binding: its phone never registered, or not for long enough\n"
    )


async def test_memory_storage_wants_a_token(command: Command) -> None:
    """N-10: what only the server's own memory has, nobody else can look up."""
    command.change('"sqlite"\npath = "sippn.db"', '"memory"')
    ended = await command("alice@example.com")
    assert ended.status == 2
    assert 'with [storage] type = "sqlite" it is. Say a token' in ended.text


async def test_token_may_come_by_the_standard_input(command: Command, server: PushServer) -> None:
    """N-10: a token on the command line is seen by every user of the machine."""
    ended = await command("-", *FCM, given=f"{FCM_TOKEN}\n")
    assert ended.status == 0
    assert [push.token for push in server.fcm.pushes] == [FCM_TOKEN]


@pytest.mark.parametrize(
    ("words", "given"),
    [
        ((OTHER + "\udce4", *APNS), b""),
        (("-", *APNS), OTHER.encode() + b"\xe4\n"),
        ((OTHER, *APNS, "--hint", "pn-x=\udce4"), b""),
    ],
)
async def test_octets_that_are_no_text_are_refused(
    command: Command, words: tuple[str, ...], given: bytes
) -> None:
    """N-10: a token that was damaged on its way is a mistake of the command line, not of ours."""
    found = await command(*words, given=given)
    assert found.status == 2
    assert "has octets that are no UTF-8" in private(found)


async def test_terminal_without_ellipsis_is_told_all(command: Command, server: PushServer) -> None:
    """N-10: what a terminal cannot show is replaced, and the push goes out."""
    found = await command(TOKEN, *APNS, encoding="latin-1")
    assert found.status == 0
    assert "/3/device/0f7447?\n" in found.text
    assert "\nACCEPTED" in found.text


async def test_who_interrupts_it_hears_no_verdict(command: Command, server: PushServer) -> None:
    """N-10: Ctrl-C ends it at once; that its own connections were cut is no answer of anybody's."""
    received: Deferred[object] = Deferred()
    server.apns.default = Answer(manner=Manner.HANG)
    server.apns.on_answer = lambda push, _: received.callback(push)
    process = command.start(TOKEN, *APNS)
    await received.addTimeout(30, server.reactor)
    process.send_signal(signal.SIGINT)
    found = await deferToThread(ended, process)
    assert found.status == 130
    assert private(found).split("\n", 1)[1] == "interrupted\n"


async def test_broken_configuration_says_what_twistd_says(config: Path) -> None:
    """N-10: the lines of ``twistd sippn --check``, and nothing is pushed."""
    command = Command.of(config, 'rolle = "registrar"')
    ended = await command(TOKEN, *APNS)
    assert ended.status == 2
    assert ended.text == (f"1 problem in {config}\n  auth.rolle: unknown key: remove it\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["bob@example.com", "--sandbox"], "are of a token: a binding has its own"),
        ([TOKEN, "--kind", "ring"], "Invalid value for '--kind'"),
        (["sip:@"], "write it as sip:alice@example.com"),
        ([TOKEN], "say so with --provider: the configuration serves apns, fcm, webpush"),
    ],
)
async def test_command_line_that_makes_no_sense_is_refused(
    command: Command, words: list[str], said: str
) -> None:
    """N-10: 2, and a sentence."""
    ended = await command(*words)
    assert ended.status == 2
    assert said in " ".join(private(ended).split())

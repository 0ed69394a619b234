"""The contract of DESIGN section 5: from TOML to the settings of a server."""

from __future__ import annotations

import re
import textwrap
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sippn.auth import User
from sippn.auth.settings import AuthSettings
from sippn.config import EMBEDDED, load
from sippn.errors import ConfigErrors
from sippn.proxy.settings import ProxySettings, WaitSettings
from sippn.push.settings import PushLimits
from sippn.registrar.settings import ExpirySettings, PushRegistration, RegistrarSettings
from sippn.sip import Limits
from sippn.transport.settings import ListenSettings, StreamLimits
from sippn.upkeep.settings import UpkeepSettings
from sippn.wake.settings import ParkingLimits

if TYPE_CHECKING:
    from tests.config.conftest import Plugins, Reads, Refuses

MD5 = "0123456789abcdef" * 2
SHA_256 = MD5 * 2

SERVICES = """
[[push.provider]]
type = "apns"
endpoint = "https://localhost:4711"
sandbox_endpoint = "https://localhost:4711"
[push.provider.apps."com.example.phone"]
sandbox = "auto"
[push.provider.apps."com.example.beta"]
sandbox = true
[[push.provider]]
type = "fcm"
token_endpoint = { env = "SECRET" }
[push.provider.projects]
p0 = {}
p1 = {}
p2 = {}
p3 = {}
p4 = {}
p5 = {}
p6 = {}
p7 = {}
[[push.provider]]
type = "webpush"
allow_hosts = ["*.push.example.com", { env = "HOST" }]
endpoint = "https://me:s3cret@[::1]:8443/s3cret"
[[push.provider]]
type = "webhook"
pn_provider = "acme"
url = "http://gateway.example:9070/s3cret?key=s3cret"
headers = { Authorization = "s3cret" }
signing_key = "s3cret-s3cret-s3cret"
[[push.provider]]
type = "webhook"
url = { env = "SECRET" }
[[push.provider]]
type = "log"
pn_provider = "test"
"""

WHOLE = """
role = "registrar"
domains = ["Example.com", "sip.example.com."]
[[listen]]
transport = "udp"
host = "192.0.2.1"
port = 5062
advertise = "sip.example.com:5060"
[[listen]]
transport = "tcp"
host = "::1"
port = 0
[[listen]]
transport = "tls"
host = "192.0.2.1"
port = 5061
certificate = "cert.pem"
private_key = "/etc/sippn/key.pem"
[storage]
type = "memory"
[keys]
file = "sippn.keys"
[auth]
mode = "digest"
realm = "example.com"
users = "users.htdigest"
algorithms = ["MD5", "SHA-256"]
strangers = "budget"
[[trusted]]
address = "10.0.0.3/32"
[[trusted]]
address = "2001:db8::/32"
[registrar]
match = ["instance", "uri"]
max_contacts = 3
overflow = "replace_oldest"
path = "strict"
[expires]
min = 30
default = 600
max = 900
min_action = "raise"
[push]
methods = ["INVITE", "MESSAGE", "SUBSCRIBE"]
unsupported = "accept_without_push"
refresh_lead = 180
refresh_attempts = 2
restart_spread = 7.5
pnsreg = 140
expires_min = 200
expires_max = 86400
awake_after_register = 1.5
live_window = 45
hedge = 0.5
provisional = "182"
late_join = false
strip_pn_to_ua = false
purr = false
mid_dialog = "all"
sleep_after_expiry = 604800
wait = { invite = 30, message = 11, other = 7.5, mid_dialog = 6 }
[[push.provider]]
type = "webhook"
pn_provider = "acme"
headers = { Authorization = "Bearer secret" }
[[push.provider]]
type = "log"
[proxy]
next_after = 7.5
recurse = true
[limits]
parked = 1
parked_per_callee = 2
parked_per_caller = 3
pushes_per_hour_stranger = 4
pushes_per_second = 5
in_flight_per_provider = 6
message = 70000
contact = 2048
wrong_passwords = 9
connections = 7
idle_timeout = 8.5
[[policy]]
type = "barring"
hours = 8
[[push.dialect]]
type = "x-push"
key_file = "x.pem"
"""


@pytest.fixture
def users(tmp_path: Path) -> None:
    lines = (
        f"alice:example.com:{MD5}",
        f"alice:example.com:{SHA_256}",
        f"bob:elsewhere:{MD5}",
    )
    (tmp_path / "users.htdigest").write_text("\n".join(lines))


def test_where_to_listen_and_for_whom(users: None, reads: Reads, tmp_path: Path) -> None:
    """DESIGN 5: sockets, domains in small letters, files beside the configuration."""
    settings = reads(WHOLE).settings
    assert settings.listen == (
        ListenSettings("udp", "192.0.2.1", 5062, "sip.example.com:5060"),
        ListenSettings("tcp", "::1", 0),
        ListenSettings(
            transport="tls",
            host="192.0.2.1",
            port=5061,
            certificate=str(tmp_path / "cert.pem"),
            private_key="/etc/sippn/key.pem",
        ),
    )
    assert settings.domains == ("example.com", "sip.example.com")
    assert settings.keys_file == str(tmp_path / "sippn.keys")


def test_who_must_prove_what(users: None, reads: Reads) -> None:
    """DESIGN 5: the realm's users with all their algorithms, and trusted networks."""
    assert reads(WHOLE).settings.auth == AuthSettings(
        mode="digest",
        realm="example.com",
        users=(User("alice", "example.com", (("MD5", MD5), ("SHA-256", SHA_256))),),
        algorithms=("MD5", "SHA-256"),
        strangers="budget",
        wrong_passwords=9,
        trusted=(ip_network("10.0.0.3/32"), ip_network("2001:db8::/32")),
    )


def test_what_bindings_are_promised(users: None, reads: Reads) -> None:
    """DESIGN 5: [registrar], [expires] and the half of [push] that is about registrations."""
    assert reads(WHOLE).settings.registrar == RegistrarSettings(
        match=("instance", "uri"),
        max_contacts=3,
        overflow="replace_oldest",
        path="strict",
        expires=ExpirySettings(30, 600, 900, "raise"),
        push=PushRegistration(
            unsupported="accept_without_push",
            refresh_lead=180,
            refresh_attempts=2,
            pnsreg=140,
            expires_min=200,
            expires_max=86400,
            purr=False,
            sleep_after_expiry=604800,
        ),
    )


def test_how_sleepers_are_woken(users: None, reads: Reads) -> None:
    """DESIGN 5: the half of [push] that is about requests, and [limits]."""
    settings = reads(WHOLE).settings
    assert settings.proxy == ProxySettings(
        methods=frozenset({"INVITE", "MESSAGE", "SUBSCRIBE"}),
        awake_after_register=1.5,
        provisional=182,
        strip_pn_to_ua=False,
        mid_dialog="all",
        live_window=45,
        hedge=0.5,
        late_join=False,
        next_after=7.5,
        recurse=True,
        conceal=True,
        wait=WaitSettings(30, 11, 7.5, 6),
    )
    assert settings.parking == ParkingLimits(1, 2, 3, 4)
    assert settings.push == PushLimits(5, 6)
    assert settings.upkeep == UpkeepSettings(restart_spread=7.5)
    assert settings.message == Limits(message=70000, contact=2048)
    assert settings.streams == StreamLimits(connections=7, idle_timeout=8.5, message=70000)


def test_plugins_get_their_tables(
    users: None, plugins: Plugins, reads: Reads, tmp_path: Path
) -> None:
    """DESIGN 5: a table goes to the plugin that its type names, without the type."""
    settings = reads(WHOLE).settings
    acme = {"pn_provider": "acme", "headers": {"Authorization": "Bearer secret"}}
    assert plugins.memory.parsed == [{}]
    assert plugins.webhook.parsed == [acme]
    assert plugins.log.parsed == [{}]
    assert plugins.barring.parsed == [{"hours": 8}]
    assert plugins.x_push.parsed == [{"key_file": str(tmp_path / "x.pem")}]
    built = (settings.providers, settings.dialects, settings.policies)
    assert tuple(map(len, built)) == (2, 1, 1)


def test_what_is_left_out_is_as_the_rooms_have_it(reads: Reads) -> None:
    """DESIGN 5: an empty file gives each room its own defaults, and loopback alone."""
    settings = reads("").settings
    assert settings.listen == (ListenSettings("udp", "127.0.0.1", 5060),)
    assert (settings.domains, settings.keys_file) == ((), None)
    assert settings.auth == AuthSettings()
    assert settings.registrar == RegistrarSettings()
    assert settings.proxy == ProxySettings()
    assert settings.parking == ParkingLimits()
    assert settings.push == PushLimits()
    assert settings.message == Limits()
    assert settings.streams == StreamLimits()


def test_no_limit_is_written_as_0(reads: Reads) -> None:
    """DESIGN 5: 0 turns a limit off; to the reader of messages that is a very large number."""
    settings = reads("[limits]\nparked = 0\nmessage = 0\ncontact = 0").settings
    assert settings.parking.parked == 0
    assert settings.message.message > 2**31
    assert settings.message.contact > 2**31


def test_embedded_default_trusts_this_machine_alone(reads: Reads) -> None:
    """DESIGN 5: no configuration is loopback, every domain, no authentication."""
    checked = reads(EMBEDDED)
    assert checked.settings.listen == (
        ListenSettings("udp", "127.0.0.1", 5060),
        ListenSettings("tcp", "127.0.0.1", 5060),
    )
    assert checked.settings.domains == ()
    assert checked.settings.auth.mode == "none"
    assert all(network.is_loopback for network in checked.settings.auth.trusted)
    assert checked.warnings == ()


def test_embedded_default_keeps_its_files_in_the_current_folder(
    plugins: Plugins, reads: Reads, tmp_path: Path
) -> None:
    """DESIGN 5: SQLite beside it."""
    assert reads(EMBEDDED).settings.keys_file == str(tmp_path / "sippn.keys")
    assert plugins.sqlite.parsed == [{"path": str(tmp_path / "sippn.db")}]


def test_installed_plugins_carry_embedded_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Issue 2, 1: the built-in factories are found with twisted.plugin."""
    monkeypatch.chdir(tmp_path)
    settings = load(None, {}).settings
    assert len(settings.providers) == 1
    assert settings.keys_file == str(tmp_path / "sippn.keys")
    assert list(tmp_path.iterdir()) == []


def test_numbers_may_stand_for_words(reads: Reads) -> None:
    """182 says as much as "182"; everything else keeps its type (O-123: no silent fixes)."""
    text = "[push]\nprovisional = 183\nunsupported = 555\n[expires]\nmin_action = 423"
    assert reads(text).settings.proxy.provisional == 183


def test_summary_says_what_runs(users: None, reads: Reads) -> None:
    """Issue 2, 1: ``--check`` shows sockets, domains, storage, authentication, push."""
    assert reads(WHOLE).summary == (
        "listens on:     udp 192.0.2.1:5062, tcp [::1]:any free port, tls 192.0.2.1:5061",
        "domains:        example.com, sip.example.com",
        "storage:        memory",
        'authentication: digest, realm "example.com", users: 1, MD5 and SHA-256',
        "trusted:        10.0.0.3/32, 2001:db8::/32",
        "push:           webhook: acme",
        "                log",
        "dialects:       x-push",
        "policies:       barring",
    )


def test_summary_says_whom_pushes_reach(reads: Reads) -> None:
    """Issue 7: ``--check`` shows the apps, projects and hosts of each provider."""
    shown = reads(SERVICES, SECRET="https://s3cret.example", HOST="s3cret.example").summary
    assert "s3cret" not in str(shown)
    both = "com.example.phone, com.example.beta (sandbox)"
    assert shown[5:] == (
        f"push:           apns: {both}, through https://localhost:4711",
        "                fcm: p0, p1, p2, p3, p4, p5, 2 more",
        "                webpush: *.push.example.com, through https://[::1]:8443",
        "                webhook: acme, at http://gateway.example:9070",
        "                webhook",
        "                log: test",
    )


def test_syntax_error_has_line_and_column(refuses: Refuses) -> None:
    """LIBRARIES 5: where TOML itself is broken, there are no key paths yet."""
    problems = refuses('role = "registrar"\n[listen\n')
    assert list(problems) == [""]
    assert "at line 2, column 8" in problems[""]


def test_missing_file_is_a_problem(tmp_path: Path) -> None:
    """O-123: a configuration that cannot be read is no traceback."""
    with pytest.raises(ConfigErrors, match=r"cannot be read \(No such file"):
        load(tmp_path / "sippn.toml", {})


def test_file_that_is_no_text_is_a_problem(tmp_path: Path) -> None:
    """O-123: nor is one in another encoding."""
    path = tmp_path / "sippn.toml"
    path.write_bytes(b'realm = "caf\xe9"')
    with pytest.raises(ConfigErrors, match=r"is not UTF-8 text \(see line 1\)"):
        load(path, {})


def test_file_is_read(tmp_path: Path) -> None:
    """Issue 2, 1: what ``--config`` names, with files relative to it."""
    path = tmp_path / "sippn.toml"
    path.write_text('[keys]\nfile = "k"\n[[push.provider]]\ntype = "log"\n')
    assert load(path, {}).settings.keys_file == str(tmp_path / "k")


def test_example_of_the_readme_is_right(reads: Reads, tmp_path: Path) -> None:
    """Issue 2, 14: what a stranger copies must work."""
    readme = Path(__file__).parents[2].joinpath("README.rst").read_text("utf-8")
    example = re.search(r"code-block:: toml\n\n((?: {4}.*\n|\n)+)", readme)
    assert example is not None
    (tmp_path / "users.htdigest").write_text(f"alice:example.com:{MD5}\n")
    checked = reads(textwrap.dedent(example[1]), PUSH_SECRET="Bearer x")
    assert len(checked.settings.providers) == 1


DIGEST = '[auth]\nmode = "digest"\nrealm = "example.com"\nusers = "users.htdigest"\n'
BUDGET = f'domains = ["example.com"]\n{DIGEST}strangers = "budget"\n'
SOCKET = '[[listen]]\ntransport = "udp"\nhost = "{}"\nport = 5060\n'
OPEN_AND_INSIDE = SOCKET.format("192.0.2.1") + SOCKET.format("127.0.0.1")


@pytest.mark.parametrize(
    ("text", "conceal"),
    [
        (BUDGET + OPEN_AND_INSIDE, True),
        (BUDGET + "conceal = false\n" + OPEN_AND_INSIDE, False),
        (BUDGET + SOCKET.format("127.0.0.1"), False),
        (BUDGET + "conceal = true\n" + SOCKET.format("127.0.0.1"), True),
        (BUDGET.replace("budget", "refuse") + OPEN_AND_INSIDE, False),
        ("[auth]\nconceal = true\n", True),
        ("", False),
    ],
)
def test_who_sleeps_is_concealed_where_strangers_come(
    users: None, reads: Reads, text: str, conceal: bool
) -> None:
    """T15: on by itself for a public listener that serves strangers; else as it is written."""
    assert reads(text).settings.proxy.conceal is conceal

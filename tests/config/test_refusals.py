"""Whatever is wrong is named, with its key path, its value and what to do (O-123)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.config.conftest import Reads, Refuses

LISTEN = '[[listen]]\ntransport = "udp"\nhost = "{host}"\nport = 5060\n'
LOOPBACK = LISTEN.format(host="127.0.0.1")
OUTSIDE = LISTEN.format(host="192.0.2.1")
TCP = LOOPBACK.replace("udp", "tcp")
TLS = LOOPBACK.replace("udp", "tls")
FILES = 'certificate = "c.pem"\nprivate_key = "k.pem"\n'


def test_all_problems_at_once(refuses: Refuses) -> None:
    """Issue 2, 1: syntax of values, unknown keys, what is not built, what does not fit."""
    problems = refuses(
        OUTSIDE
        + '[[listen]]\ntransport = "upd"\nhost = "::1"\nprot = 5060\n'
        + '[auth]\nmode = "digest"\npassword = "s3cret"\n'
        + "[expires]\nmin = 100\ndefault = 50\n"
        + "[push]\npnsreg = 120\n"
        + '[storage]\ntype = "postgres"\n'
        + "[admin]\nport = 8080\n"
    )
    assert problems == {
        "listen[1].transport": '"upd": expected one of "udp", "tcp", "tls": did you mean \'udp\'?',
        "listen[1].port": "is missing: write it, e.g. port = 5060",
        "listen[1].prot": "unknown key: did you mean 'port'?",
        "auth.password": "unknown key: remove it",
        "auth.realm": 'is missing: mode = "digest" needs it, e.g. realm = "example.com"',
        "auth.users": 'is missing: mode = "digest" needs a file of user:realm:HA1 lines',
        "expires.default": ("50: must be between expires.min, 100, and expires.max, 7200"),
        "push.pnsreg": "120: must be more than 120",
        "storage.type": (
            '"postgres": not supported yet, and no plugin provides it; there are: memory, sqlite'
        ),
        "admin": "not supported yet: remove it",
    }


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('role = "mid"', "role"),
        ('role = "edge"', "role"),
        ('[mid]\nmode = "aor"', "mid"),
        ("[edge]", "edge"),
        (LOOPBACK.replace("udp", "ws"), "listen[0].transport"),
        (LOOPBACK.replace("udp", "wss"), "listen[0].transport"),
        ('[storage]\ntype = "postgres"', "storage.type"),
    ],
)
def test_what_is_not_built_yet(refuses: Refuses, text: str, where: str) -> None:
    """DESIGN 5: a key or word of the contract that is not built says so."""
    problems = refuses(text)
    assert list(problems) == [where]
    assert "not supported yet" in problems[where]


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("rolle = 1", "rolle", "unknown key: did you mean 'role'?"),
        ("[trusted]\naddress = 'x'", "trusted", "a table: write [[trusted]] in double brackets"),
        ("[[auth]]", "auth", "a list: expected a table: write [auth] once"),
        ("role = 5", "role", "5: expected a string, in quotes"),
        ("domains = 'x'", "domains", '"x": expected a list, in [ ]'),
        ("domains = []", "domains", "a list: may not be empty"),
        ("listen = []", "listen", "a list: may not be empty"),
        ("domains = ['a b']", "domains[0]", '"a b": expected what stands behind the @'),
        ("domains = ['sip:x']", "domains[0]", "expected what stands behind the @"),
        ("domains = ['x', 'X']", "domains[1]", '"x": is there twice'),
        ("[storage]", "storage.type", "is missing"),
        ("[keys]", "keys.file", "is missing"),
        ("[auth]\nallow_open = 1", "auth.allow_open", "1: expected true or false"),
        ("[auth]\nrealm = 'a\"b'", "auth.realm", "no quotes"),
        ("[auth]\nalgorithms = ['MD4']", "auth.algorithms[0]", "did you mean 'MD5'?"),
        ("[auth]\nalgorithms = []", "auth.algorithms", "may not be empty"),
        ("[[trusted]]\naddress = 'pbx'", "trusted[0].address", "expected an IP address"),
        ("[[trusted]]\naddress = '10.0.0.3/8'", "trusted[0].address", 'mean "10.0.0.0/8"?'),
        ("[[trusted]]\naddress = '::/0'", "trusted[0].address", "trusts everybody"),
        ("[registrar]\nmatch = ['uri', 'uri']", "registrar.match[1]", "is there twice"),
        ("[registrar]\nmax_contacts = -1", "registrar.max_contacts", "must be at least 0"),
        ("[registrar]\nmax_contacts = 1.5", "registrar.max_contacts", "a whole number"),
        ("[registrar]\nmax_contacts = true", "registrar.max_contacts", "true: expected a whole"),
        (
            "[expires]\nmin = 8000\nmin_action = 'raise'",
            "expires.min",
            "must be at most expires.max, 7200",
        ),
        ("[expires]\nmin = 3601\ndefault = 3601", "expires.min", "legal only below one hour"),
        ("[push]\nmethods = ['invite']", "push.methods[0]", "did you mean 'INVITE'?"),
        ("[push]\nmethods = ['CANCEL']", "push.methods[0]", "never waits for a phone"),
        ("[push]\nunsupported = 'forward'", "push.unsupported", 'roles "mid" and "edge"'),
        ("[push]\nprovisional = 181", "push.provisional", "181: expected one of"),
        ("[push]\nexpires_min = 3601", "push.expires_min", "must be at most 3600"),
        ("[push]\nexpires_min = 120", "push.expires_min", "more than push.refresh_lead, 120"),
        ("[push]\nexpires_max = 200", "push.expires_max", "at least push.expires_min, 300"),
        ("[push]\nrefresh_lead = 5", "push.refresh_lead", "must be at least 30"),
        ("[push]\nawake_after_register = nan", "push.awake_after_register", "finite number"),
        ("[push]\nrefresh_attempts = 21", "push.refresh_attempts", "must be at most 20"),
        ("[push]\nrestart_spread = 3601", "push.restart_spread", "must be at most 3600"),
        ("[push]\nlive_window = -1", "push.live_window", "must be at least 0"),
        ("[push]\nhedge = 0", "push.hedge", "must be more than 0"),
        ("[push]\nhedge = 11", "push.hedge", "must be at most 10"),
        ("[push]\nlate_join = 1", "push.late_join", "1: expected true or false"),
        ("[push]\nwait = 20", "push.wait", "20: expected a table"),
        ("[push]\nwait = { invite = 181 }", "push.wait.invite", "must be at most 180"),
        ("[push]\nwait = { message = 32 }", "push.wait.message", "must be less than 32"),
        ("[push]\nwait = { mid-dialog = 8 }", "push.wait.mid-dialog", "mean 'mid_dialog'?"),
        ("[proxy]\nnext_after = 0.5", "proxy.next_after", "0.5: must be at least 1"),
        ("[proxy]\nnext_after = 181", "proxy.next_after", "181: must be at most 180"),
        ("[proxy]\nrecurse = 'no'", "proxy.recurse", '"no": expected true or false'),
        ("[auth]\nconceal = 1", "auth.conceal", "1: expected true or false"),
        ("[limits]\nwrong_passwords = -1", "limits.wrong_passwords", "must be at least 0"),
        ("[limits]\nparked = '1'", "limits.parked", '"1": expected a whole number'),
        ("[limits]\nconnections = -1", "limits.connections", "must be at least 0"),
        ("[limits]\nidle_timeout = inf", "limits.idle_timeout", "finite number"),
        ("[[push.provider]]\nurl = 'u'", "push.provider[0].type", "is missing"),
        ("[[policy]]\ntype = 'bar'", "policy[0].type", "there are: barring"),
        ("[[push.dialect]]\ntype = 'y'", "push.dialect[0].type", "there are: x-push"),
        ("[push]\ndialect = 1", "push.dialect", "1: expected a list"),
        ("[push.dialect]\ntype = 'x-push'", "push.dialect", "write [[push.dialect]] in double"),
        ("[push]\npurr = 1", "push.purr", "1: expected true or false"),
        ("[push]\nmid_dialog = 'both'", "push.mid_dialog", 'expected one of "purr", "all"'),
        ("[push]\nsleep_after_expiry = -1", "push.sleep_after_expiry", "must be at least 0"),
        (
            "[push]\nsleep_after_expiry = 31536001",
            "push.sleep_after_expiry",
            "must be at most 31536000",
        ),
        ("push = 1", "push", "1: expected a table: write [push] once"),
        ("policy = 1", "policy", "1: expected a list"),
    ],
)
def test_wrong_value(refuses: Refuses, text: str, where: str, what: str) -> None:
    """O-123: one problem, at its key, with its value and a way out."""
    problems = refuses(text)
    assert list(problems) == [where]
    assert what in problems[where]


@pytest.mark.parametrize(
    ("host", "what"),
    [
        ("localhost", "expected an IP address"),
        ("[::1]", "without brackets"),
        ("fe80::1%eth0", "write the zone as a number"),
    ],
)
def test_host_that_cannot_be_bound(refuses: Refuses, host: str, what: str) -> None:
    """A name would have to be looked up, and may be several addresses."""
    assert what in refuses(LISTEN.format(host=host))["listen[0].host"]


@pytest.mark.parametrize("advertise", ["", "a b", "sip:x", "::1", "[1.2]", "x:0", "x:70000"])
def test_advertise_that_nobody_could_use(refuses: Refuses, advertise: str) -> None:
    """It is written into Via and Record-Route as it is."""
    assert "listen[0].advertise" in refuses(LOOPBACK + f'advertise = "{advertise}"')


@pytest.mark.parametrize("advertise", ["sip.example.com", "192.0.2.1:5060", "[2001:db8::1]:5"])
def test_advertise_that_can_be_used(reads: Reads, advertise: str) -> None:
    """DESIGN 5: a host, and a port where it differs."""
    settings = reads(LOOPBACK + f'advertise = "{advertise}"').settings
    assert settings.listen[0].advertise == advertise


def test_same_socket_twice(refuses: Refuses) -> None:
    """The second could not be bound."""
    assert refuses(LOOPBACK + LOOPBACK) == {
        "listen[1]": "is the same socket as listen[0]: remove one"
    }


def test_same_port_of_tcp_and_tls(refuses: Refuses) -> None:
    """TLS runs on TCP, and a port of that is one socket."""
    what = "5060: is taken by listen[0]: tcp and tls cannot share a port: choose another"
    assert refuses(TCP + TLS + FILES) == {"listen[1].port": what}


def test_same_port_of_udp_and_tcp(reads: Reads) -> None:
    """RFC 3261 18.1.1: what is too long for a datagram comes to the same port by TCP."""
    assert len(reads(LOOPBACK + TCP).settings.listen) == 2


@pytest.mark.parametrize("other", [LOOPBACK, TLS + FILES])
def test_any_free_port_twice(reads: Reads, other: str) -> None:
    """Port 0 is another one each time."""
    listen = (LOOPBACK + other).replace("5060", "0")
    assert len(reads(listen).settings.listen) == 2


@pytest.mark.parametrize(
    ("listen", "where"),
    [
        (TLS, ["listen[0].certificate", "listen[0].private_key"]),
        (TLS + 'certificate = "c.pem"\n', ["listen[0].private_key"]),
        (TLS + 'private_key = "k.pem"\n', ["listen[0].certificate"]),
    ],
)
def test_tls_without_its_files(refuses: Refuses, listen: str, where: list[str]) -> None:
    """DESIGN 5: without certificate and key there is no TLS."""
    problems = refuses(listen)
    assert list(problems) == where
    assert set(problems.values()) == {'is missing: transport = "tls" needs the name of a PEM file'}


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_certificate_that_nothing_uses(refuses: Refuses, transport: str) -> None:
    """Whoever names one believes that the socket is encrypted."""
    what = f"{transport} has no use for it: remove it"
    text = LOOPBACK.replace("udp", transport) + FILES
    assert refuses(text) == {"listen[0].certificate": what, "listen[0].private_key": what}


def test_key_where_its_file_belongs(refuses: Refuses) -> None:
    """P-007: a key where the name of its file belongs is refused, and not shown."""
    text = TLS + 'certificate = "c.pem"\nprivate_key = { env = "KEY" }'
    problems = refuses(text, KEY="-----BEGIN PRIVATE KEY-----\ns3cret\n")
    assert problems == {
        "listen[0].private_key": "expected the name of a PEM file, not what is in it"
    }


def test_open_server_must_be_meant(refuses: Refuses, reads: Reads) -> None:
    """DESIGN 5: no authentication on a socket that is not loopback needs allow_open."""
    text = 'domains = ["example.com"]\n' + OUTSIDE
    assert list(refuses(text)) == ["auth.mode"]
    assert reads(text + "[auth]\nallow_open = true").settings.auth.mode == "none"


def test_every_domain_is_for_loopback(refuses: Refuses) -> None:
    """A13: a server that answers for every domain is for trying things out."""
    problems = refuses(OUTSIDE + "[auth]\nallow_open = true")
    assert problems == {
        "domains": "is missing, and others reach 192.0.2.1: name those to answer for"
    }


def test_423_above_one_hour(reads: Reads) -> None:
    """RFC 3261 10.3: longer minima are for those who raise what is asked for."""
    text = '[expires]\nmin = 4000\ndefault = 5000\nmin_action = "raise"'
    assert reads(text).settings.registrar.expires.min == 4000


def test_unknown_key_never_shows_its_value(refuses: Refuses) -> None:
    """P-007: the value of a key that is unknown is not shown: it may be a password."""
    assert "s3cret" not in str(refuses('[auth]\npasswd = "s3cret"'))


def test_odd_key_is_quoted_and_cut(refuses: Refuses) -> None:
    """A key with line breaks cannot forge lines of the list."""
    [where] = refuses(f'"a\\nb{"c" * 100}" = 1')
    assert where.startswith('"a\\nbccc')
    assert len(where) < 70


def test_long_value_is_cut(refuses: Refuses) -> None:
    """The list stays readable."""
    assert len(refuses(f'role = "{"x" * 1000}"')["role"]) < 120


def test_nothing_is_concluded_from_what_is_wrong(refuses: Refuses) -> None:
    """A table that could not be read is not compared with others."""
    text = 'domains = ["a b"]\n' + OUTSIDE + "[auth]\nallow_open = true"
    assert list(refuses(text)) == ["domains[0]"]

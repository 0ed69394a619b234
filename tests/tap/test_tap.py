"""``twistd sippn``, from its options to its exit code."""

from __future__ import annotations

import errno
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
from twisted.application.service import MultiService, Service
from twisted.internet.error import CannotListenError
from twisted.python import usage

from sippn import tap
from sippn.errors import ConfigErrors
from sippn.service import Server
from sippn.tap.busy import why_not
from sippn.transport.settings import ListenSettings

ROOT = Path(__file__).parents[2]

TWISTD = "import sys; from twisted.scripts.twistd import run; sys.exit(run())"

TWO_WRONG = 'role = "x"\n[auth]\nmode = "y"\n'
SQLITE = '[storage]\ntype = "sqlite"\npath = "sippn.db"\n'
TLS = 'certificate = "cert.pem"\nprivate_key = "key.pem"\n'
READABLE = "name a file that the server may read"
AT_PORT = '[[listen]]\ntransport = "udp"\nhost = "127.0.0.1"\nport = {port}\n'

Twistd = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "sippn.toml"


@pytest.fixture
def twistd(tmp_path: Path) -> Twistd:
    """Runs twistd of the checkout to its end, in an empty folder."""

    def run(*args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-B", "-c", TWISTD, *args],
            cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    return run


@pytest.fixture(params=["udp", "tcp"])
def busy(request: pytest.FixtureRequest) -> Iterator[tuple[str, int]]:
    """A transport and a port of 127.0.0.1 where somebody listens; the other transport is free."""
    kind = {"udp": socket.SOCK_DGRAM, "tcp": socket.SOCK_STREAM}[request.param]
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            other.listen()
        yield request.param, other.getsockname()[1]


def parsed(*args: str) -> tap.Options:
    """Options as twistd makes them."""
    options = tap.Options()
    options.parseOptions(list(args))
    return options


def test_embedded_default_without_config() -> None:
    """Issue 2, 1: ``twistd sippn`` alone runs."""
    checked = parsed().checked
    assert checked is not None
    assert {one.transport for one in checked.settings.listen} == {"udp", "tcp"}


def test_config_is_read_before_anything_runs(config: Path) -> None:
    """LIBRARIES 7, 13: twistd may fork and change its folder afterwards."""
    config.write_text('[keys]\nfile = "k"\n')
    checked = parsed("--config", str(config)).checked
    assert checked is not None
    assert checked.settings.keys_file == str(config.parent / "k")


def test_wrong_config_is_a_usage_error(config: Path) -> None:
    """O-123: all problems, in one error, before the reactor runs."""
    config.write_text(TWO_WRONG)
    with pytest.raises(usage.UsageError) as caught:
        parsed("--config", str(config))
    first, *problems = str(caught.value).splitlines()
    assert first == f"2 problems in {config}"
    assert [problem.split(":")[0] for problem in problems] == ["  role", "  auth.mode"]


@pytest.mark.parametrize(
    ("args", "what"),
    [
        (["sippn.toml"], "did you mean --config FILE?"),
        (["--demo", "--check"], "the demo has its own configuration"),
        (["--demo-calls", "1", "--config", "x"], "the demo has its own configuration"),
        (["--demo-calls", "0"], "a whole number, at least 1"),
        (["--demo-calls", "-1"], "a whole number, at least 1"),
        (["--demo-calls", "many"], "a whole number, at least 1"),
    ],
)
def test_options_that_make_no_sense(args: list[str], what: str) -> None:
    """What is not understood is refused."""
    with pytest.raises(usage.UsageError, match=what):
        parsed(*args)


def test_number_of_calls_asks_for_the_demo() -> None:
    """Issue 2, 13: ``--demo-calls N``."""
    assert parsed("--demo-calls", "3").demo
    assert parsed("--demo").demo
    assert not parsed().demo


@pytest.mark.parametrize(
    ("host", "number", "line"),
    [
        ("127.0.0.1", errno.EADDRINUSE, "udp 127.0.0.1:5060 is in use: stop what listens there"),
        ("::1", errno.EADDRNOTAVAIL, "udp [::1]:5060 is no address of this machine"),
        ("127.0.0.1", errno.EACCES, "udp 127.0.0.1:5060 may not be opened by this user"),
        ("127.0.0.1", errno.ENOBUFS, "udp 127.0.0.1:5060 cannot be opened: "),
    ],
)
def test_why_there_is_no_socket(host: str, number: int, line: str) -> None:
    """Issue 2, 1: the operator reads what to do."""
    error = CannotListenError(host, 5060, OSError(number, "as the kernel says"))
    listen = [ListenSettings("tcp", "192.0.2.1", 5060), ListenSettings("udp", host, 5060)]
    assert why_not(error, listen).startswith(line)


@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_which_transport_has_no_socket(transport: str) -> None:
    """The address alone does not say it, and the operator looks for who has it."""
    error = CannotListenError("127.0.0.1", 5061, OSError(errno.EADDRINUSE, "in use"))
    sockets = (("udp", 5060), (transport, 5061))
    listen = [ListenSettings(kind, "127.0.0.1", port) for kind, port in sockets]
    assert why_not(error, listen).startswith(f"{transport} 127.0.0.1:5061 is in use: ")


@pytest.mark.parametrize(
    ("transport", "kind"), [("udp", socket.SOCK_DGRAM), ("tcp", socket.SOCK_STREAM)]
)
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_which_transport_where_they_share_an_address(
    transport: str, kind: socket.SocketKind, host: str
) -> None:
    """RFC 3261 18.1.1: UDP and TCP have one port, and another process may have half of it."""
    family = socket.AF_INET6 if host == "::1" else socket.AF_INET
    with socket.socket(family, kind) as other:
        other.bind((host, 0))
        port = other.getsockname()[1]
        listen = [ListenSettings("tcp", host, port), ListenSettings("udp", host, port)]
        error = CannotListenError(host, port, OSError(errno.EADDRINUSE, "in use"))
        assert why_not(error, listen).startswith(f"{transport} ")


class _Part(Service):
    """
    A plugin that runs.

    :ivar wrong: raised as it starts, if it is not None; *early* before twistd gives up root.
    """

    def __init__(self, wrong: Exception | None = None, *, early: bool = False) -> None:
        self.wrong = wrong
        self.early = early
        self.stopped = False

    def privilegedStartService(self) -> None:
        """Raise, perhaps."""
        if self.wrong is not None and self.early:
            raise self.wrong

    def startService(self) -> None:
        """Run, or raise."""
        if self.wrong is not None:
            raise self.wrong
        super().startService()

    def stopService(self) -> None:
        """Remember that it was asked to."""
        super().stopService()
        self.stopped = True


@pytest.mark.parametrize(
    ("wrong", "raised"),
    [(ConfigErrors([("storage.path", "is bad")]), tap.CannotStart), (KeyError("x"), KeyError)],
)
def test_start_that_fails_halfway_stops_what_runs(
    monkeypatch: pytest.MonkeyPatch, wrong: Exception, raised: type[Exception]
) -> None:
    """A thread of the store would keep a process that has no reactor."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    running, later = _Part(), _Part()
    server = MultiService()
    for part in (running, _Part(wrong), later):
        part.setServiceParent(server)
    with pytest.raises(raised):
        tap.StartingService(cast("Server", server), (), ()).startService()
    assert (running.stopped, later.stopped) == (True, False)


@pytest.mark.parametrize("early", [True, False])
def test_all_problems_of_a_start_are_one_line(monkeypatch: pytest.MonkeyPatch, early: bool) -> None:
    """Of several lines the parent of a daemon would show the last."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    server = MultiService()
    wrong = ConfigErrors([("storage.path", "is bad"), ("", "all is"), ("a", "b")])
    _Part(wrong, early=early).setServiceParent(server)
    starting = tap.StartingService(cast("Server", server), (), ())
    with pytest.raises(tap.CannotStart) as caught:
        (starting.privilegedStartService if early else starting.startService)()
    assert str(caught.value) == "sippn: storage.path: is bad; all is; a: b"


def test_twistd_lists_sippn(twistd: Twistd) -> None:
    """Issue 2, 1: the plugin is found."""
    assert "    sippn " in twistd("--help").stdout


def test_check_of_right_config(twistd: Twistd, config: Path) -> None:
    """Issue 2, 1: ok, a summary, warnings (P-006), and 0."""
    config.write_text(
        'domains = ["example.com"]\n[auth]\nallow_open = true\n[[push.provider]]\ntype = "log"\n'
        '[[listen]]\ntransport = "udp"\nhost = "0.0.0.0"\nport = 5060\n'
    )
    done = twistd("-n", "sippn", "--check", "--config", str(config))
    first, *summary = done.stdout.splitlines()
    assert (first, done.returncode, done.stderr) == ("configuration ok", 0, "")
    assert "listens on:     udp 0.0.0.0:5060" in summary
    assert [line[:20] for line in summary if "warning" in line] == [
        "warning: listen[0]: ",
        "warning: storage: re",
        "warning: auth.allow_",
        "warning: limits.push",
    ]


def test_check_of_wrong_config(twistd: Twistd, config: Path) -> None:
    """Issue 2, 1: the list of problems, and 1, and no traceback."""
    config.write_text(TWO_WRONG)
    done = twistd("-n", "sippn", "--check", "--config", str(config))
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith(f"2 problems in {config}\n  role: ")


def test_check_builds_what_pushes(twistd: Twistd, config: Path) -> None:
    """O-123: keys that cannot be used are found before the restart that would need them."""
    config.write_text(
        '[[push.provider]]\ntype = "apns"\n[push.provider.apps."com.example.phone"]\n'
        'team = "TEAMID1234"\nkey_id = "ABC123DEFG"\nkey_file = "no.p8"\n'
        '[[push.provider]]\ntype = "webhook"\nurl = "https://[::1]/"\nca_file = "no.pem"\n'
    )
    done = twistd("-n", "sippn", "--check", "--config", str(config))
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith(f"2 problems in {config}\n")
    assert 'apps."com.example.phone".key_file: ' in done.stdout
    assert "push.provider[1].ca_file: " in done.stdout


def test_start_with_wrong_config(twistd: Twistd, config: Path) -> None:
    """O-123: config errors are fatal; the options are not explained where they are right."""
    config.write_text(TWO_WRONG)
    done = twistd("-n", "sippn", "--config", str(config))
    assert (done.returncode, done.stderr) == (1, "")
    assert "2 problems" in done.stdout
    assert "--demo" not in done.stdout


def test_file_that_only_building_misses(twistd: Twistd, config: Path) -> None:
    """A CA file that is not there: one line, and 1."""
    config.write_text(
        '[[push.provider]]\ntype = "webhook"\nurl = "https://[::1]/"\nca_file = "no.pem"\n'
    )
    done = twistd("-n", "sippn", "--config", str(config))
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"1 problem in {config}",
        f"  push.provider[0].ca_file: cannot be read: No such file or directory; {READABLE}",
    ]


def test_busy_port(twistd: Twistd, config: Path, busy: tuple[str, int], tmp_path: Path) -> None:
    """Issue 2, 1: one clear line, 1, and no pid file left behind."""
    transport, port = busy
    at_port = AT_PORT.format(port=port)
    config.write_text(at_port.replace("udp", "tcp") + at_port)
    done = twistd("-n", "sippn", "--config", str(config))
    told = [line for line in done.stdout.splitlines() if "sippn: " in line]
    assert done.returncode == 1
    assert len(told) == 1
    assert f"sippn: {transport} 127.0.0.1:{port} is in use: stop what listens there" in told[0]
    assert "Traceback" not in done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == [config]


def test_busy_port_of_daemon(
    twistd: Twistd, config: Path, busy: tuple[str, int], tmp_path: Path
) -> None:
    """In the background as well: the log has the line, and who started it gets 1."""
    transport, port = busy
    config.write_text(AT_PORT.format(port=port).replace("udp", transport))
    done = twistd("sippn", "--config", str(config))
    assert done.returncode == 1
    assert f"sippn: {transport} 127.0.0.1:{port} is in use" in done.stderr
    log = (tmp_path / "twistd.log").read_text()
    assert "is in use: stop what listens there" in log
    assert "Traceback" not in log


def test_certificate_that_is_not_there(twistd: Twistd, config: Path, tmp_path: Path) -> None:
    """It is read at the start: one problem, its path, 1, and no socket is open for a moment."""
    config.write_text(AT_PORT.format(port=0).replace("udp", "tls") + TLS)
    done = twistd("-n", "sippn", "--config", str(config))
    cert = tmp_path / "cert.pem"
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"1 problem in {config}",
        f"  listen[0].certificate: {cert} cannot be read: No such file or directory; {READABLE}",
    ]


def test_storage_that_cannot_be_used(twistd: Twistd, config: Path, tmp_path: Path) -> None:
    """It is opened when twistd has forked: one clear line all the same, and no pid file."""
    config.write_text(AT_PORT.format(port=0) + SQLITE)
    (tmp_path / "sippn.db").mkdir()
    done = twistd("-n", "sippn", "--config", str(config))
    [told] = [line for line in done.stdout.splitlines() if "sippn: " in line]
    assert done.returncode == 1
    assert f"sippn: storage.path: {tmp_path}/sippn.db: " in told
    assert "Traceback" not in done.stdout + done.stderr
    assert not (tmp_path / "twistd.pid").exists()


def test_storage_that_a_daemon_cannot_use(twistd: Twistd, config: Path, tmp_path: Path) -> None:
    """Who started it gets 1, and the beginning of the reason; the log has all of it."""
    config.write_text(AT_PORT.format(port=0) + SQLITE)
    (tmp_path / "sippn.db").mkdir()
    done = twistd("sippn", "--config", str(config))
    assert done.returncode == 1
    assert "sippn: storage.path: " in done.stderr
    log = (tmp_path / "twistd.log").read_text()
    assert f"sippn: storage.path: {tmp_path}/sippn.db: " in log
    assert "Traceback" not in log
    assert not (tmp_path / "twistd.pid").exists()


def test_start_and_end(config: Path) -> None:
    """It says where it listens, not as 0, and what should not go unsaid; TERM ends it."""
    at_port = AT_PORT.format(port=0)
    config.write_text(at_port + at_port.replace("udp", "tcp") + SQLITE)
    command = [sys.executable, "-B", "-c", TWISTD, "-n", "sippn", "--config", str(config)]
    with subprocess.Popen(
        command,
        cwd=config.parent,
        env={"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        log = ""
        for line in server.stdout:
            log += line
            if "warning: push.provider: there is none" in line:
                server.terminate()
    assert re.search(r"listening on udp 127.0.0.1:[1-9]", log)
    assert re.search(r"listening on tcp 127.0.0.1:[1-9]", log)
    assert "warning: storage" not in log
    assert server.returncode == -signal.SIGTERM


def test_timers_run_on_monotonic_time() -> None:
    """DESIGN 6: a clock that is set must not move a timer."""
    script = (
        "import time; from twisted.internet import reactor;"
        "from sippn.tap.process import count_monotonic_time; count_monotonic_time(reactor);"
        "call = reactor.callLater(100, int);"
        "print(99 < call.getTime() - time.monotonic() <= 100, 99 < reactor.timeout() <= 100)"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", script],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert done.stdout == "True True\n"


def test_demo_ends_with_0_when_its_calls_were_woken(twistd: Twistd) -> None:
    """Issue 2, 13: ``--demo-calls N``; the terminal has nothing but the demo."""
    done = twistd("sippn", "--demo-calls", "1")
    assert (done.returncode, done.stderr) == (0, "")
    assert "woken exactly once" in done.stdout
    assert "twistd 2" not in done.stdout

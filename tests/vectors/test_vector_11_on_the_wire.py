"""
Vector 11 over real sockets, by a clock that is not the server's.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import pytest
from attrs import frozen

from tests.peers.processes import Processes
from tests.peers.push import push_service
from tests.peers.server import DOMAIN, HOST, NO_PASSWORDS, Configuration, Listen, Server
from tests.peers.waiting import PATIENCE

T = {"INVITE": 1.5, "MESSAGE": 4.0}
FIRST_100 = 3.5
_NUMBERS = count(1)
TRIES = 3  # a busy machine is late at times, and never early


@frozen
class Waiting(Configuration):
    """A server whose callers wait as long as :data:`T` says."""

    def text(self, push_url: str) -> str:
        """Its file."""
        wait = f"wait = {{ invite = {T['INVITE']}, message = {T['MESSAGE']} }}"
        return super().text(push_url).replace("[[push", f"[push]\n{wait}\n\n[[push", 1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One that pushes to somebody who takes it, and does nothing."""
    folder = tmp_path_factory.mktemp("server")
    processes = Processes(folder)
    configuration = Waiting(NO_PASSWORDS, listen=(Listen("udp"), Listen("tcp")))
    try:
        with push_service() as gateway:
            yield Server.start(processes, folder, gateway.url, configuration)
    finally:
        processes.kill()


@contextmanager
def connected(server: Server, transport: str) -> Iterator[socket.socket]:
    """A socket to *server*."""
    kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
    host, _, port = server.edge(transport).address.rpartition(":")
    with socket.socket(socket.AF_INET, kind) as phone:
        phone.settimeout(PATIENCE)
        phone.connect((host, int(port)))
        yield phone


def request(phone: socket.socket, method: str, uri: str, number: int, *fields: str) -> bytes:
    """One of *phone*, whose transport it has."""
    host, port = phone.getsockname()
    transport = "UDP" if phone.type == socket.SOCK_DGRAM else "TCP"
    lines = [
        f"{method} {uri} SIP/2.0",
        f"Via: SIP/2.0/{transport} {host}:{port};branch=z9hG4bKv{number};rport",
        "Max-Forwards: 70",
        f"From: <sip:alice@{DOMAIN}>;tag=1",
        f"To: <sip:alice@{DOMAIN}>",
        f"Call-ID: v{number}@{HOST}",
        f"CSeq: 1 {method}",
        *fields,
        "Content-Length: 0",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def responses(phone: socket.socket) -> Iterator[tuple[float, int]]:
    """When each response came, and its status, up to the final one."""
    buffered = b""
    while True:
        octets = phone.recv(65536)
        assert octets, "it hung up"
        at, buffered = time.monotonic(), buffered + octets
        *whole, buffered = buffered.split(b"\r\n\r\n")
        for one in whole:
            status = int(one.split(b" ", 2)[1])
            yield at, status
            if status >= 200:
                return


def asleep(server: Server) -> None:
    """Register alice's phone, which is never heard of again."""
    with connected(server, "tcp") as phone:
        contact = f"<sip:alice@{HOST}:9;pn-provider=acme;pn-param=app;pn-prid=token>"
        fields = [f"Contact: {contact}", "Expires: 3600"]
        number = next(_NUMBERS)
        phone.sendall(request(phone, "REGISTER", f"sip:{DOMAIN}", number, *fields))
        assert [status for _, status in responses(phone)] == [200]


def asked(server: Server, transport: str, method: str) -> list[tuple[float, int]]:
    """Ask for alice; seconds until each response, and its status."""
    with connected(server, transport) as phone:
        contact = [f"Contact: <sip:x@{HOST}:9>"] if method == "INVITE" else []
        sent = request(phone, method, f"sip:alice@{DOMAIN}", next(_NUMBERS), *contact)
        began = time.monotonic()
        phone.sendall(sent)
        return [(at - began, status) for at, status in responses(phone)]


@pytest.mark.parametrize(
    ("method", "transport"), [("INVITE", "udp"), ("INVITE", "tcp"), ("MESSAGE", "udp")]
)
def test_480_comes_in_time(server: Server, transport: str, method: str) -> None:
    """Vector 11, P-046, P-047: by another clock it is 480, +- 0.1 s, and never 408."""
    asleep(server)
    late = []
    for _ in range(TRIES):
        *before, (took, status) = asked(server, transport, method)
        assert status == 480
        assert took > T[method] - 0.1
        assert {status for _, status in before} <= {100}
        if method == "MESSAGE":
            assert all(at >= FIRST_100 - 0.01 for at, _ in before)
        late.append(took - T[method])
        if late[-1] <= 0.1:
            return
    raise AssertionError(f"always late: {late} s")

"""The framing of streams is judged rightly: by a server that is told what to say."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator

import pytest
from attrs import evolve

from fuzz.case import Case, make
from fuzz.connections import Connection, Due
from fuzz.draft import Cut, End
from fuzz.framing import frames
from fuzz.oracles import Oracles
from fuzz.scene import Scene

VALID = next(
    case for case in (make(1, n, ("tcp",)) for n in range(999)) if case.kind == "valid"
)  # fmt: skip
_CARRIED: list[Connection] = []  # some are fit for the next case, and none comes


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """What a scene takes for its server."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)
        yield server


@pytest.fixture
def scene(listening: socket.socket) -> Iterator[Scene]:
    """A scene around it."""
    host, port = listening.getsockname()
    made = Scene((host, port), 1, ("tcp",), Oracles())
    yield made
    for connection in _CARRIED:
        connection.drop()
    _CARRIED.clear()
    made.close()


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for long."""
    monkeypatch.setattr("fuzz.connections._ANSWER_SECONDS", 0.2)
    monkeypatch.setattr("fuzz.connections._CLOSE_SECONDS", 0.2)


def carried(
    scene: Scene, listening: socket.socket, case: Case, answer: Callable[[bytes], bytes]
) -> Connection:
    """Carry *case* to a server that says *answer* to all that it was sent, and looks on."""
    connection = Connection(scene, case)
    _CARRIED.append(connection)
    served, _ = listening.accept()
    with served:
        served.settimeout(0.05)
        until, heard = time.perf_counter() + 5, b""
        while not connection.done and time.perf_counter() < until:
            connection.push()
            scene.turns.turn(0.01)
            try:
                more = served.recv(65535)
            except TimeoutError:
                served.sendall(answer(heard))
                heard = b""
            else:
                heard += more
    return connection


def ok(request: bytes) -> bytes:
    """A 200 to *request*."""
    lines = request.split(b"\r\n")
    kept = [line for line in lines if line[:4] in (b"Via:", b"From", b"To: ", b"Call", b"CSeq")]
    return b"\r\n".join([b"SIP/2.0 200 OK", *kept, b"Content-Length: 0", b"", b""])


def to_the_marker(heard: bytes) -> bytes:
    """A 200 to the last request in *heard*, wherever it is."""
    return ok(heard[heard.rindex(b"OPTIONS sip:") :]) if b"mark-" in heard else b""


def reasons(scene: Scene) -> list[str]:
    """What the framing oracle found."""
    return [failure.reason for failure in scene.oracles.failures if failure.oracle == "framing"]


def test_marker_that_is_answered_is_well(scene: Scene, listening: socket.socket) -> None:
    """A2: framing kept."""
    connection = carried(scene, listening, VALID, to_the_marker)
    assert connection.due is Due.ANSWER
    assert connection.usable
    assert reasons(scene) == []


@pytest.mark.usefixtures("patience")
def test_marker_that_is_not_answered_is_seen(scene: Scene, listening: socket.socket) -> None:
    """A2: a server that has lost where messages end."""
    carried(scene, listening, VALID, lambda _: b"")
    assert reasons(scene) == ["a well-framed request behind it is not answered"]


def test_marker_that_is_answered_twice_is_seen(scene: Scene, listening: socket.socket) -> None:
    """A2: exactly once."""
    carried(scene, listening, VALID, lambda heard: to_the_marker(heard) * 2)
    assert reasons(scene) == ["a request behind it is answered twice"]


@pytest.mark.parametrize("length", [b"9999", b"-1", b"4294967296"])
@pytest.mark.usefixtures("patience")
def test_marker_inside_of_a_body_is_seen(
    scene: Scene, listening: socket.socket, length: bytes
) -> None:
    """Rows 1 to 3: what is body, or behind a length that is none, is answered by nobody."""
    template = VALID.template.replace(b"\r\nl: ", b"\r\nContent-Length: ")
    before, name, rest = template.partition(b"\r\nContent-Length: ")
    smuggling = before + name + length + b"\r\n" + rest.partition(b"\r\n")[2]
    carried(scene, listening, evolve(VALID, template=smuggling), to_the_marker)
    assert any("it was answered" in reason for reason in reasons(scene))


@pytest.mark.usefixtures("patience")
def test_connection_that_stays_open_is_seen(scene: Scene, listening: socket.socket) -> None:
    """Row 29: who says nothing is cut."""
    idle = evolve(VALID, template=b"INVITE ", end=End.LEFT, cut=Cut.WHOLE)
    carried(scene, listening, idle, lambda _: b"")
    assert reasons(scene) == ["the marker is not answered: it is not a message: it is still open"]


def test_stream_that_is_none_is_seen(scene: Scene, listening: socket.socket) -> None:
    """A2: what comes back can be told apart as well."""
    carried(scene, listening, VALID, lambda _: b"SIP/2.0 200 OK\r\n\r\n")
    assert "the server sent what is no stream of messages" in reasons(scene)


@pytest.mark.parametrize(
    ("stream", "messages", "broken"),
    [
        (
            b"A\r\nl: 2\r\n\r\nhiB\r\nL : 0\r\n\r\n",
            [b"A\r\nl: 2\r\n\r\nhi", b"B\r\nL : 0\r\n\r\n"],
            False,
        ),
        (b"\r\n\r\nA\r\nl:\r\n 0\r\n\r\n", [b"A\r\nl:\r\n 0\r\n\r\n"], False),
        (b"A\r\nl: 0\r\nL: 0\r\n\r\n", [b"A\r\nl: 0\r\nL: 0\r\n\r\n"], True),
        (b"A\r\nl: -1\r\n\r\n", [b"A\r\nl: -1\r\n\r\n"], True),
        (b"A\r\nl: \xd9\xa3\r\n\r\nabc", [b"A\r\nl: \xd9\xa3\r\n\r\n"], True),
        (b"A\r\nX: 1\r\n\r\n", [b"A\r\nX: 1\r\n\r\n"], True),
        (b"A\r\nl: 4294967296\r\n\r\n", [b"A\r\nl: 4294967296\r\n\r\n"], True),
        (b"A" * 70_000, [], True),
        (b"A\r\nl: 5\r\n\r\nhi", [], False),
    ],
)
def test_second_opinion(stream: bytes, messages: list[bytes], broken: bool) -> None:
    """RFC 3261 section 18.3: one length, in digits, and no more than there may be."""
    found = frames(stream)
    assert (found.messages, found.broken) == (messages, broken)

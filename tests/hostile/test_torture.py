"""
The torture messages of RFC 4475 and RFC 5118 against a real server, over UDP, TCP and TLS (A1).
"""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.hostile.callee import Callee
from tests.hostile.lines import DEFAULT_PORT, Line, line_to
from tests.hostile.octets import Octets, key
from tests.hostile.rfc5118 import MESSAGES as IPV6_MESSAGES
from tests.hostile.torture_details import DETAILS, Outcome
from tests.hostile.torture_rules import check_answer, check_forwarded
from tests.hostile.torture_verdicts import (
    NO_LENGTH,
    PORTS,
    SAME_BRANCH,
    VARIANTS,
    VERDICTS,
    Verdict,
)
from tests.peers.server import HOST, Server

TRANSPORTS = ("udp", "tcp", "tls")
STREAMS = ("tcp", "tls")
_SAME = (b"from", b"to", b"call-id")

MESSAGES = dict(IPV6_MESSAGES)
with tarfile.open(Path(__file__).parents[1] / "sip" / "rfc4475.tgz") as archive:
    for member in archive.getmembers():
        file = archive.extractfile(member)
        assert file is not None
        MESSAGES[member.name.removesuffix(".dat")] = file.read()
del MESSAGES["test"]  # in the archive, and in no section
MESSAGES["baddn"] += b"\r\n"  # the archive has lost its empty line
for name, (original, old, new) in VARIANTS.items():
    MESSAGES[name] = MESSAGES[original].replace(old, new)
    assert MESSAGES[name] != MESSAGES[original]
for name, branch in SAME_BRANCH.items():
    MESSAGES[name] = MESSAGES[name].replace(branch, branch[:-1] + name.encode())


def _verdict(name: str, transport: str) -> Verdict:
    return NO_LENGTH if name == "inv2543" and transport != "udp" else VERDICTS[name][1]


def _cases(transports: tuple[str, ...], wanted: Callable[[str, str], bool]) -> pytest.MarkDecorator:
    cases = [
        pytest.param(transport, name, id=f"{name}, {VERDICTS[name][0]}, {transport}")
        for name in VERDICTS
        for transport in transports
        if wanted(name, transport)
    ]
    return pytest.mark.parametrize(("transport", "name"), cases)


def _is_framed(name: str, transport: str) -> bool:
    """Whether what follows it can be found."""
    return transport == "udp" or not (_verdict(name, transport).closes or name == "clerr")


def _loses_framing(name: str, transport: str) -> bool:
    return transport != "udp" and _verdict(name, transport).closes


@pytest.fixture
def line(server: Server, transport: str, name: str, host: str) -> Iterator[Line]:
    """The way that the message takes."""
    port = PORTS.get(name, DEFAULT_PORT)
    with line_to(server.edge(transport), host, port) as line:
        yield line


@pytest.fixture
def prepared(callee: Callee, transport: str, name: str) -> Iterator[None]:
    """Whoever is called has registered, and nobody else for the addresses of the message."""
    verdict = _verdict(name, transport)
    aors = set(filter(None, (verdict.callee, verdict.registers)))
    if verdict.callee:
        callee.register(verdict.callee)
    yield
    for aor in aors:
        callee.unregister(aor)


@_cases(TRANSPORTS, _is_framed)
def test_message(transport: str, name: str, line: Line, callee: Callee, prepared: None) -> None:
    """A1: what its section wants is done with it, and what comes behind it is answered."""
    sent, verdict = MESSAGES[name], _verdict(name, transport)
    line.send(sent)
    heard = line.until_alive(line.ask())
    passed_on = [_taken(sent, callee)] if verdict.callee else []
    answers = _finals(sent, line, heard, verdict)
    _acknowledge(sent, line, answers)
    if passed_on and passed_on[0].method == b"INVITE":
        assert callee.next().start.startswith(b"ACK ")
    if verdict.registers and 200 not in verdict.answers:
        assert callee.contacts(verdict.registers) == []
    if name in DETAILS:
        DETAILS[name](Outcome(answers, passed_on, callee))
    assert line.until_alive(line.ask()) == []
    assert callee.heard() == []


def _taken(sent: bytes, callee: Callee) -> Octets:
    """What *callee* got of *sent*; it is busy."""
    request = callee.next()
    check_forwarded(sent, request, callee.contact)
    callee.answer(request)
    return request


def _finals(sent: bytes, line: Line, heard: list[Octets], verdict: Verdict) -> list[Octets]:
    """The final answers to *sent*: those *heard* already, or the one that the callee gave."""
    while verdict.answers and not any(answer.status >= 200 for answer in heard):
        heard.append(Octets.of(line.next()))
    for answer in heard:
        check_answer(sent, answer)
    finals = [answer for answer in heard if answer.status >= 200]
    if verdict.answers:
        assert [answer.status in verdict.answers for answer in finals] == [True], finals
    else:
        assert heard == []
    return finals


def _acknowledge(sent: bytes, line: Line, answers: list[Octets]) -> None:
    """As whoever sends an INVITE does (RFC 3261 section 17.1.1.3)."""
    original = Octets.of(sent)
    if not answers or not original.start.startswith(b"INVITE "):
        return
    lines = [b"ACK" + original.start.removeprefix(b"INVITE")]
    lines += [b"Via: " + original.all(b"via")[0].split(b",")[0]]
    lines += [b"%s: %s" % (name, value) for name, value in answers[0].fields if key(name) in _SAME]
    lines += [b"CSeq: %s ACK" % original.all(b"cseq")[0].split()[0], b"Content-Length: 0"]
    line.send(b"\r\n".join([*lines, b"", b""]))


@pytest.fixture(scope="module")
def endings(start: Callable[[str], Server]) -> dict[tuple[str, str], list[Octets]]:
    """
    All that comes until the end of a connection on which a message lost the framing.

    They are all open at once, for each is kept for a second, so that its last answer arrives.
    """
    lost = [(each, name) for name in VERDICTS for each in STREAMS if _loses_framing(name, each)]
    with ExitStack() as lines:
        opened = {
            (each, name): lines.enter_context(line_to(start(each).edge(each), ""))
            for each, name in lost
        }
        for (_, name), line in opened.items():
            line.send(MESSAGES[name])
            line.ask()
        ended = {case: _until_closed(line) for case, line in opened.items()}
    for each in STREAMS:
        callee = Callee.at((HOST, start(each).port))
        callee.unregister(VERDICTS["dblreq"][1].registers)
        callee.close()
    return ended


def _until_closed(line: Line) -> list[Octets]:
    heard: list[Octets] = []
    while True:
        try:
            heard.append(Octets.of(line.next()))
        except EOFError:
            return heard


@_cases(STREAMS, _loses_framing)
def test_connection_is_closed(
    transport: str,
    name: str,
    server: Server,
    callee: Callee,
    endings: dict[tuple[str, str], list[Octets]],
) -> None:
    """RFC 4475 3.1.2.3, 3.3.9: it is answered, and nothing behind it is taken for a message."""
    heard, verdict = endings[transport, name], _verdict(name, transport)
    first = [
        one for one in heard if one.all(b"call-id") == Octets.of(MESSAGES[name]).all(b"call-id")
    ]
    assert [answer.status for answer in first] == list(verdict.answers)
    check_answer(MESSAGES[name], first[0])
    others = [one for one in heard if one not in first and one.status >= 200]
    # over a stream what stands behind a whole message is the next one
    assert [one.status for one in others] == ([480] if name == "dblreq" else [])
    assert callee.heard() == []


@pytest.mark.parametrize(("transport", "name"), [("cares", "regaut01")])
def test_registrar_that_cares(server: Server, name: str, host: str) -> None:
    """RFC 4475 3.3.7: credentials that it cannot read are none, and its challenge says why."""
    with line_to(server.edge("udp"), host) as line:
        line.send(MESSAGES[name])
        answer = Octets.of(line.next())
    check_answer(MESSAGES[name], answer)
    assert answer.status == 401
    assert [one.split()[0] for one in answer.all(b"www-authenticate")] == [b"Digest"]


@pytest.mark.parametrize("transport", STREAMS)
@pytest.mark.parametrize("name", ["clerr"])
def test_rest_of_a_message_is_waited_for(
    transport: str, name: str, server: Server, line: Line, callee: Callee
) -> None:
    """RFC 4475 3.1.2.2: over a stream more may come; how long is told in the stream's own tests."""
    callee.register("sip:user@example.com")
    sent = MESSAGES[name]
    line.send(sent)
    with line_to(server.edge(transport), "") as other:
        other.until_alive(other.ask())
    assert callee.heard() == []
    rest = b"x" * (9999 - len(Octets.of(sent).body))
    line.send(rest)
    heard = line.until_alive(line.ask())
    _taken(sent + rest, callee)
    busy = _finals(sent, line, heard, Verdict("", (486,)))
    _acknowledge(sent, line, busy)
    callee.unregister("sip:user@example.com")

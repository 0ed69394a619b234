"""
A filter in the kernel before a UDP socket (Linux, ``socket(7)``, SO_ATTACH_FILTER).

What it drops takes no place in the socket's buffer, where all sources stand in one line, and
costs the server nothing; its sender pays, if he is on this machine.
"""

from __future__ import annotations

import ctypes
import socket
import struct
from collections.abc import Iterable, Iterator
from typing import Final

MOST_BARRED: Final = 32  # sources at a time: a jump in the filter is one octet

_SO_ATTACH_FILTER: Final = 26
_LOAD_WORD: Final = 0x20  # BPF_LD | BPF_W | BPF_ABS
_IF_EQUAL: Final = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_RETURN: Final = 0x06  # BPF_RET | BPF_K
_NETWORK_HEADER: Final = 0xFFF0_0000  # SKF_NET_OFF
_IPV4_SOURCE: Final = _NETWORK_HEADER + 12
_IPV6_SOURCE: Final = _NETWORK_HEADER + 8
_WHOLE: Final = 0xFFFF_FFFF


def bar(receiving: socket.socket, networks: Iterable[str | bytes]) -> None:
    """
    Have the kernel drop what comes to *receiving* from *networks*, and nothing else.

    :param networks: IPv4 addresses as text, IPv6 networks as their first 8 octets, as
        :func:`sippn.transport.fair.network_of` tells them; others are passed over.  None: the
        socket takes everything.
    :raises OSError: the system has no such filters.
    """
    program = b"".join(_program(receiving.family, networks))
    held = ctypes.create_string_buffer(program)
    pointer = struct.pack("HL", len(program) // 8, ctypes.addressof(held))
    receiving.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, pointer)


def _program(family: int, networks: Iterable[str | bytes]) -> Iterator[bytes]:
    for network in networks:
        if isinstance(network, bytes) and family == socket.AF_INET6:
            yield _step(_LOAD_WORD, _IPV6_SOURCE)
            yield _step(_IF_EQUAL, _word(network, 0), 0, 3)
            yield _step(_LOAD_WORD, _IPV6_SOURCE + 4)
            yield _step(_IF_EQUAL, _word(network, 4), 0, 1)
            yield _step(_RETURN, 0)
        elif isinstance(network, str) and family == socket.AF_INET and "." in network:
            yield _step(_LOAD_WORD, _IPV4_SOURCE)
            yield _step(_IF_EQUAL, _word(socket.inet_aton(network), 0), 0, 1)
            yield _step(_RETURN, 0)
    yield _step(_RETURN, _WHOLE)


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)


def _word(octets: bytes, at: int) -> int:
    return int.from_bytes(octets[at : at + 4], "big")

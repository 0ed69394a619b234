"""What comes on UDP and is no message: it keeps a NAT open."""

from __future__ import annotations

from typing import Final

_STUN_COOKIE: Final = b"\x21\x12\xa4\x42"


def is_keep_alive(octets: bytes) -> bool:
    """
    Whether *octets* only keep a NAT open: line ends, blanks, zeros, nothing, or STUN.

    A message starts with a letter, so one look is enough for nearly all of them.
    """
    if octets[:1] >= b"A":
        return False
    if not octets.strip(b"\r\n\t \0"):
        return True
    return octets[0] < 0x40 and octets[4:8] == _STUN_COOKIE

"""How much of a message is read at most."""

from __future__ import annotations

from sippn.value import value_class


@value_class
class Limits:
    """
    Bounds of one message; octets where nothing else is said (RELIABILITY A5).

    :ivar message: start line, header section and body together.
    :ivar header_section: start line and header section.
    :ivar header_lines: lines, continuation lines counted.
    :ivar vias: Via values.
    :ivar uri: the Request-URI.
    :ivar contact: one Contact value; two Linphone tokens and a Web Push URL pass 1 KiB (G-07).
    :ivar contacts: Contact values.
    """

    message: int = 131072
    header_section: int = 65536
    header_lines: int = 200
    vias: int = 70
    uri: int = 4096
    contact: int = 4096
    contacts: int = 50


DEFAULT_LIMITS = Limits()

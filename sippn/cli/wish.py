"""What ``sippn push test`` was asked for."""

from __future__ import annotations

from pathlib import Path

from attrs import field, frozen

from sippn.binding import PushKind


class CannotTry(Exception):
    """There is nothing to push; the text says why, and what to do."""


@frozen
class Wish:
    """
    The command line.

    :ivar whom: an AOR, or a token.
    :ivar binding: the id of one of the AOR's bindings, or how it begins; None: all of them.
    :ivar provider: of the token, as a phone says it; None: the one that the file has.
    :ivar hints: ``NAME=VALUE``, further push parameters.
    """

    whom: str = field(repr=False)
    config: Path
    kind: PushKind = PushKind.CALL
    binding: str | None = None
    provider: str | None = None
    param: str | None = None
    sandbox: bool = False
    hints: tuple[str, ...] = field(default=(), repr=False)

    @property
    def aor(self) -> str | None:
        """The URI of whom to push; None: it is a token."""
        if self.whom.lower().startswith(("sip:", "sips:")):
            return self.whom
        has_host = "@" in self.whom and "://" not in self.whom
        return f"sip:{self.whom}" if has_host else None

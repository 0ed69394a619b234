"""
What each answer of a push service means: ``python -m tests.docs.answers docs/answers``.

The tables are those that the providers look their answers up in.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from sippn.binding import Verdict
from sippn.providers.apns import answers as apns
from sippn.providers.fcm.answers import ROWS as FCM
from sippn.providers.fcm.grants import GRANTS
from sippn.providers.rows import Row
from sippn.providers.sylk import SYLK_ROWS
from sippn.providers.webhook_contracts import ROWS as WEBHOOK
from sippn.providers.webpush.answers import ROWS as WEBPUSH

_HEAD = """\
.. list-table::
    :header-rows: 1
    :widths: 24 12 64

    * - It says
      - Verdict
      - What that means, and what to do
"""

_VERDICTS: Final[Mapping[Verdict, str]] = MappingProxyType(
    {
        Verdict.ACCEPTED: "accepted",
        Verdict.DEAD: "dead",
        Verdict.BUSY: "busy",
        Verdict.REFUSED: "refused",
        Verdict.FAILED: "failed",
    }
)

Rows = Mapping[Any, Row]

TABLES: Final[Mapping[str, Rows]] = MappingProxyType(
    {
        "apns": {
            **apns.ROWS,
            **apns.BY_STATUS,
            "any other 5xx": apns.FAULT,
            "anything else": apns.STRANGE,
        },
        "fcm": FCM,
        "fcm-token": GRANTS,
        "webpush": WEBPUSH,
        "webhook": WEBHOOK,
        "sylk": SYLK_ROWS,
    }
)
"""By the name of the file."""


def page(rows: Rows) -> str:
    """*rows* as a table in reStructuredText; answers that are one row are one here."""
    return _HEAD + "".join(_lines(rows))


def _lines(rows: Rows) -> Iterator[str]:
    names: dict[int, list[str]] = {}
    for key, row in rows.items():
        names.setdefault(id(row), []).append(f"``{_name(key)}``")
    for row in {id(row): row for row in rows.values()}.values():
        said = ", ".join(names[id(row)])
        yield f"    * - {said}\n      - {_VERDICTS[row.verdict]}\n      - {_sentence(row)}\n"


def _name(key: str | int | tuple[int, str]) -> str:
    if isinstance(key, int):
        return f"{key}, any other"
    return key if isinstance(key, str) else f"{key[0]} {key[1]}".rstrip()


def _sentence(row: Row) -> str:
    said = filter(None, (row.meaning, row.cure))
    return " ".join(f"{one[0].upper()}{one[1:]}." for one in said)


def write(folder: Path) -> None:
    """All of them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in TABLES.items():
        (folder / f"{name}.txt").write_text(page(rows), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))

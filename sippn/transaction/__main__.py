"""Draw the machines: ``python -m sippn.transaction docs/machines``."""

from __future__ import annotations

import sys
from pathlib import Path

from sippn.transaction.machine import dot
from sippn.transaction.tables import MACHINES

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for machine in MACHINES:
        name = machine.name.lower().replace(" ", "-")
        (folder / f"{name}.dot").write_text(dot(machine), encoding="utf-8")

"""
A PRID under several AORs: one device with several accounts, or a stolen PRID (RELIABILITY T3).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from attrs import define
from twisted.logger import Logger

from sippn.binding import AOR, PushTarget, Record
from sippn.errors import Forbidden
from sippn.location import LocationService

MOST_AORS = 8  # accounts that a device may have; one more is somebody collecting phones


@define(eq=False)
class PRIDSharing:
    """
    Bounds it, and tells the operator.

    Nobody gets a call by it: a request waits for a binding of its own AOR.  What a
    thief could do is cause pushes, by calls to himself.
    """

    _location: LocationService
    _log: ClassVar[Logger] = Logger()

    async def check(
        self, aor: AOR, record: Record | None, targets: Iterable[PushTarget | None]
    ) -> None:
        """
        Look at the PRIDs that *aor* is about to register for the first time.

        :param record: what is stored of *aor* now.
        :raises Forbidden: a PRID serves as many AORs as any device has.
        """
        held = [b.push_target for b in record.bindings] if record is not None else ()
        for target in targets:
            if target is None or target in held:
                continue
            others = [other for other in await self._location.sharing(target) if other != aor]
            if len(others) >= MOST_AORS:
                raise Forbidden("Too many users share this PRID")
            if others:
                self._log.info(
                    "{aor} registers the PRID of {others}", aor=aor, others=", ".join(others)
                )

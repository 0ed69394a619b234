"""
What only shows when a plugin is built: keys and certificates that cannot be used.
"""

from __future__ import annotations

import os
import time

from sippn.errors import ConfigErrors
from sippn.interfaces import Surroundings
from sippn.service import ServerSettings


def rehearse(settings: ServerSettings) -> None:
    """
    Build what pushes, understands and routes, and let it go again.

    The storage is left out: a server may have it open.

    :raises ConfigErrors: all that cannot be built, so that it is not found out by a restart.
    """
    from twisted.internet import reactor  # noqa: PLC0415 - it installs the default one

    around = Surroundings(reactor=reactor, clock=reactor, wall=time.time, entropy=os.urandom)
    problems: list[tuple[str, str]] = []
    for build in (*settings.providers, *settings.dialects, *settings.policies):
        try:
            build(around)
        except ConfigErrors as errors:
            problems += errors.problems
    if problems:
        raise ConfigErrors(problems)

"""
A conformance suite for RFC 8599: it plays phones, callers and a push service against any server.

The requirement ids are the project's; docs/conformance.rst says what it needs of a server, and
how it is run.
"""

from sippn.testing.conformance import (
    calls,
    dialects,
    dialogs,
    expiry,
    messages,
    privacy,
    queries,
    registrations,
    waits,
)
from sippn.testing.conformance.catalogue import CATALOGUE, Scenario
from sippn.testing.conformance.options import Options
from sippn.testing.conformance.receiver import Receiver
from sippn.testing.conformance.running import Run
from sippn.testing.conformance.subject import Subject, Users
from sippn.testing.conformance.trial import Trial
from sippn.testing.conformance.verdicts import Failed, Result, Skipped, Verdict

# imported for what they put into the catalogue, in this order
SCENES = (registrations, queries, expiry, calls, waits, messages, dialogs, privacy, dialects)

__all__ = [
    "CATALOGUE",
    "SCENES",
    "Failed",
    "Options",
    "Receiver",
    "Result",
    "Run",
    "Scenario",
    "Skipped",
    "Subject",
    "Trial",
    "Users",
    "Verdict",
]

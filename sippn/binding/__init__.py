"""Facts about a user, and rules about facts: pure, no I/O."""

from sippn.binding.aor import aor_of, canonical_aor
from sippn.binding.records import prid_key
from sippn.binding.registration import Refresh, RegisteredContact, Registration, Terms
from sippn.binding.rules import attend, decide, disown_prid, live
from sippn.binding.values import (
    AOR,
    Binding,
    Capability,
    Change,
    Decision,
    Grant,
    Principal,
    PushJob,
    PushKind,
    PushOutcome,
    PushState,
    PushTarget,
    Record,
    RegisterPlan,
    RoutePlan,
    Source,
    Verdict,
)
from sippn.binding.written import read_record, write_record

__all__ = [
    "AOR",
    "Binding",
    "Capability",
    "Change",
    "Decision",
    "Grant",
    "Principal",
    "PushJob",
    "PushKind",
    "PushOutcome",
    "PushState",
    "PushTarget",
    "Record",
    "Refresh",
    "RegisterPlan",
    "RegisteredContact",
    "Registration",
    "RoutePlan",
    "Source",
    "Terms",
    "Verdict",
    "aor_of",
    "attend",
    "canonical_aor",
    "decide",
    "disown_prid",
    "live",
    "prid_key",
    "read_record",
    "write_record",
]

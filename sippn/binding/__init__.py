"""Facts about a user, and rules about facts: pure, no I/O."""

from sippn.binding.aor import aor_of, canonical_aor
from sippn.binding.records import asleep, prid_key, prid_keys
from sippn.binding.registration import Refresh, RegisteredContact, Registration, Terms
from sippn.binding.rules import attend, decide, disown_prid, live, reachable
from sippn.binding.services import Address, address_for, service_for
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
    PushRequest,
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
    "Address",
    "Binding",
    "Capability",
    "Change",
    "Decision",
    "Grant",
    "Principal",
    "PushJob",
    "PushKind",
    "PushOutcome",
    "PushRequest",
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
    "address_for",
    "aor_of",
    "asleep",
    "attend",
    "canonical_aor",
    "decide",
    "disown_prid",
    "live",
    "prid_key",
    "prid_keys",
    "reachable",
    "read_record",
    "service_for",
    "write_record",
]

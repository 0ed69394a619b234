"""
I let no plugin hurt anybody but itself.

Each socket has a wrapper, which service puts around what a plugin gave: whatever that does
(raise, hang, answer late, give nonsense), who asked gets one of the answers that the
interface promises, in bounded time, and the log names the plugin.
"""

from sippn.containment.bounded import Hung, bounded
from sippn.containment.complaints import Complaints, name_of
from sippn.containment.dialect import ContainedDialect
from sippn.containment.life import ContainedService
from sippn.containment.notes import ContainedNotebook
from sippn.containment.policy import ContainedPolicy, PolicyBroke
from sippn.containment.provider import ContainedProvider, ProviderBroke
from sippn.containment.store import ContainedStore

__all__ = [
    "Complaints",
    "ContainedDialect",
    "ContainedNotebook",
    "ContainedPolicy",
    "ContainedProvider",
    "ContainedService",
    "ContainedStore",
    "Hung",
    "PolicyBroke",
    "ProviderBroke",
    "bounded",
    "name_of",
]

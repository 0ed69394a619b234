"""I bring messages to the core, and its requests to where they are to go."""

from sippn.stack.core import Core
from sippn.stack.stack import SIPStack
from sippn.stack.triage import Triage

__all__ = ["Core", "SIPStack", "Triage"]

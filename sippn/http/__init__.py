"""
I ask a server over HTTP, once, and bring its answer: bounded in size and time.

Whoever asks learns of each request whether it may have been acted on, so that none is
repeated that should not be.

:class:`sippn.http.origin.Origin` asks, over whichever version of HTTP the server speaks.
"""

from sippn.http.errors import Ambiguous, NoAnswer, NoConnection, NotProcessed
from sippn.http.messages import Answer, Ask, Overhear, Overheard

__all__ = [
    "Ambiguous",
    "Answer",
    "Ask",
    "NoAnswer",
    "NoConnection",
    "NotProcessed",
    "Overhear",
    "Overheard",
]

"""What a push can tell an app of its job: words that are bounded, and fit to be shown."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from hashlib import sha256
from types import MappingProxyType
from typing import Final

from sippn.binding import PushJob
from sippn.errors import SIPError
from sippn.sip import NameAddr, unquote

LONGEST: Final = 256
"""Octets of UTF-8 of one value: a display name is the caller's own to choose."""


def call_hash(job: PushJob) -> str:
    """
    16 characters that are the same for all pushes of one call, and in a URL as they are.

    It is base64url of the first 12 octets of SHA-256 of the Call-ID, so that an app can tell
    which INVITE a push was for; a refresh has that of its collapse key.
    """
    name = job.call_id or job.collapse_key or job.id
    digest = sha256(name.encode("utf-8", "surrogateescape")).digest()
    return urlsafe_b64encode(digest[:12]).decode("ascii")


def shown(text: str, longest: int = LONGEST) -> str:
    """
    *text* as it may stand on a screen: cut, and without what controls more than its letters.

    Line ends and the marks that turn the direction of text go, as do octets that are no UTF-8.
    """
    if not (text.isascii() and text.isprintable()):
        text = text[:longest].encode("utf-8", "replace").decode("utf-8")
        text = "".join([character for character in text if character.isprintable()])
    if len(text) <= longest and text.isascii():
        return text
    return text.encode("utf-8")[:longest].decode("utf-8", "ignore")


def from_name(job: PushJob) -> str:
    """The display name of the caller; empty: it has none, or a From that cannot be read."""
    caller = _caller(job)
    return "" if caller is None else shown(unquote(caller.display)).strip()


def from_uri(job: PushJob) -> str:
    """The caller's URI without parameters, headers and password; empty as :func:`from_name`."""
    caller = _caller(job)
    if caller is None:
        return ""
    try:
        uri = caller.uri
    except SIPError:  # tel: and the like have none of these, but for parameters
        bare = caller.uri_text.partition("?")[0].partition(";")[0]
        return shown(bare) if "@" not in bare else ""
    user = "" if uri.user is None else f"{uri.user}@"
    port = "" if uri.port is None else f":{uri.port}"
    return shown(f"{uri.scheme}:{user}{uri.host}{port}")


def caller_of(job: PushJob) -> str:
    """How a screen names the caller: the display name, or the URI; empty: nobody knows."""
    return from_name(job) or from_uri(job)


def seconds_left(_: PushJob, left: float) -> int:
    """Whole seconds until nobody waits any more."""
    return max(int(left), 0)


def hint_of(name: str) -> Callable[[PushJob, float], str]:
    """What looks up the UA's push parameter *name*; empty: it sent none."""

    def look_up(job: PushJob, _: float) -> str:
        return hint(job, name)

    return look_up


def hint(job: PushJob, name: str) -> str:
    """The UA's push parameter *name*; empty: it sent none."""
    for known, value in job.target.hints:
        if known == name:
            return shown(value)
    return ""


def _caller(job: PushJob) -> NameAddr | None:
    if not job.caller:
        return None
    try:
        return NameAddr.parse(job.caller)
    except SIPError:
        return None


Fact = Callable[[PushJob, float], str]

FACTS: Final[Mapping[str, Fact]] = MappingProxyType(
    {
        "kind": lambda job, _: job.kind.value,
        "id": lambda job, _: call_hash(job),
        "call_id": lambda job, _: shown(job.call_id),
        "from": lambda job, _: caller_of(job),
        "from_uri": lambda job, _: from_uri(job),
        "from_name": lambda job, _: from_name(job),
        "aor": lambda job, _: shown(job.aor),
        "method": lambda job, _: shown(job.method),
        "deadline": lambda job, left: str(seconds_left(job, left)),
        "reason": lambda job, _: shown(job.reason),
    }
)
"""What may fill a gap of a template, by its name there; a UA's ``pn-`` parameters may, too."""

NUMBER: Final[Mapping[str, Callable[[PushJob, float], int]]] = MappingProxyType(
    {"{deadline}": seconds_left}
)
"""Strings that a number takes the place of, where they are all there is."""

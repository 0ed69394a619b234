"""Payloads that have a name: beside ``aps``, which is Apple's part, they are the app's own."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from sippn.binding import PushKind
from sippn.providers.payload import MINIMAL, Preset

SEEN: Final = frozenset({"alert", "sound", "badge"})
"""What of ``aps`` a user sees or hears."""

_MINIMAL: Final[Preset] = MappingProxyType(
    {kind: {"sippn": template} for kind, template in MINIMAL.items()}
)

CALL_KEY: Final = "IC_MSG"
MESSAGE_KEY: Final = "IM_MSG"
"""What Linphone's apps have in their strings, whether they say so or not."""

_KEYS: Final[Mapping[PushKind, str]] = MappingProxyType(
    {
        PushKind.CALL: f"{{pn-call-str|{CALL_KEY}}}",
        PushKind.MESSAGE: f"{{pn-msg-str|{MESSAGE_KEY}}}",
    }
)

# as Flexisip writes it: liblinphone reads some of aps, and its apps the rest
_LINPHONE: Final[Preset] = MappingProxyType(
    {
        kind: {
            "aps": {
                "loc-key": _KEYS.get(kind, "IC_SIL"),
                "loc-args": ["{from}"],
                "call-id": "{call_id}",
                "uuid": "",
            },
            "from-uri": "{from_uri}",
            "display-name": "{from_name}",
            "call-id": "{call_id}",
            "pn_ttl": "{deadline}",
            "uuid": "",
        }
        for kind in PushKind
    }
)

PRESETS: Final[Mapping[str, Preset]] = MappingProxyType(
    {"minimal": _MINIMAL, "linphone": _LINPHONE}
)

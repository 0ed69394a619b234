"""Which classes of input there are: each once broke a real server (RELIABILITY section 2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from fuzz.draft import Draft
from fuzz.draw import Draw
from fuzz.mutators import addresses, bodies, digests, lengths, lines, pushes, sizes, streams

Mutator = Callable[[Draft, Draw], None]

ROWS: Final[Mapping[int, Sequence[Mutator]]] = {
    1: (lengths.huge_length,),
    2: (lengths.wraps_to_negative,),
    3: (lengths.wraps_to_small,),
    4: (addresses.bad_uris,),
    5: (addresses.bad_vias,),
    6: (addresses.quotes,),
    7: (lines.duplicates,),
    8: (sizes.long_tokens,),
    9: (lines.spaced_colon,),
    10: (lines.control_names,),
    11: (digests.digest_games,),
    12: (digests.proved_another,),
    14: (digests.long_digest,),
    15: (sizes.long_cseq_method,),
    16: (bodies.multipart,),
    17: (sizes.many_accepts,),
    18: (streams.sudden_end,),
    19: (bodies.session_descriptions,),
    20: (lines.methods, addresses.bad_uris),
    21: (addresses.unsendable,),
    22: (addresses.bad_from,),
    23: (addresses.odd_hosts,),
    24: (sizes.long_values,),
    25: (digests.unproved,),
    26: (digests.unproved,),
    27: (digests.nonce_counts,),
    28: (streams.floods, lines.missing),
    29: (streams.idle, streams.half_message),
    31: (addresses.bad_vias, addresses.odd_hosts),
    32: (digests.who_exists,),
    33: (sizes.overflows,),
    36: (sizes.numbers,),
}
"""By the number of the row; the phone that answers 407 (27) is in :mod:`fuzz.replies`."""

ELSEWHERE: Final[Mapping[int, str]] = {
    13: "JSON web tokens, which the server does not take",
    30: "DTLS, which the server does not speak",
    34: "HTTP, of the push client: no SIP socket receives it",
    35: "HTTP/2, likewise",
}
"""Rows that no octets on a SIP socket can be of, and why."""

MORE: Final[Sequence[Mutator]] = (
    lengths.negative_length,
    lengths.several_lengths,
    lengths.written_length,
    lengths.spaced_length,
    lengths.short_length,
    lengths.long_length,
    lengths.missing_length,
    lengths.second_in_body,
    lengths.second_behind,
    lines.folding,
    lines.folded_start,
    lines.injection,
    lines.injected_start,
    lines.escaped_injection,
    lines.quoted_pairs,
    lines.odd_names,
    lines.no_colon,
    lines.nul_octets,
    lines.no_utf8,
    lines.versions,
    lines.start_lines,
    lines.flipped,
    addresses.routes,
    sizes.many_vias,
    sizes.many_fields,
    sizes.many_params,
    sizes.many_contacts,
    sizes.long_uri,
    sizes.nested,
    pushes.push_contacts,
    pushes.push_targets,
    pushes.woken,
    bodies.encodings,
    streams.called,
    streams.split,
    streams.several_at_once,
    streams.keep_alives,
)
"""Classes of no row of their own: framing, injection, sizes, push parameters (T6, T11, T12)."""


def valid(draft: Draft, draw: Draw) -> None:
    """Nothing is wrong with it: what is right must not be lost among the rest."""


ALL: Final[Sequence[Mutator]] = tuple(
    dict.fromkeys([valid, *(one for row in ROWS.values() for one in row), *MORE])
)

SECOND: Final[Sequence[Mutator]] = (
    lines.injection,
    lines.escaped_injection,
    lines.no_utf8,
    lines.duplicates,
    lines.folding,
    addresses.bad_uris,
    addresses.quotes,
    addresses.routes,
    sizes.numbers,
    sizes.long_values,
    pushes.push_targets,
)
"""Those that may be done to a message before another one is."""

"""The header section: fields in order, names as written, compact forms understood."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from sippn.errors import BadRequest
from sippn.sip.address import split_values
from sippn.sip.grammar import LWS, TOKEN, breaks_out

COMPACT: Final = {
    "a": "accept-contact",
    "b": "referred-by",
    "c": "content-type",
    "d": "request-disposition",
    "e": "content-encoding",
    "f": "from",
    "i": "call-id",
    "j": "reject-contact",
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "n": "identity-info",
    "o": "event",
    "r": "refer-to",
    "s": "subject",
    "t": "to",
    "u": "allow-events",
    "v": "via",
    "x": "session-expires",
    "y": "identity",
}

_MAX_NAME: Final = 256
_BREAKS_OUT: Final = "a header field value cannot hold CR, LF or NUL"
_LONGEST_CACHED: Final = 48
_MOST_CACHED: Final = 1024  # then names are worked out each time: strangers cannot fill memory
_KEYS: Final[dict[str, str]] = {}


def key_of(name: str) -> str:
    """
    Work out what a field *name* is known by: lower case, never compact.

    :raises ValueError: it is no token of RFC 3261 section 25.1, or overlong.
    """
    key = _KEYS.get(name)
    if key is None:
        if len(name) > _MAX_NAME or TOKEN.fullmatch(name) is None:
            raise ValueError("not a header field name")
        key = name.lower()
        key = COMPACT.get(key, key)
        if len(_KEYS) < _MOST_CACHED and len(name) <= _LONGEST_CACHED:
            _KEYS[name] = key
    return key


class Headers:
    """
    Header fields in the order they came or were added.

    Several values on one line stay one field until somebody asks for them.  Names are
    looked up in any case and in either form, and written as they were.
    """

    __slots__ = ("_keys", "_names", "_values")
    __hash__ = None  # type: ignore[assignment]  # it changes

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._keys: list[str] = []
        self._names: list[str] = []
        self._values: list[str] = []
        for name, value in pairs:
            self.add(name, value)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return zip(self._names, self._values, strict=True)

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and key_of(name) in self._keys

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Headers):
            return NotImplemented
        return self._keys == other._keys and self._values == other._values

    def __repr__(self) -> str:
        return f"<Headers {', '.join(self._names)}>"  # a value may be a credential

    @property
    def keys(self) -> Sequence[str]:
        """What each field is known by, in order: lower case, never compact."""
        return self._keys

    def get(self, name: str) -> str | None:
        """Find the first field of that name; None: there is none."""
        try:
            return self._values[self._keys.index(_KEYS.get(name) or key_of(name))]
        except ValueError:
            return None

    def required(self, name: str) -> str:
        """Find the first field of that name.  :raises BadRequest: there is none."""
        try:
            return self._values[self._keys.index(_KEYS.get(name) or key_of(name))]
        except ValueError:
            raise BadRequest(f"Missing {name}") from None

    def get_all(self, name: str) -> list[str]:
        """Collect the fields of that name, one for each line."""
        key = key_of(name)
        if key not in self._keys:
            return []
        return [
            value for known, value in zip(self._keys, self._values, strict=True) if known == key
        ]

    def line(self, name: str) -> str:
        """Join the fields of that name, which means the same (RFC 3261 section 7.3.1)."""
        key = _KEYS.get(name) or key_of(name)
        several = self._keys.count(key)
        if several == 1:
            return self._values[self._keys.index(key)]
        return ", ".join([one for one in self.get_all(key) if one]) if several else ""

    def values(self, name: str) -> list[str]:
        """
        Collect the single values of that name, from all lines, topmost first.

        :raises BadRequest: a quote or an angle bracket without its partner.
        """
        line = self.line(name)
        return split_values(line) if line else []

    def add(self, name: str, value: str) -> None:
        """
        Append a field.

        :raises ValueError: *name* is no token, or *value* would break out of its field.
        """
        key = _KEYS.get(name) or key_of(name)
        if ("\r" in value or "\n" in value or "\x00" in value) and breaks_out(key, value):
            raise ValueError(_BREAKS_OUT)
        self._keys.append(key)
        self._names.append(name)
        self._values.append(value)

    def add_first(self, name: str, value: str) -> None:
        """
        Put a field above the others of its name, else on top, where Via and Route go.

        :raises ValueError: as for :meth:`add`.
        """
        key = key_of(name)
        self.add(name, value)
        self._move_last(self._keys.index(key) if self._keys.count(key) > 1 else 0)

    def set(self, name: str, value: str) -> None:
        """
        Make this the only field of its name, in the place of the first one, else last.

        :raises ValueError: as for :meth:`add`.
        """
        key = key_of(name)
        if key not in self._keys:
            self.add(name, value)
            return
        _check_value(key, value)
        place = self._keys.index(key)
        self._names[place], self._values[place] = name, value
        for at in range(len(self._keys) - 1, place, -1):
            if self._keys[at] == key:
                self._delete(at)

    def remove(self, name: str) -> None:
        """Drop every field of that name."""
        key = key_of(name)
        if key not in self._keys:
            return
        for at in range(len(self._keys) - 1, -1, -1):
            if self._keys[at] == key:
                self._delete(at)

    def replace_value(self, name: str, value: str) -> None:
        """
        Put *value* in the place of the topmost single value of that name, which there is.

        :raises ValueError: it would break out of its field.
        :raises BadRequest: a quote or an angle bracket without its partner.
        """
        key = key_of(name)
        _check_value(key, value)
        at = self._keys.index(key)
        line = self._values[at]
        self._values[at] = ", ".join([value, *split_values(line)[1:]]) if "," in line else value

    def pop_value(self, name: str) -> str | None:
        """
        Drop and return the topmost single value; None: there is none.

        :raises BadRequest: a quote or an angle bracket without its partner.
        """
        key = key_of(name)
        while key in self._keys:
            at = self._keys.index(key)
            values = split_values(self._values[at])
            if len(values) > 1:
                self._values[at] = ", ".join(values[1:])
            else:
                self._delete(at)
            if values:
                return values[0]
        return None

    def copy(self) -> Headers:
        """Make an independent copy, to change."""
        return _made_of(self._keys.copy(), self._names.copy(), self._values.copy())

    def only(self, all_of: str, first_of: Sequence[str]) -> Headers:
        """
        Copy some fields and no others, those that there are.

        :param all_of: a key of which every field is wanted.
        :param first_of: keys of which the first field is.
        """
        chosen = Headers()
        keys, names, values = chosen._keys, chosen._names, chosen._values
        for at, key in enumerate(self._keys):  # no comprehensions: they cost a call each
            if key == all_of or (key in first_of and key not in keys):
                keys.append(key)
                names.append(self._names[at])
                values.append(self._values[at])
        return chosen

    def _move_last(self, place: int) -> None:
        for column in (self._keys, self._names, self._values):
            column.insert(place, column.pop())

    def _delete(self, at: int) -> None:
        del self._keys[at], self._names[at], self._values[at]


def _check_value(key: str, value: str) -> None:
    if ("\r" in value or "\n" in value or "\x00" in value) and breaks_out(key, value):
        raise ValueError(_BREAKS_OUT)


def _made_of(keys: list[str], names: list[str], values: list[str]) -> Headers:
    headers = Headers.__new__(Headers)
    headers._keys, headers._names, headers._values = keys, names, values  # noqa: SLF001 - its maker
    return headers


def parse_headers(lines: Iterable[str]) -> Headers:
    """
    Read header lines without their ends, folded ones as they came.

    The caller has made sure that no line holds CR or LF, and that they are few; it looks
    for NUL in what comes out.

    :raises BadRequest: a line without a name.
    """
    keys: list[str] = []
    names: list[str] = []
    values: list[str] = []
    for line in lines:
        name, colon, value = line.partition(":")
        key = _KEYS.get(name)
        if key is None or not colon:
            if line[:1] in (" ", "\t") and values:
                values[-1] = f"{values[-1]} {line.strip(LWS)}".strip(LWS)
                continue
            name = name.rstrip(LWS)
            key = _key_in_message(name, colon)
        keys.append(key)
        names.append(name)
        values.append(value.strip(LWS))
    return _made_of(keys, names, values)


def _key_in_message(name: str, colon: str) -> str:
    if not colon:
        raise BadRequest("Header line without a colon")
    try:
        return key_of(name)
    except ValueError:
        raise BadRequest("Bad header field name") from None

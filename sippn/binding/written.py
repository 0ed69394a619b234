"""A record as JSON can hold it, for stores that have no shape of their own to keep it in."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from attrs import asdict, fields_dict

from sippn.binding.values import Binding, PushState, PushTarget, Record


def write_record(record: Record) -> dict[str, Any]:
    """
    All of *record*, in what JSON has: the names of its fields are the format.

    It has PRIDs: what is made of it is a secret.
    """
    return asdict(record, value_serializer=_written)


def read_record(written: Mapping[str, Any]) -> Record:
    """
    The record that :func:`write_record` wrote, in this version of sippn or in another one.

    A field that was not there yet gets its default; one that is not there any more is left out.

    :raises ValueError: that is no record.
    """
    try:
        values = _known(Record, written)
        values["bindings"] = tuple([_binding(one) for one in values["bindings"]])
        values["keys"] = frozenset([bytes.fromhex(key) for key in values.get("keys", ())])
        return Record(**values)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"no record: {type(error).__name__}") from None  # its text may be a PRID


def _written(_: object, __: object, value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, frozenset):
        return sorted(key.hex() for key in value)
    return value


def _binding(written: Mapping[str, Any]) -> Binding:
    values = _known(Binding, written)
    if values.get("push_target") is not None:
        values["push_target"] = PushTarget(**_known(PushTarget, values["push_target"]))
    if "push_state" in values:
        values["push_state"] = PushState(values["push_state"])
    return Binding(**values)


def _known(cls: type, written: Mapping[str, Any]) -> dict[str, Any]:
    names = fields_dict(cls)
    return {name: _tupled(value) for name, value in written.items() if name in names}


def _tupled(value: Any) -> Any:
    return tuple([_tupled(one) for one in value]) if isinstance(value, list | tuple) else value

"""Values of a record as people and JSON take them: exact, and with no bytes or decimals left."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any, Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
INSTANTS: Final = ("time_ns", "start_ns", "end_ns", "at_ns", "watermark_ns")
"""Ends of the names of fields that are nanoseconds since the epoch, and not a length of time."""


def iso_time(at_ns: int) -> str:
    """2013-10-07T13:30:00.000000001Z"""
    return f"{clock(at_ns, UTC).replace(' ', 'T')}Z"


def clock(at_ns: int, zone: tzinfo) -> str:
    """2013-10-07 09:30:00.000000001, as the zone's clocks showed it."""
    seconds, fraction = divmod(at_ns, 1_000_000_000)
    return f"{(EPOCH + timedelta(seconds=seconds)).astimezone(zone):%Y-%m-%d %H:%M:%S}.{fraction:09d}"


def plain(value: Any) -> Any:
    """fastavro's value for JSON: decimals as text, bytes and ids in hexadecimal, a text beside each instant."""
    if isinstance(value, dict):
        fields = {}
        for name, item in value.items():
            fields[name] = plain(item)
            if name.endswith(INSTANTS) and isinstance(item, int):
                fields[name.removesuffix("_ns")] = iso_time(item)
        return fields
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def line(fields: dict[str, Any]) -> str:
    """The fields that are not empty, on one line: decimals without trailing zeros, instants as text."""
    return "  ".join(_named(name, value) for name, value in fields.items() if value or isinstance(value, float))


def _named(name: str, value: Any) -> str:
    if name.endswith(INSTANTS) and isinstance(value, int):
        return f"{name.removesuffix('_ns')}={iso_time(value)}"
    return f"{name}={_short(value)}"


def _short(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return "{" + ", ".join(_named(name, item) for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_short(item) for item in value) + "]"
    return str(value)

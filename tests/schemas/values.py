"""Hypothesis strategies that follow from a schema: records as fastavro takes and gives them."""

from __future__ import annotations

from decimal import Context as DecimalContext
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from schemas.definition import RecordDefinition, SchemaSet, Type, load_events, load_states

EVENTS = load_events()
STATES = load_states()

LONGS = st.one_of(
    st.integers(-(1 << 63), (1 << 63) - 1),
    st.integers(-300, 300),
    st.integers(0, 62).flatmap(lambda bits: st.integers((1 << bits) - 2, (1 << bits) + 1)),
    st.sampled_from([-(1 << 63), (1 << 63) - 1, -(1 << 62), (1 << 62) - 1, -(1 << 61), (1 << 61) - 1]),
)
WIDE = DecimalContext(prec=60)


def exact(value: int) -> Decimal:
    return WIDE.scaleb(Decimal(value), -8)


TEXTS = st.one_of(st.text(max_size=24), st.sampled_from(["", "AAPL", "ACC-00123", "é" * 40, "x" * 300, "🙂", "\0"]))
PRICES = st.integers(-(10**18) + 1, 10**18 - 1).map(exact)
MONEY = st.one_of(
    st.integers(-(10**38) + 1, 10**38 - 1),
    st.integers(-(1 << 65), 1 << 65),
    st.sampled_from([sign * (1 << bits) + near for bits in range(120) for near in (-1, 0, 1) for sign in (1, -1)]),
).map(exact)
PLAIN: dict[str, st.SearchStrategy[Any]] = {
    "long": LONGS,
    "double": st.floats(allow_nan=False),
    "boolean": st.booleans(),
    "string": TEXTS,
    "bytes": st.binary(max_size=80),
    "price": PRICES,
    "money": MONEY,
    "id": st.binary(min_size=16, max_size=16),
}


def values(kind: Type, schemas: SchemaSet) -> st.SearchStrategy[Any]:
    """Every value of a type, the extreme ones often."""
    if kind.kind in PLAIN:
        return PLAIN[kind.kind]
    if kind.kind == "enum":
        return st.sampled_from(schemas.enums[kind.name].symbols)
    if kind.kind == "record":
        return records(schemas.records[kind.name], schemas)
    assert kind.item is not None
    inside = values(kind.item, schemas)
    if kind.kind == "optional":
        return st.none() | inside
    return st.lists(inside, max_size=4) if kind.kind == "array" else st.dictionaries(TEXTS, inside, max_size=4)


def records(definition: RecordDefinition, schemas: SchemaSet) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({item.name: values(item.type, schemas) for item in definition.fields})


def records_of(name: str) -> st.SearchStrategy[dict[str, Any]]:
    """Every record of the event or state schema with this name."""
    schemas = EVENTS if name in EVENTS.records else STATES
    return records(schemas.records[name], schemas)

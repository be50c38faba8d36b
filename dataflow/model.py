"""What an operator may know of the system: records, state, effects, and how an operator is declared.

Theory of operation. An operator is a pure function from (state, record or timer, watermark) to effects. The engine
keeps one `Cell` per operator and key; before a call it points a `Context` at the cell and at the cause, the operator
records its effects on the context, and the engine carries them out afterwards. Nothing here reads a clock, draws a
random number or touches the outside, so the same input always gives the same bytes, on every engine.

Identity. An `event_id` is 16 bytes in two halves. The first half names the input at the edge of the graph from which
the event descends (unique by construction: source number and position); the second is a permutation of the parent's
second half, salted with operator uid and ordinal. Two children of one parent therefore never share an id, a replay
gives the same ids, and every event shows in its first half which input it descends from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from librt.strings import BytesWriter
from mypy_extensions import i64, mypyc_attr

NO_WATERMARK: Final[i64] = -(1 << 62)
"""Watermark before any record was read: earlier than every event time."""
END_OF_TIME: Final[i64] = 1 << 62
"""Watermark when every source has ended: later than every event time."""

LANE: Final = 0x7FFFFFFF
LANE_BITS: Final = 31


def derive_id(parent: i64, salt: i64) -> i64:
    """A 62-bit id from a parent's and a salt: a permutation of `parent` for each salt, equal compiled and interpreted.

    A four-round Feistel network over two 31-bit lanes. No product exceeds 62 bits, so nothing wraps in compiled code.
    """
    low: i64 = (parent ^ salt) & LANE
    high: i64 = ((parent ^ salt) >> LANE_BITS) & LANE
    high = high ^ (((low ^ (low >> 15)) * 0x2C1B3C6D) & LANE)
    low = low ^ (((high ^ (high >> 14)) * 0x297A2D39) & LANE)
    high = high ^ (((low ^ (low >> 16)) * 0x45D9F3B) & LANE)
    low = low ^ (((high ^ (high >> 13)) * 0x5BD1E995) & LANE)
    return (high << LANE_BITS) | low


def hash_text(text: str) -> i64:
    """A 62-bit hash of a text: stable between processes, machines and Python versions."""
    value: i64 = len(text)
    for character in text:
        code: i64 = ord(character)
        value = derive_id(value, code)
    return value


@mypyc_attr(acyclic=True)
class Record:
    """Base of every generated event. The six fields are the common envelope of all schemas.

    `sequence` counts what one producer (a source partition, or an operator and key) has emitted, from 1: a consumer
    sees a gap or a duplicate by it alone. Times are nanoseconds since the epoch, UTC.

    Subclasses set all six in their own constructor, and so does this one: compiled, an integer attribute that some
    constructor may leave out counts as missing where it is -113.
    """

    __slots__ = ("cause_id_hi", "cause_id_lo", "event_id_hi", "event_id_lo", "event_time_ns", "sequence")

    def __init__(self) -> None:
        self.event_id_hi: i64 = 0
        self.event_id_lo: i64 = 0
        self.cause_id_hi: i64 = 0
        self.cause_id_lo: i64 = 0
        self.sequence: i64 = 0
        self.event_time_ns: i64 = 0

    def type_id(self) -> i64:
        """Number of the record's type, the index into the generated `RECORD_TYPES`."""
        raise NotImplementedError

    def key(self, field: i64) -> str:
        """Value of the key field with this number (the index into the generated `KEY_FIELDS`)."""
        raise NotImplementedError

    def encode_into(self, writer: BytesWriter) -> None:
        """Append the record's Avro binary encoding, without schema or frame."""
        raise NotImplementedError

    def to_dict(self) -> dict[str, Any]:
        """The record under its Avro field names, as fastavro takes and gives it (decimals as `Decimal`)."""
        raise NotImplementedError


def with_hashes(entries: dict[Any, Any]) -> dict[str, Any]:
    """An empty dictionary that keeps its keys' hashes, as one of texts alone does not: it grows, and tells that a key
    is not there, without a look at the texts it holds, which lie all over the memory. One that ever held another key
    stays so (CPython 3.11 and 3.12, Objects/dictobject.c, `DICT_KEYS_GENERAL`). For a map that is looked up
    often, before its first entry: most maps of most keys stay empty, and take no memory so."""
    entries[None] = 0
    del entries[None]
    return entries


@mypyc_attr(acyclic=True)
class GrowingMap:
    """Integers by text that are added and never changed or removed one by one: each is encoded once, and the next
    incremental checkpoint holds only those that are new. `entries` is for reading; the codec's own class adds.

    A map that is put in another field of its state must be renewed.
    """

    __slots__ = ("brief", "entries", "fresh", "kept", "kept_parts", "parts")

    def __init__(self) -> None:
        self.entries: dict[str, int] = with_hashes({})
        self.parts: list[bytes] = []
        """Encodings of entries, in their order."""
        self.fresh: BytesWriter = BytesWriter()
        """Encodings of those that came after."""
        self.kept: i64 = 0
        """So many entries are in checkpoints already."""
        self.kept_parts: i64 = 0
        """These are the entries of so many parts."""
        self.brief: bool = False
        """The encoding of the map is to hold only the others."""

    def saved(self, whole: bool) -> None:
        """All of it is in checkpoints now; `whole`: in one."""
        if len(self.fresh) > 0:
            self.parts.append(self.fresh.getvalue())
            self.fresh.truncate(0)
        if whole and len(self.parts) > 1:
            self.parts = [b"".join(self.parts)]
        self.kept = len(self.entries)
        self.kept_parts = len(self.parts)
        self.brief = False

    def renew(self) -> None:
        """To be written whole once more."""
        self.kept = 0
        self.kept_parts = 0

    def follow(self, earlier: GrowingMap) -> None:
        """Put before its entries those of another map, which is not used any more."""
        earlier.entries.update(self.entries)
        self.entries = earlier.entries
        self.parts = earlier.parts + self.parts
        self.saved(whole=False)


NO_MAPS: Final[list[GrowingMap]] = []


@mypyc_attr(acyclic=True)
class State:
    """Base of every generated operator state."""

    __slots__ = ()

    def growing_maps(self) -> list[GrowingMap]:
        """Its maps that only grow, in the order of its schema."""
        return NO_MAPS

    def encode_into(self, writer: BytesWriter) -> None:
        raise NotImplementedError

    def to_dict(self) -> dict[str, Any]:
        raise NotImplementedError


@mypyc_attr(allow_interpreted_subclasses=True)
class RecordType:
    """One event schema: its class and codec. Generated, one instance a schema."""

    def __init__(self, name: str, number: i64, schema_json: str, key_fields: tuple[str, ...]) -> None:
        self.name: Final[str] = name
        self.number: Final[i64] = number
        self.schema_json: Final[str] = schema_json
        self.key_fields: Final[tuple[str, ...]] = key_fields

    def new(self) -> Record:
        """A record with every field at its default."""
        raise NotImplementedError

    def decode_next(self, data: bytes, position: i64) -> tuple[Record, i64]:
        """The record encoded in `data` from `position` on, and where it ends. Raises ValueError for bytes that are
        none."""
        raise NotImplementedError

    def decode(self, data: bytes, position: i64) -> Record:
        """The record alone, whatever follows."""
        return self.decode_next(data, position)[0]

    def decode_whole(self, data: bytes, position: i64) -> Record:
        """The record with which `data` ends. Raises ValueError where bytes follow it, too."""
        record, end = self.decode_next(data, position)
        if end != len(data):
            raise ValueError(f"{len(data) - end} bytes follow the {self.name}")
        return record

    def from_dict(self, fields: dict[str, Any]) -> Record:
        """The record from Avro field names and fastavro's values; missing fields take their defaults."""
        raise NotImplementedError


@mypyc_attr(allow_interpreted_subclasses=True)
class StateType:
    """One state schema: its class and codec. Generated, one instance a schema."""

    def __init__(self, name: str, schema_json: str) -> None:
        self.name: Final[str] = name
        self.schema_json: Final[str] = schema_json

    def new(self) -> State:
        raise NotImplementedError

    def decode_next(self, data: bytes, position: i64) -> tuple[State, i64]:
        raise NotImplementedError

    def decode(self, data: bytes, position: i64) -> State:
        """The state encoded in `data` from `position` on. Raises ValueError for bytes that are none."""
        return self.decode_next(data, position)[0]

    def from_dict(self, fields: dict[str, Any]) -> State:
        raise NotImplementedError


class Cell:
    """What the engine keeps for one operator and key."""

    __slots__ = ("sequence", "state", "timers")

    def __init__(self, state: State) -> None:
        self.state: State = state
        self.sequence: i64 = 0
        self.timers: list[int] | None = None


class Context:
    """The only way out of an operator: what it emits, and which timers it sets.

    Read `key`, `watermark_ns` (no record with an earlier event time is expected any more). Effects take place in the
    order in which they were recorded, after the call returns.
    """

    __slots__ = (
        "cause_hi",
        "cause_lo",
        "cause_time_ns",
        "cell",
        "deleted_timers",
        "emitted",
        "key",
        "late",
        "new_timers",
        "ordinal",
        "salt",
        "watermark_ns",
    )

    def __init__(self) -> None:
        self.key: str = ""
        self.watermark_ns: i64 = NO_WATERMARK
        self.cell: Cell | None = None
        self.salt: i64 = 0
        self.ordinal: i64 = 0
        self.cause_hi: i64 = 0
        self.cause_lo: i64 = 0
        self.cause_time_ns: i64 = 0
        self.emitted: list[Record] = []
        self.late: list[Record] = []
        self.new_timers: list[int] = []
        self.deleted_timers: list[int] = []

    def emit(self, record: Record) -> None:
        """Send `record` to the operator's output for its type. Fills the envelope: ids, sequence, and the event time
        of the cause where the operator left it 0."""
        cell = self.cell
        assert cell is not None
        self.ordinal += 1
        record.event_id_hi = self.cause_hi
        record.event_id_lo = derive_id(self.cause_lo, self.salt + self.ordinal)
        record.cause_id_hi = self.cause_hi
        record.cause_id_lo = self.cause_lo
        cell.sequence += 1
        record.sequence = cell.sequence
        if record.event_time_ns == 0:
            record.event_time_ns = self.cause_time_ns
        self.emitted.append(record)

    def emit_late(self, record: Record) -> None:
        """Send an input that came too late to count to the operator's late output, whole."""
        self.late.append(record)

    def set_timer(self, at_ns: i64) -> None:
        """Call `on_timer` once the watermark has reached `at_ns`. Setting the same time twice sets one timer."""
        self.new_timers.append(at_ns)

    def delete_timer(self, at_ns: i64) -> None:
        """Forget a timer; one that was never set is ignored."""
        self.deleted_timers.append(at_ns)


S = TypeVar("S", bound=State)


@mypyc_attr(allow_interpreted_subclasses=True)
class KeyedOperator(Generic[S]):
    """One business function over one key at a time. Subclass it; take parameters in `__init__`; keep no other field
    that changes: all that must survive is in the state."""

    def on_record(self, state: S, record: Record, context: Context) -> None:
        raise NotImplementedError

    def on_timer(self, state: S, at_ns: i64, context: Context) -> None:
        """Called when the watermark has reached a timer this key has set."""
        raise NotImplementedError


@dataclass(frozen=True)
class NoParameters:
    """Parameters of an operator that has none."""


@dataclass(frozen=True)
class OperatorType:
    """An entry of the catalogue: everything the graph needs to know of an operator before it runs.

    `parameters` is a frozen dataclass whose fields have plain types (int, float, str, bool, tuple of these) and
    defaults; pipelines.yaml may set each by name. `operator` is called with one instance of it.
    """

    name: str
    summary: str
    operator: Any
    """`Callable[[P], KeyedOperator]` where P is `parameters`."""
    state: StateType
    key: tuple[str, ...]
    """Key fields the operator requires, for example ("symbol",) or ("account", "symbol")."""
    inputs: tuple[str, ...]
    """Record types it takes."""
    outputs: tuple[str, ...]
    """Record types it emits."""
    parameters: type = NoParameters
    uses_timers: bool = False

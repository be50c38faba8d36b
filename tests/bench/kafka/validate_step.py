"""The validate step as a user of another engine would call it: a message's value in, messages out.

Operator, records and codecs are ours; around them there is only what the step cannot do without, and less
than the job does: state is a dictionary that nobody saves, and messages carry no headers.
"""

from __future__ import annotations

from confluent_kafka import Consumer, KafkaError, TopicPartition

from dataflow.blocks import encoded
from dataflow.model import Cell, Context, Record, RecordType, hash_text
from operators.validate import Validate, ValidateParameters
from schemas.generated.events import (
    INSTRUMENT_CHANGED,
    ORDER_CANCEL_REQUESTED,
    ORDER_PLACED,
    ORDER_REPLACE_REQUESTED,
    PRICE_UPDATED,
    TRADING_STATUS_CHANGED,
)
from schemas.generated.states import VALIDATE_STATE

REQUESTS: list[RecordType] = [ORDER_PLACED, ORDER_CANCEL_REQUESTED, ORDER_REPLACE_REQUESTED]
REFERENCE: list[RecordType] = [INSTRUMENT_CHANGED, TRADING_STATUS_CHANGED]
FRAME = b"\0\0\0\0\1"
PATIENCE_S = 30.0


class ValidateStep:
    """The operator with its state by symbol."""

    def __init__(self) -> None:
        self.operator = Validate(ValidateParameters())
        self.context = Context()
        self.context.salt = hash_text("validate")
        self.cells: dict[str, Cell] = {}

    def know(self, brokers: str, topics: dict[str, int]) -> None:
        """Read instruments and prices from these topics (partitions of each) before the first order."""
        consumer = Consumer({"bootstrap.servers": brokers, "group.id": "known", "enable.partition.eof": True})
        for topic, partitions in topics.items():
            types = REFERENCE if topic.endswith("reference-data") else [PRICE_UPDATED]
            consumer.assign([TopicPartition(topic, number, 0) for number in range(partitions)])
            ended = 0
            while ended < partitions:
                for message in consumer.consume(1, PATIENCE_S) + consumer.consume(10_000, 0):
                    error = message.error()
                    if error is None:
                        self._take(_decoded(message.value() or b"", types))
                    elif error.code() == KafkaError._PARTITION_EOF:
                        ended += 1
        consumer.close()

    def messages(self, value: bytes) -> list[bytes]:
        """Values of what the order of this message comes to."""
        return [FRAME + encoded(record) for record in self._take(_decoded(value, REQUESTS))]

    def _take(self, record: Record) -> list[Record]:
        symbol: str = record.symbol  # type: ignore[attr-defined]
        cell = self.cells.get(symbol)
        if cell is None:
            cell = self.cells[symbol] = Cell(VALIDATE_STATE.new())
        context = self.context
        context.key, context.cell = symbol, cell
        context.cause_hi, context.cause_lo = record.event_id_hi, record.event_id_lo
        context.cause_time_ns, context.ordinal = record.event_time_ns, 0
        self.operator.on_record(cell.state, record, context)  # type: ignore[arg-type]
        found, context.emitted, context.late = context.emitted, [], []
        return found


def _decoded(value: bytes, types: list[RecordType]) -> Record:
    if len(types) == 1:
        return types[0].decode(value, 5)
    return types[value[5] >> 1].decode(value, 6)

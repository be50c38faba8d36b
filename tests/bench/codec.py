"""Our generated codec against fastavro, record by record, on what the simulated day holds."""

from __future__ import annotations

import io
import json

import fastavro
from librt.strings import BytesWriter
from measure import cpu_seconds

from dataflow.blocks import encoded
from dataflow.model import Record, RecordType

ROUNDS = 5


def encode_ours(records: list[Record]) -> None:
    writer = BytesWriter()
    for record in records:
        writer.truncate(0)
        record.encode_into(writer)
        writer.getvalue()


def decode_ours(data: list[bytes], record_type: RecordType) -> None:
    for item in data:
        record_type.decode(item, 0)


def encode_fastavro(values: list[dict[str, object]], schema: object) -> None:
    for value in values:
        out = io.BytesIO()
        fastavro.schemaless_writer(out, schema, value)
        out.getvalue()


def decode_fastavro(data: list[bytes], schema: object) -> None:
    for item in data:
        fastavro.schemaless_reader(io.BytesIO(item), schema, None)


def speedups(records: list[Record], record_type: RecordType) -> tuple[list[float], list[float]]:
    """How many times faster ours is, on encode and on decode, per interleaved round."""
    schema = fastavro.parse_schema(json.loads(record_type.schema_json))
    values = [record.to_dict() for record in records]
    data = [encoded(record) for record in records]
    encode, decode = [], []
    for _ in range(ROUNDS):
        ours = cpu_seconds(lambda: encode_ours(records))
        encode.append(cpu_seconds(lambda: encode_fastavro(values, schema)) / ours)
        ours = cpu_seconds(lambda: decode_ours(data, record_type))
        decode.append(cpu_seconds(lambda: decode_fastavro(data, schema)) / ours)
    return encode, decode

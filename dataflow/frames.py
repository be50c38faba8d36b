"""Takes batches of messages out of Confluent's frame: a zero byte, the schema id in four bytes, the Avro data.

Source: Confluent Platform documentation, "Wire format".
"""

from __future__ import annotations

from typing import Final

from librt.strings import read_i32_be
from mypy_extensions import i64

from dataflow.model import Record, RecordType

FRAME_BYTES: Final = 5


def decode_frames(frames: list[bytes], types: list[RecordType | None], bad: list[tuple[int, int, str]]) -> list[Record]:
    """The records of these messages, in order. `types` holds the record type of each schema id.

    A message that is none is left out and noted in `bad`: its index, its schema id (-1 where there is none), and why.
    """
    records: list[Record] = []
    for index, data in enumerate(frames):
        schema_id: i64 = -1
        if len(data) >= FRAME_BYTES and data[0] == 0:
            schema_id = i64(read_i32_be(data, 1))
        record_type: RecordType | None = None
        if 0 <= schema_id < len(types):
            record_type = types[schema_id]
        if record_type is None:
            bad.append((index, schema_id, "no frame" if schema_id < 0 else f"schema id {schema_id} is unknown"))
        else:
            try:
                records.append(record_type.decode_whole(data, FRAME_BYTES))
            except ValueError as error:
                bad.append((index, schema_id, str(error)))
    return records

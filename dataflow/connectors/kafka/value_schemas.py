"""The schema of the values in a stream's topic.

It says in `tapeline.key` which field the stream is keyed by: readers ignore it, and another key is another schema.
"""

from __future__ import annotations

import json
from typing import Any, Final

from dataflow.avro_container import stream_schema
from dataflow.graph import Stream

KEY: Final = "tapeline.key"


def value_schema(stream: Stream) -> str:
    """The schema of the values in a stream's topic, as JSON."""
    schema = stream_schema(stream)
    key = stream.key
    keyed = [_with_key(item, key) for item in schema] if isinstance(schema, list) else _with_key(schema, key)
    return json.dumps(keyed, separators=(",", ":"))


def _with_key(schema: Any, key: str) -> Any:
    return {**schema, KEY: key} if isinstance(schema, dict) else schema


def key_of(schema_json: str) -> str:
    """The field that streams of this schema are keyed by; empty where it does not say."""
    schema = json.loads(schema_json)
    records = schema if isinstance(schema, list) else [schema]
    return next((str(item[KEY]) for item in records if isinstance(item, dict) and KEY in item), "")

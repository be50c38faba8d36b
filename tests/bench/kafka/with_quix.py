"""The validate step in Quix Streams, exactly once. `python with_quix.py JSON` runs it until it is ended."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from quixstreams import Application  # type: ignore[import-not-found, unused-ignore]

sys.path.append(str(Path(__file__).parents[3]))

from tests.bench.kafka.validate_step import ValidateStep


def main() -> None:
    given = json.loads(sys.argv[1])
    step = ValidateStep()
    step.know(given["brokers"], given["known"])
    app = Application(
        broker_address=given["brokers"],
        consumer_group=f"{given['name']}quix",
        processing_guarantee="exactly-once",
        auto_offset_reset="earliest",
        auto_create_topics=False,
        loglevel="WARNING",
    )
    orders = app.topic(given["orders"], value_deserializer="bytes", key_deserializer="bytes")
    out = app.topic(given["out"], value_serializer="bytes", key_serializer="bytes")
    frame = app.dataframe(orders)
    frame.apply(step.messages, expand=True).to_topic(out)
    app.run()


if __name__ == "__main__":
    main()

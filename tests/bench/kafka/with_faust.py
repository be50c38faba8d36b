"""The validate step in Faust: an agent over the orders. `python with_faust.py JSON` runs it until it is ended.

At least once: Faust's exactly-once takes its transactional id from the partition written to and commits offsets in
another transaction under the id of the partition read.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import faust  # type: ignore[import-not-found, unused-ignore]

sys.path.append(str(Path(__file__).parents[3]))

from tests.bench.kafka.validate_step import ValidateStep

GIVEN = json.loads(sys.argv.pop())
STEP = ValidateStep()
APP = faust.App(
    f"{GIVEN['name']}faust",
    broker=f"kafka://{GIVEN['brokers']}",
    store="memory://",
    value_serializer="raw",
    key_serializer="raw",
    topic_allow_declare=False,
    topic_disable_leader=True,
    topic_partitions=GIVEN["partitions"],
    consumer_auto_offset_reset="earliest",
    web_enabled=False,
)
ORDERS = APP.topic(GIVEN["orders"], key_type=bytes, value_type=bytes)
OUT = APP.topic(GIVEN["out"], key_type=bytes, value_type=bytes)


@APP.agent(ORDERS)  # type: ignore[untyped-decorator, unused-ignore]
async def validate(stream: faust.Stream[bytes]) -> None:
    async for key, value in stream.items():
        for result in STEP.messages(value):
            await OUT.send(key=key, value=result)


if __name__ == "__main__":
    STEP.know(GIVEN["brokers"], GIVEN["known"])
    sys.argv += ["worker", "--without-web", "-l", "warn"]
    APP.main()

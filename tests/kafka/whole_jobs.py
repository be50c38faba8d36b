"""The jobs of pipelines.yaml on a real cluster, with few partitions and a small market, and what they left there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, KafkaError, TopicPartition

from dataflow.connectors.log.reader import LogReader
from dataflow.graph import Graph, KafkaSettings
from dataflow.load import load_graph
from dataflow.storage import DirectoryStorage
from jobs.catalog import catalog

TREE = Path(__file__).parents[2]
PARTITIONS = 3
INPUT = (
    "--source", "market=simulator:seed=5,symbols=4,events=6000",
    "--source", "orders=order_flow:accounts=20,orders=800",
    "--source", "accounts=accounts:accounts=20,orders=800",
)  # fmt: skip
WRITTEN = ("market-data", "analytics", "alerts", "validated-orders", "risk-events", "order-events", "trades")
PATIENCE_S = 60
READING = {"isolation.level": "read_committed", "enable.partition.eof": True, "enable.auto.commit": False}

Records = dict[str, list[dict[str, Any]]]
"""By key, in order."""


class WholeJobs:
    """`tapeline` in processes of its own, on one cluster."""

    def __init__(self, folder: Path, settings: KafkaSettings) -> None:
        self.folder = folder
        self.settings = settings
        self.path = folder / "pipelines.yaml"
        text = (TREE / "pipelines.yaml").read_text()
        self.path.write_text(re.sub(r"partitions: \d+", f"partitions: {PARTITIONS}", text))
        self.variables = {
            **os.environ,
            "TAPELINE_KAFKA": settings.brokers,
            "TAPELINE_REGISTRY": settings.registry,
            "TAPELINE_KAFKA_PREFIX": settings.prefix,
        }

    def graph(self) -> Graph:
        return load_graph(self.path, catalog(), "default", self.variables)

    def begin(self, *words: str, **variables: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-P", "-c", "from jobs.cli import main; main()", *words]
        command += ["--pipelines", str(self.path)]
        environment = {**self.variables, **variables}
        return subprocess.Popen(
            command, cwd=TREE, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def do(self, *words: str, **variables: str) -> str:
        """Run to the end, which must be a good one."""
        process = self.begin(*words, **variables)
        output, errors = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, errors
        return output

    def make_topics(self) -> None:
        self.do("topics", "apply")

    def feed(self, *options: str) -> None:
        self.do("feed", "--quiet", "--data", str(self.folder / "feed"), *INPUT, *options)

    def run(self, data: str, *options: str, **variables: str) -> subprocess.Popen[str]:
        """A run of all jobs, without ClickHouse, in this directory."""
        words = ("run", "--quiet", "--without", "clickhouse", "--data", str(self.folder / data), *options)
        return self.begin(*words, **variables)

    def finish(self, data: str, *options: str) -> None:
        """A run up to what is there now."""
        process = self.run(data, "--until", "latest", *options)
        _, errors = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, errors

    def on_topics(self, streams: tuple[str, ...] = WRITTEN) -> dict[str, Records]:
        return {stream: self._records(stream) for stream in streams}

    def in_logs(self, data: str, streams: tuple[str, ...] = WRITTEN) -> dict[str, Records]:
        """The same of the local topic logs in this directory."""
        storage, graph = DirectoryStorage(self.folder / data), self.graph()
        found: dict[str, Records] = {}
        for stream in streams:
            by_key: Records = defaultdict(list)
            for entry in LogReader(storage, stream).read(0):
                by_key[entry.fields[graph.streams[stream].key]].append({"type": entry.type, **entry.fields})
            found[stream] = dict(by_key)
        return found

    def event_ids(self, stream: str) -> list[str]:
        """As the messages' headers have them."""
        return [dict(message.headers())["event_id"].decode() for message in self.messages(stream)]

    def messages(self, stream: str) -> list[Any]:
        """Committed messages of a topic, read by a plain consumer; partition by partition, each in order."""
        topic = self.settings.topic(stream)
        found: dict[int, list[Any]] = {number: [] for number in range(PARTITIONS)}
        consumer = Consumer({"bootstrap.servers": self.settings.brokers, "group.id": "witness", **READING})
        consumer.assign([TopicPartition(topic, number, 0) for number in found])
        ends = 0
        while ends < PARTITIONS:
            message = consumer.poll(PATIENCE_S)
            assert message is not None
            if message.error() is None:
                found[message.partition()].append(message)
            else:
                assert message.error().code() == KafkaError._PARTITION_EOF
                ends += 1
        consumer.close()
        return [message for messages in found.values() for message in messages]

    def _records(self, stream: str) -> Records:
        schemas = self.graph().streams[stream].schemas
        by_key: Records = defaultdict(list)
        for message in self.messages(stream):
            value = message.value()
            branch, start = (value[5] >> 1, 6) if len(schemas) > 1 else (0, 5)
            record = schemas[branch].decode(value, start)
            by_key[message.key().decode()].append({"type": schemas[branch].name, **record.to_dict()})
        return dict(by_key)

"""A small pipelines.yaml of this tree's own records, with few partitions, and the commands run on it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from click.testing import CliRunner, Result

from dataflow.graph import Graph, KafkaSettings
from dataflow.load import load_graph
from jobs.catalog import catalog
from jobs.cli import main

SMALL = """\
version: 1
dead_letters: dead-letters
streams:
  raw-market-data: {schema: MarketDataReceived, key: symbol, partitions: 4, retention: 24h, compression: lz4}
  market-data: {schema: PriceUpdated, key: symbol, partitions: 2, retention: 30d, compression: snappy}
  market-data-rejects: {schema: MarketDataRejected, key: symbol, partitions: 1, retention: 30d}
  dead-letters: {schema: DeadLetter, key: source, partitions: 1, retention: 30d, compression: zstd}
  orders:
    planned: true
    schema: [OrderPlaced, OrderCancelRequested]
    key: account
    partitions: 3
    retention: 1y
sources:
  market: {uses: simulator, stream: raw-market-data}
operators:
  - {uid: normalise, uses: normalise, inputs: [raw-market-data], outputs: [market-data, market-data-rejects],
     key: [symbol]}
sinks:
  log: {uses: log, streams: "*"}
jobs:
  market: {operators: [normalise], sinks: [log]}
kafka:
  brokers: ${TAPELINE_KAFKA:}
  registry: ${TAPELINE_REGISTRY:}
  prefix: ${TAPELINE_KAFKA_PREFIX:}
  security:
    protocol: ${TAPELINE_KAFKA_PROTOCOL:PLAINTEXT}
    user: ${TAPELINE_KAFKA_USER:}
    password: ${TAPELINE_KAFKA_PASSWORD:}
    ca: ${TAPELINE_KAFKA_CA:}
"""
STREAMS = 5


def variables(settings: KafkaSettings) -> dict[str, str]:
    """The settings as a user would give them."""
    security = settings.security
    return {
        "TAPELINE_KAFKA": settings.brokers,
        "TAPELINE_REGISTRY": settings.registry,
        "TAPELINE_KAFKA_PREFIX": settings.prefix,
        "TAPELINE_KAFKA_PROTOCOL": security.protocol,
        "TAPELINE_KAFKA_USER": security.user,
        "TAPELINE_KAFKA_PASSWORD": security.password,
        "TAPELINE_KAFKA_CA": security.ca,
    }


class Terminal:
    """`tapeline` on one cluster. The text of pipelines.yaml may be changed between commands."""

    def __init__(self, folder: Path, settings: KafkaSettings) -> None:
        self.path = folder / "pipelines.yaml"
        self.settings = settings
        self.write(SMALL)

    def write(self, text: str) -> None:
        self.path.write_text(text)

    def change(self, old: str, new: str) -> None:
        """Replaces a part of the file, which must be there."""
        text = self.path.read_text()
        assert old in text
        self.write(text.replace(old, new))

    def graph(self) -> Graph:
        return load_graph(self.path, catalog(), "default", self.variables())

    def variables(self) -> Mapping[str, str]:
        return variables(self.settings)

    def run(self, group: str, command: str, *arguments: str) -> Result:
        words = [group, command, "--pipelines", str(self.path), *arguments]
        return CliRunner(env=dict(self.variables())).invoke(main, words)


def rows(result: Result) -> list[list[str]]:
    """The words of each line of output."""
    return [text.split() for text in result.output.splitlines() if text.strip()]

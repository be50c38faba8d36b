"""One job on Kafka with its input: topics of its own, the feed, and lives of the job, one after another."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.cimpl import NewTopic

from dataflow.fault_points import VARIABLE
from dataflow.graph import Graph
from dataflow.load import load_graph
from dataflow.services.registry import Registry
from dataflow.storage import DirectoryStorage
from jobs.catalog import catalog
from jobs.feeds.open_source import open_source
from jobs.matched_sources import matched_specifications
from tests.chaos.kafka_broker import ChaosBroker
from tests.chaos.kafka_lives import TREE, Launcher, Life, check_ended

PARTITIONS: Final = 3
APPLICATION: Final = "chaos"
TURNS: Final = f"tapeline-{APPLICATION}-turns"
KNOWN_S: Final = 30.0
CHECKPOINT_MS: Final = "150"


@dataclass(frozen=True)
class Day:
    """What is fed."""

    seed: int = 1
    events: int = 8_000
    orders: int = 2_500
    accounts: int = 60

    def records(self) -> int:
        """About as many as are fed."""
        return self.events + self.orders

    def sources(self) -> tuple[str, ...]:
        market = f"market=simulator:seed={self.seed},symbols=6,events={self.events}"
        orders = f"accounts={self.accounts},orders={self.orders}"
        return market, f"orders=order_flow:{orders}", f"accounts=accounts:{orders}"

    def options(self) -> list[str]:
        return [word for source in self.sources() for word in ("--source", source)]


@dataclass(frozen=True)
class Setting:
    """How the lives of a world run."""

    order: str = "arrival"
    """`time`: the job begins when its input is complete; `arrival`: beside the feed."""
    rate: int = 300
    """Records a second of the feed in arrival order, of the job in the order of time: the input lasts for all lives."""
    timeout_ms: int = 10_000
    """Of transactions."""


@dataclass(frozen=True)
class Cluster:
    """What worlds share."""

    broker: ChaosBroker
    launcher: Launcher
    registry: Registry | None = None


class World:
    """Topics under one prefix, and everything that reads or writes them."""

    def __init__(self, folder: Path, cluster: Cluster, prefix: str, day: Day, setting: Setting) -> None:
        self.folder = folder
        self.broker = cluster.broker
        self.launcher = cluster.launcher
        self.registry = cluster.registry
        self.prefix = prefix
        self.day = day
        self.setting = setting
        self.brokers = self.broker.brokers
        """Where the job and the feed find the broker."""
        self.seen = 0
        """Where the turns topic ended when last asked."""
        self.copies = 0
        self.data = folder / "data"
        """Of the instance that counts: two instances at once have one each."""
        self.feeding: Life | None = None
        folder.mkdir(parents=True)
        self.pipelines = folder / "pipelines.yaml"
        text = (TREE / "pipelines.yaml").read_text()
        self.pipelines.write_text(re.sub(r"partitions: (\d+)", few_partitions, text))
        self.graph: Graph = load_graph(self.pipelines, catalog())
        self.watcher = Consumer(
            {"bootstrap.servers": self.broker.brokers, "group.id": f"{prefix}watch", "log_level": 0}
        )

    # Topics

    def make_topics(self) -> None:
        streams = self.graph.streams.items()
        new = [NewTopic(self.topic(name), stream.partitions, 1) for name, stream in streams if not stream.planned]
        admin = self.broker.admin()
        for made in admin.create_topics(new).values():
            made.result()
        wanted, deadline = {topic.topic for topic in new}, time.monotonic() + KNOWN_S
        while not wanted <= admin.list_topics(timeout=10).topics.keys():
            if time.monotonic() > deadline:
                raise RuntimeError("the broker does not know the topics that it has made")
            time.sleep(0.05)

    def topic(self, stream: str) -> str:
        return f"{self.prefix}{stream}"

    def transactions(self) -> int:
        """Where the turns topic ends: it grows with each transaction."""
        with suppress(KafkaException):
            self.seen = self.watcher.get_watermark_offsets(TopicPartition(self.topic(TURNS), 0), timeout=2)[1]
        return self.seen

    def wait_for_transactions(self, more: int, life: Life, timeout_s: float = 20.0) -> bool:
        """Until there are so many more, or the life has ended."""
        wanted, deadline = self.transactions() + more, time.monotonic() + timeout_s
        while self.transactions() < wanted:
            if not life.lives() or time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    # Processes

    def variables(self, kill_at: str = "") -> dict[str, str]:
        return {
            "TAPELINE_KAFKA": self.brokers,
            "TAPELINE_KAFKA_PREFIX": self.prefix,
            "TAPELINE_REGISTRY": "" if self.registry is None else self.registry.url,
            VARIABLE: kill_at,
        }

    def arguments(self, command: str, *options: str) -> list[str]:
        return [command, "--pipelines", str(self.pipelines), "--quiet", *options]

    def start_feed(self, kill_at: str = "", is_slow: bool = True) -> Life:
        """Go on feeding, in a process of its own."""
        resume = ("--resume",) if (self.folder / "feed").exists() else ()
        rate = ("--rate", str(self.setting.rate)) if is_slow else ()
        options = ("--data", str(self.folder / "feed"), *rate, *self.day.options(), *resume)
        self.feeding = self.launcher.start(self.arguments("feed", *options), self.variables(kill_at))
        return self.feeding

    def end_feed(self) -> None:
        """As fast as it can, until all that the sources bring is in the topics."""
        if self.feeding is not None:
            self.feeding.kill()
        check_ended(self.start_feed(is_slow=False), "the feed")

    def is_fed(self) -> bool:
        """All of the input is in the topics."""
        return self.feeding is not None and not self.feeding.lives()

    def live(self, kill_at: str = "", *options: str) -> Life:
        """Start the job, which goes on where it was."""
        is_bounded = self.setting.order == "time"
        until = ("--until", "latest", "--rate", str(self.setting.rate)) if is_bounded else ()
        return self.run_on(self.data, *until, *options, kill_at=kill_at)

    def another_data(self) -> Path:
        """A directory for an instance on another machine: nothing is in it."""
        self.copies += 1
        return self.folder / f"data-{self.copies}"

    def last_life(self) -> Life:
        """The job until it has done all that there is."""
        return self.run_on(self.data, "--until", "latest")

    def again(self) -> Path:
        """All of it again from the first turn, by what the turns topic says, into local logs: where they are."""
        data = self.folder / "again"
        check_ended(self.run_on(data, "--until", "latest", "--with-logs"), "the replay from the first turn")
        return data

    def from_files(self, data: Path) -> None:
        """The undisturbed run without Kafka, into local logs there."""
        variables = {**self.variables(), "TAPELINE_KAFKA": "", "TAPELINE_REGISTRY": ""}
        options = ("--without", "clickhouse", "--data", str(data), *self.day.options())
        check_ended(self.launcher.start(self.arguments("run", *options), variables), "the run on files")

    def run_on(self, data: Path, *options: str, kill_at: str = "") -> Life:
        """The job with its checkpoints in this directory."""
        fixed = ("--without", "clickhouse", "--checkpoint-ms", CHECKPOINT_MS, "--application", APPLICATION)
        timeout = ("--transaction-timeout-ms", str(self.setting.timeout_ms), "--order", self.setting.order)
        words = self.arguments("run", *fixed, *timeout, "--data", str(data), "--resume", *options)
        return self.launcher.start(words, self.variables(kill_at))

    # What there must be

    def inputs(self) -> dict[str, int]:
        """Records that the sources bring into each stream, counted from the sources themselves."""
        names = tuple(self.graph.sources)
        specifications = matched_specifications(self.graph, names, self.day.sources())
        return {self.graph.sources[name].stream: count(specifications[name], name) for name in names}

    def storage(self, data: Path | None = None) -> DirectoryStorage:
        return DirectoryStorage(data or self.data)

    @contextmanager
    def with_timeout(self, timeout_ms: int) -> Iterator[None]:
        """Lives begun within have another transaction timeout."""
        before = self.setting
        self.setting = replace(before, timeout_ms=timeout_ms)
        try:
            yield
        finally:
            self.setting = before

    def close(self) -> None:
        """Take away topics and files."""
        if self.feeding is not None:
            self.feeding.kill()
        self.watcher.close()
        admin = self.broker.admin()
        names = [name for name in admin.list_topics(timeout=10).topics if name.startswith(self.prefix)]
        for gone in admin.delete_topics(names).values() if names else ():
            gone.result()
        shutil.rmtree(self.folder, ignore_errors=True)


def few_partitions(found: re.Match[str]) -> str:
    return f"partitions: {min(PARTITIONS, int(found[1]))}"


def count(specification: str, name: str) -> int:
    source = open_source(specification, name)
    source.open(None)
    records = 0
    while (batch := source.read()) is not None:
        records += len(batch.records)
    return records

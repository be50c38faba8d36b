"""Partitions whose records arrive when a seed says so, and a ledger in memory that forgets what was not committed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

from dataflow.engines.embedded.checkpoints import CheckpointStore
from dataflow.engines.embedded.outbox import Outbox
from dataflow.engines.embedded.runner import Edges, Runner, Settings
from dataflow.engines.embedded.wiring import wire
from dataflow.engines.embedded.worker import InlineWorker
from dataflow.model import Record
from dataflow.ports import Batch, Post, Storage, Transaction, Turn
from dataflow.testing.pipeline import MemorySink
from jobs.letters import vocabulary
from tests.engine.small_graph import Windows, graph

SOURCE = "in-0"


class Partition:
    """`dataflow.ports.Source`: offset n is its n-th record. What has not arrived is not read."""

    def __init__(self, records: list[Record]) -> None:
        self.records = records
        self.next = 0
        self.arrived = 0

    def open(self, position: Any | None) -> None:
        self.next = self.arrived = position or 0

    def read(self) -> Batch | None:
        start, self.next = self.next, self.arrived
        if start == len(self.records):
            return None
        return Batch(start, self.records[start : self.next], list(range(start + 1, self.next + 1)))

    def expected_records(self) -> int | None:
        return len(self.records)

    def close(self) -> None:
        return


def arrive(partitions: dict[str, Partition]) -> None:
    """All there is has come."""
    for partition in partitions.values():
        partition.arrived = len(partition.records)


class Connection:
    """`dataflow.ports.Arrivals` over partitions by name."""

    def __init__(self, partitions: dict[str, Partition], random: Random) -> None:
        self.partitions = partitions
        self.random = random

    def wait(self, timeout_s: float) -> list[str]:
        names = [name for name in self.partitions if self.random.random() < 0.5]
        for name in names:
            partition = self.partitions[name]
            partition.arrived = min(len(partition.records), partition.arrived + self.random.randint(0, 5))
        return names

    def fell_silent(self) -> list[str]:
        return [name for name in self.partitions if self.random.random() < 0.1]


class Cluster:
    """What outlives a run: committed transactions and the messages that they made visible. Those of streams that
    linger are made visible later; `visible` counts them."""

    def __init__(self, lingering: tuple[str, ...] = ()) -> None:
        self.visible = dict.fromkeys(lingering, 0)
        self.transactions: list[Transaction] = []
        self.messages: dict[str, list[bytes]] = {}
        self.offsets: dict[str, int] = {}


class MemoryLedger:
    """`dataflow.ports.Ledger` that commits every few turns."""

    def __init__(self, cluster: Cluster, random: Random) -> None:
        self.cluster = cluster
        self.random = random
        self.after = 0
        self.turns: list[Turn] = []
        self.posts: list[Post] = []
        self.waiting: list[tuple[Post, int]] = []
        """What will linger when its turns are committed, with the numbers of the posts' last records."""
        self.held: list[tuple[Post, int]] = []
        """What lingers."""
        self.marks: dict[str, int] = {}
        self.totals: dict[str, int] = {}

    def follow(self, position: Any | None, silence_s: float) -> Iterator[Transaction | None]:
        self.open(position)
        yield from self.recover()
        self.after = len(self.cluster.transactions)

    def open(self, position: Any | None) -> None:
        self.after = self.after if position is None else position
        transactions = self.cluster.transactions
        totals = dict(transactions[-1].totals) if transactions else {}
        transactions.append(Transaction(len(transactions) + 1, [], totals))

    def recover(self) -> Iterator[Transaction]:
        for transaction in self.cluster.transactions[self.after :]:
            self.totals = dict(transaction.totals)
            yield transaction

    def visible(self) -> dict[str, int]:
        return dict(self.cluster.visible)

    def hold(self, posts: list[Post], totals: dict[str, int]) -> None:
        self.held += [(post, totals[post.stream]) for post in posts]

    def release(self, most: int) -> None:
        """Make the first of what lingers visible. Nothing of it is twice there, or left out."""
        for post, last in self.held[:most]:
            self.cluster.messages.setdefault(post.stream, []).extend(post.values)
            self.cluster.visible[post.stream] += len(post.values)
            assert self.cluster.visible[post.stream] == last
        self.held = self.held[most:]

    def end_turn(self, turn: Turn, posts: list[Post], marks: dict[str, int], totals: dict[str, int]) -> None:
        self.turns.append(turn)
        self.posts += [post for post in posts if post.stream not in self.cluster.visible]
        self.waiting += [(post, totals[post.stream]) for post in posts if post.stream in self.cluster.visible]
        self.marks |= marks
        self.totals |= totals
        if self.random.random() < 0.3:
            self.commit()

    def commit(self) -> None:
        cluster = self.cluster
        cluster.transactions.append(Transaction(len(cluster.transactions) + 1, self.turns, dict(self.totals)))
        for post in self.posts:
            cluster.messages.setdefault(post.stream, []).extend(post.values)
        cluster.offsets |= self.marks
        self.held += self.waiting
        self.turns, self.posts, self.waiting, self.marks = [], [], [], {}
        self.release(self.random.randint(0, 3))

    def mark(self, checkpoint: int) -> None:
        self.commit()
        self.release(len(self.held))

    def prepare(self, checkpoint: int) -> Any:
        return len(self.cluster.transactions)

    def close(self) -> None:
        return


def runner(
    inputs: list[list[Record]], cluster: Cluster, storage: Storage, sink: MemorySink, chance: tuple[int, bool]
) -> Runner:
    """A run over these partitions, not yet started. `chance` is the seed of what is drawn, and whether records
    are taken as they arrive. The sink gets what the output stream holds, visible in the cluster or not."""
    seed, by_arrival = chance
    random = Random(seed)
    wiring = wire(graph(Windows, delay_ms=2_000), ("test",), vocabulary(), {SOURCE: len(inputs)})
    out = wiring.channels["out"]
    out.outbox, out.kept = Outbox("out", b"\0frame", vocabulary().key_fields.index("symbol")), True
    partitions = {name: Partition(records) for name, records in zip(wiring.sources, inputs, strict=True)}
    edges = Edges(
        dict(partitions),
        {"memory": (sink, ("out",))},
        ledger=MemoryLedger(cluster, random),
        arrivals=Connection(partitions, random) if by_arrival else None,
    )
    if not by_arrival:
        edges = replace(edges, opened=lambda: arrive(partitions))
    settings = Settings(checkpoint_every_records=random.randint(5, 60), turn_records=random.randint(1, 9))
    return Runner(wiring, edges, CheckpointStore(storage), InlineWorker(), settings)

"""The parts of the benchmark: each measures one thing and gives its section."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from tests.bench.kafka import latency, memory, others, recovery, throughput
from tests.bench.kafka.cluster import AS_DECLARED
from tests.bench.kafka.latency import Load
from tests.bench.kafka.memory import Shift
from tests.bench.kafka.others import Contenders, Unavailable
from tests.bench.kafka.recovery import Drill
from tests.bench.kafka.report import Section
from tests.bench.measure import Figure, number, percentile

SHARES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999, "max": 1.0}
LATENCY = """From when an order was due to when a consumer of committed messages sees the first trade event that
descends from it, of all orders that are executed at once. Open loop: orders are sent when they are due, however long
those before took, and an order that waits counts its wait (no coordinated omission); about one price comes with each,
from a client of its own that sends those of 5 ms together (librdkafka's default linger), as that of 20,000 orders/s
does; that of 2,000 sends them after 1 ms.
The figures are those with at most 4 partitions a topic; as declared are 100, 50 and 10: what a transaction costs grows
with the partitions that it touches (decision 0011). {warm:.0f} s at the same rate
go before each run and do not count."""
THROUGHPUT = """The orders job with exactly-once over topics that are filled beforehand, and then a loop that consumes
the messages that the job consumed and produces those that it produced, ready made, with the same keys, headers and
partitions (as declared) and client settings, in the same transactions, with the same two producers of which one
commits in a thread beside, and does nothing else. Both by turns, a part of the flow each, the first not counted.
Messages are those in and those out; seconds are the broker's, from the first that it wrote to the last."""
ENGINES = {
    "ours": "Tapeline",
    "faust": "Faust",
    "quix": "Quix Streams",
    "faust_compiled_step": "Faust, operator compiled",
    "quix_compiled_step": "Quix Streams, operator compiled",
}
OTHERS = """Orders through the order chain's validate step, {orders:,} in topics filled beforehand, on the same broker,
one engine after the other, rounds: {rounds}. All use our operator, records and codecs: ours as it is installed; the
others interpreted, as their users write Python (these are the figures wanted), and once more compiled, which is our
work done for them. They are spared much: their state is a dictionary without a changelog, they know instruments and
prices before they begin, they write no headers; and Faust works at least once (its exactly-once commits offsets in
another transaction than the outputs). Quix Streams works exactly once, as we do."""
RECOVERY = """SIGKILL amid {rate} orders/s, with a state of {accounts:,} accounts; seconds until a consumer of committed
messages sees the first that descends from an order due after the kill. Restart: the job is started again at once, from
its directory. Takeover: a standby follows it."""
MEMORY = """Resident memory of the orders job at {rate:,.0f} orders/s over {minutes:g} minutes, a simulated trading day
in {day:g} s, at the end of each day after the first {warm}. Growth is that of the line of least squares. What operators
remember has declared bounds, but some are reached only after weeks. Here there are {accounts} accounts, and few ids are
remembered of each symbol: bounds are reached before the first day that counts, and what grows after it is a leak."""


@dataclass(frozen=True)
class Scale:
    """How much is measured."""

    warm_up: Load
    """Of the broker, before all."""
    loads: tuple[Load, Load]
    """The first of them for p50 and p99, the other for p99 at 20,000 orders/s."""
    runs: int
    orders: int
    """Of each round of throughput."""
    rounds: int
    others: Contenders
    drill: Drill
    shift: Shift
    partitions: int = AS_DECLARED
    """At most, of each topic, wherever the declared ones are meant."""


FULL = Scale(
    warm_up=Load(2_000, 75.0, 4),
    loads=(Load(2_000, 20.0, 4), Load(20_000, 20.0, 4)),
    runs=3,
    orders=50_000,
    rounds=3,
    others=Contenders(),
    drill=Drill(),
    shift=Shift(),
)
SMALL = Scale(
    warm_up=Load(100, 0.5, 1, 0.5),
    loads=(Load(100, 1.0, 1, 0.5), Load(200, 1.0, 1, 0.5)),
    runs=1,
    orders=500,
    rounds=1,
    others=Contenders(orders=500, rounds=1),
    drill=Drill(accounts=1_000, kills=1, before_s=2.0, after_s=2.0),
    shift=Shift(rate=100, minutes=0.05, day_s=1.5, warm_up_days=1, partitions=1),
)
"""Shows that everything works, and nothing else."""


@dataclass
class Bench:
    """One run of the benchmark."""

    brokers: str
    environment: Path
    """Of the other engines."""
    scale: Scale
    capacity: float = 0.0
    """Orders a second that the job was seen to take; 0: not measured."""


def warm(bench: Bench) -> None:
    """A minute and a half of orders, not counted: before that half of a core compiles the broker's own code."""
    latency.measured(bench.brokers, bench.scale.warm_up)


def latency_section(bench: Bench) -> Section:
    scale = bench.scale
    found: dict[Load, list[list[float]]] = {load: [] for load in scale.loads}
    for _ in range(scale.runs):
        for load, runs in found.items():
            runs.append(latency.measured(bench.brokers, load))
    narrow = replace(scale.loads[0], partitions=1)
    wide = [replace(load, partitions=scale.partitions) for load in scale.loads]
    further = {load: [latency.measured(bench.brokers, load)] for load in (narrow, *wide)}
    return latency_section_of(found, further)


def latency_section_of(found: dict[Load, list[list[float]]], further: dict[Load, list[list[float]]]) -> Section:
    """Runs of the two rates, and further with one partition a topic and with the declared ones."""
    slow, fast = found.values()
    p50, p99 = ([percentile(run, share) for run in slow] for share in (0.5, 0.99))
    figures = {
        "kafka.latency_p50_ms": Figure("ms", "< 8", p50, "2,000 orders/s, 4 partitions a topic"),
        "kafka.latency_p99_ms": Figure("ms", "< 20", p99, "2,000 orders/s, 4 partitions a topic"),
        "kafka.latency_p99_ms_at_20k": Figure(
            "ms", "< 50", [percentile(run, 0.99) for run in fast], "20,000 orders/s, 4 partitions a topic"
        ),
    }
    rows = [_latency_row(load, run) for load, runs in (found | further).items() for run in runs]
    columns = ("orders/s", "partitions", "executions", *(f"{name} ms" for name in SHARES))
    return Section("Latency", LATENCY.format(warm=next(iter(found)).warm_up_s), columns, rows, figures)


def _latency_row(load: Load, run: list[float]) -> tuple[str, ...]:
    partitions = "as declared" if load.partitions == AS_DECLARED else f"{load.partitions}"
    shown = [number(percentile(run, share)) for share in SHARES.values()]
    return f"{load.rate:,}", partitions, f"{len(run):,}", *shown


def throughput_section(bench: Bench) -> Section:
    scale = bench.scale
    rounds = throughput.measured(bench.brokers, scale.orders, scale.rounds, scale.partitions)
    bench.capacity = statistics.median(one.orders for one in rounds)
    note = "messages/s of the orders job with exactly-once over a bare loop's"
    figures = {"kafka.throughput_ratio": Figure("×", "≥ 0.6", [one.ratio for one in rounds], note)}
    rows = [tuple(map(number, (one.job, one.orders, one.bare, one.ratio, one.per_transaction))) for one in rounds]
    columns = ("job, messages/s", "orders/s", "bare loop, messages/s", "ratio", "messages in a transaction")
    return Section("Throughput", THROUGHPUT, columns, rows, figures)


def others_section(bench: Bench) -> Section:
    contenders = bench.scale.others
    skipped = ""
    try:
        others.environment(bench.environment)
    except Unavailable as reason:
        skipped = f"Skipped: Faust and Quix Streams cannot be installed here: {reason}"
    rates = {} if skipped else others.measured(bench.brokers, contenders, bench.environment)
    figures = {
        f"kafka.speedup_over_{variant}": Figure(
            "×", _wanted(variant), _ratios(rates, variant), f"validate step, over {ENGINES[variant]}"
        )
        for variant in others.VARIANTS
        if rates
    }
    rows = [(ENGINES[engine], *map(number, found)) for engine, found in rates.items()]
    columns = ("engine", *(f"orders/s, round {one + 1}" for one in range(contenders.rounds)))
    how = OTHERS.format(orders=contenders.orders, rounds=contenders.rounds)
    return Section("Faust and Quix Streams", how, columns, rows, figures, skipped)


def _wanted(variant: str) -> str:
    return "" if variant.endswith(others.COMPILED) else "≥ 3"


def _ratios(rates: dict[str, list[float]], engine: str) -> list[float]:
    return [ours / theirs for ours, theirs in zip(rates["ours"], rates[engine], strict=True)]


def recovery_section(bench: Bench) -> Section:
    drill = bench.scale.drill
    found = recovery.measured(bench.brokers, drill)
    note = f"{drill.accounts:,} keys of state"
    figures = {
        "kafka.recovery_s": Figure("s", "< 3", found.restart_s, note),
        "kafka.takeover_s": Figure("s", "< 2", found.takeover_s, note),
    }
    rows = [("restart", *map(number, found.restart_s)), ("takeover", *map(number, found.takeover_s))]
    columns = ("after SIGKILL, seconds", *(f"kill {one + 1}" for one in range(drill.kills)))
    how = RECOVERY.format(rate=recovery.ORDERS_PER_S, accounts=drill.accounts)
    return Section("Recovery", how, columns, rows, figures)


def memory_section(bench: Bench) -> Section:
    """At half of the orders a second that the job takes, where that was measured in this run."""
    shift = replace(bench.scale.shift, rate=bench.capacity / 2) if bench.capacity else bench.scale.shift
    found = memory.measured(bench.brokers, shift)
    note = f"over {shift.minutes:g} minutes at {shift.rate:,.0f} orders/s"
    figures = {"kafka.memory_growth_mb": Figure("MB", "flat", [found.growth], note)}
    rows = [(" · ".join(f"{size:.0f}" for size in found.days),)]
    how = MEMORY.format(
        rate=shift.rate, minutes=shift.minutes, day=shift.day_s, warm=shift.warm_up_days, accounts=memory.ACCOUNTS
    )
    return Section("Memory", how, ("MB at the end of each day",), rows, figures)


Part = Callable[[Bench], Section]
PARTS: dict[str, Part] = {
    "latency": latency_section,
    "throughput": throughput_section,
    "others": others_section,
    "recovery": recovery_section,
    "memory": memory_section,
}

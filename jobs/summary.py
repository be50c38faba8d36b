"""What a run did, for a person at the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

import dataflow.model
from dataflow.connectors.log.reader import LogReader
from dataflow.connectors.log.segments import logged_streams
from dataflow.engines.embedded.runner import Statistics
from dataflow.model import END_OF_TIME, NO_WATERMARK
from dataflow.ports import Storage
from dataflow.storage import DirectoryStorage
from jobs.assemble import Assembly
from jobs.order_summary import order_tables
from jobs.order_totals import order_totals

TOPIC = "kafka:"
REASONS_SHOWN = 8
TYPES_SHOWN = 3
REASON_FIELDS = {
    "MarketDataRejected": "{reason}",
    "AlertRuleRejected": "{reason}",
    "LateEvent": "late for {operator_uid}",
    "DeadLetter": "{error}",
}
"""Record types that say why something did not go the usual way, and how they put it."""
INTERPRETED = "interpreted: slower, with the same results (installed without a C compiler, or run from the tree)"
COMMANDS_TO_TRY = (
    "tapeline topics tail analytics",
    'tapeline query "SELECT * FROM bars_1m LIMIT 5"',
    "tapeline checkpoints inspect --operator indicators --limit 1",
)
COMMANDS_FOR_ORDERS = ("tapeline orders", 'tapeline query "SELECT * FROM executions_by_symbol"')


def is_compiled() -> bool:
    """True where mypyc's machine code runs, False where the same source is interpreted."""
    return not str(dataflow.model.__file__).endswith(".py")


def print_summary(assembly: Assembly, data: Path, console: Console) -> None:
    """Streams, operators, time, checkpoints, and what was late, rejected or dead."""
    statistics = assembly.runner.statistics
    console.print()
    console.print(_headline(assembly, statistics), highlight=False)
    console.print(_streams(assembly))
    console.print(_operators(assembly))
    console.print(_figures(assembly, statistics))
    storage = DirectoryStorage(data)
    totals = order_totals(assembly, storage)
    for table in (*(order_tables(totals) if totals is not None else ()), _letters(assembly, storage)):
        if table.row_count:
            console.print(table)
    storage.close()
    console.print(_hints(data, totals is not None), highlight=False)


def _headline(assembly: Assembly, statistics: Statistics) -> str:
    state = "ended" if statistics.ended else "stopped before the end (--resume goes on)"
    resumed = f", resumed from checkpoint {statistics.resumed_from}" if statistics.resumed_from else ""
    mode = "compiled" if is_compiled() else INTERPRETED
    read = "; ".join(f"{name} from {text}" for name, text in _inputs(assembly).items())
    return (
        f"[bold]{', '.join(assembly.jobs)}[/] {state}{resumed}: {statistics.records:,} events "
        f"in {assembly.wall_s:.1f} s ({assembly.cpu_s:.1f} s of CPU), {mode}\n[dim]{read}[/]"
    )


def _streams(assembly: Assembly) -> Table:
    table = Table("stream", "events", "events/s", "schema", title="Streams", title_justify="left")
    for column in table.columns[1:3]:
        column.justify = "right"
    for name, channel in assembly.wiring.channels.items():
        schemas = _listed([kind.name for kind in assembly.graph.streams[name].schemas])
        here = channel.total if not assembly.started_with else 0
        rate = f"{int(here) / assembly.wall_s:,.0f}" if here and assembly.wall_s else ""
        table.add_row(name, f"{channel.total:,}", rate, schemas)
    return table


def _listed(names: list[str]) -> str:
    """The names, the first two of them where there are many."""
    if len(names) <= TYPES_SHOWN:
        return ", ".join(names)
    return f"{', '.join(names[: TYPES_SHOWN - 1])} and {len(names) - TYPES_SHOWN + 1} more"


def _operators(assembly: Assembly) -> Table:
    table = Table("operator", "keys", "records", "timers", "late", title="Operators", title_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"
    for uid, node in assembly.wiring.nodes.items():
        space = node.space
        keys = len(space.slots) + sum(len(table) for table in space.nested.values())
        table.add_row(uid, f"{keys:,}", f"{node.records:,}", f"{node.timers:,}", f"{node.late:,}")
    return table


def _figures(assembly: Assembly, statistics: Statistics) -> Table:
    table = Table(show_header=False, title="Time and checkpoints", title_justify="left")
    wall_rate = statistics.records / assembly.wall_s if assembly.wall_s else 0.0
    cpu_rate = statistics.records / assembly.cpu_s if assembly.cpu_s else 0.0
    table.add_row("rate", f"{wall_rate:,.0f} events/s; {cpu_rate:,.0f} per CPU second, all sinks included")
    percentiles = _percentiles(statistics.turn_ns, (0.5, 0.99, 0.999, 1.0))
    shown = "   ".join(f"{name} {value / 1e6:.2f} ms" for name, value in percentiles.items())
    table.add_row("latency, read → encoded", shown)
    table.add_row("watermark", _time(assembly.wiring.core.watermark_ns))
    checkpoints = f"{statistics.checkpoints} (last: {statistics.last_checkpoint}), {statistics.snapshot_bytes:,} bytes"
    table.add_row("checkpoints", checkpoints)
    if assembly.kafka is not None:
        done = assembly.kafka.ledger.statistics
        table.add_row(
            "transactions", f"{done.transactions:,} with {done.records:,} messages; {_commits(done.commit_s)}"
        )
    table.add_row("longest pause of the loop", f"{statistics.stall_ns_max / 1e6:.2f} ms")
    return table


def _inputs(assembly: Assembly) -> dict[str, str]:
    """What each source reads; a topic's partitions are one input."""
    found: dict[str, str] = {}
    for name, text in assembly.specifications.items():
        is_topic = text.startswith(TOPIC)
        found[name.rpartition("/")[0] if is_topic else name] = text.rpartition("/")[0] if is_topic else text
    return found


def _commits(durations_s: Iterable[float]) -> str:
    ordered = sorted(durations_s)
    if not ordered:
        return "none committed"
    middle, high = (ordered[int(share * (len(ordered) - 1))] * 1_000 for share in (0.5, 0.99))
    return f"commit p50 {middle:.1f} ms   p99 {high:.1f} ms"


def _percentiles(turns: Iterable[tuple[int, int]], ranks: tuple[float, ...]) -> dict[str, float]:
    """Latency by share of records. A record is counted with the whole turn it was in: the longest it can have taken."""
    ordered = sorted(turns)
    total = sum(count for _, count in ordered)
    names = {0.5: "p50", 0.99: "p99", 0.999: "p99.9", 1.0: "max"}
    found: dict[str, float] = {}
    seen = 0
    waiting = list(ranks)
    for duration, count in ordered:
        seen += count
        while waiting and seen >= waiting[0] * total:
            found[names[waiting.pop(0)]] = duration
    return found


def _time(at_ns: int) -> str:
    if at_ns >= END_OF_TIME:
        return "end of time (every source has ended)"
    if at_ns <= NO_WATERMARK:
        return "none yet"
    return datetime.fromtimestamp(at_ns / 1e9, UTC).strftime("%Y-%m-%d %H:%M:%S.%f UTC")


def _letters(assembly: Assembly, storage: Storage) -> Table:
    """What did not go the usual way, by reason."""
    table = Table("stream", "reason", "events", title="Rejected, late and dead", title_justify="left")
    table.columns[2].justify = "right"
    logged = logged_streams(storage)
    for name in assembly.wiring.channels:
        kinds = {kind.name for kind in assembly.graph.streams[name].schemas}
        if name in logged and kinds <= REASON_FIELDS.keys():
            reader = LogReader(storage, name)
            counts = Counter(_reason(entry.type, entry.fields) for entry in reader.read(0))
            for reason, count in counts.most_common(REASONS_SHOWN):
                table.add_row(name, reason, f"{count:,}")
    return table


def _reason(kind: str, fields: dict[str, Any]) -> str:
    return REASON_FIELDS[kind].format(**fields)


def _hints(data: Path, has_orders: bool) -> str:
    option = "" if data == Path("data") else f" --data {data}"
    commands = (*COMMANDS_TO_TRY, *(COMMANDS_FOR_ORDERS if has_orders else ()))
    return "\n".join(["", "[bold]Next[/]", *(f"  {command}{option}" for command in commands)])

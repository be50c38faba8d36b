"""`make bench`: measures, prints the table, writes docs/benchmarks.md and its figures into build/bench.json.

Run as a folder (`python tests/bench`), so that the installed, compiled package is measured and not the tree.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import book_alone
import checkpoint
import codec
import engine
import market_data
import order_latency
import orders
import real_input
from measure import Figure, join_figures, machine, number, percentile
from order_workload import Workload, simulated
from rich.console import Console
from rich.table import Table

from jobs.feeds.open_source import open_source
from schemas.generated.events import MARKET_DATA_RECEIVED

TREE = Path(__file__).parent.parent.parent
EVENTS = 400_000
INTERPRETED_EVENTS = 30_000
ORDERS_PER_S = 100_000
BOOK_COMMANDS = 200_000
CODEC_RECORDS = 20_000


def measure_market_data(figures: dict[str, Figure], rounds: int) -> None:
    compiled = Figure("events/CPU s", "≥ 2,000,000", note="decode → normalise → bars and indicators → encode")
    interpreted = Figure("events/CPU s", "≥ 60,000", note="the same, interpreted")
    for _ in range(rounds):
        compiled.runs.append(market_data.events_per_cpu_s(EVENTS))
        interpreted.runs.append(apart("market_data", INTERPRETED_EVENTS, interpreted=True)[0])
    figures["market_data.events_per_cpu_s"] = compiled
    figures["market_data.interpreted_events_per_cpu_s"] = interpreted


def measure_orders(figures: dict[str, Figure], rounds: int) -> None:
    """The whole chain, each run in a process of its own, then its parts."""
    work = simulated(orders.FULL)
    compiled = Figure("orders/CPU s", "≥ 200,000")
    interpreted = Figure("orders/CPU s", "≥ 20,000", note="the same, interpreted, 50 symbols, 500 accounts")
    out = Figure("events/order", "about 5.7", note="what sinks get, the requests themselves included")
    with tempfile.TemporaryDirectory() as folder:
        full, small = Path(folder, "full"), Path(folder, "small")
        work.save(full)
        simulated(orders.SMALL).save(small)
        for _ in range(rounds):
            per_cpu_s, out_per_order = apart("orders", full)
            compiled.runs.append(per_cpu_s)
            out.runs.append(out_per_order)
            interpreted.runs.append(apart("orders", small, interpreted=True)[0])
    share = compiled.value / orders.RUST_PER_CPU_S
    compiled.note = (
        f"decode → validate → risk → execution → encode, checkpoints; {share:.0%} of hand-written Rust's 804,000"
    )
    figures["orders.per_cpu_s"] = compiled
    figures["orders.interpreted_per_cpu_s"] = interpreted
    figures["orders.events_out_per_order"] = out
    measure_order_latency(figures, work, min(rounds, 3))
    measure_match(figures, work, rounds)
    measure_order_growth(figures, min(rounds, 3))


def measure_order_latency(figures: dict[str, Figure], work: Workload, rounds: int) -> None:
    """At the wanted rate, and at half of what the job can do."""
    half = int(figures["orders.per_cpu_s"].value / 2)
    for name, target, rate in (("", "< 10", ORDERS_PER_S), ("half_load_", "", half)):
        found = [order_latency.latency(work.frames, rate) for _ in range(rounds)]
        last = found[-1]
        note = (
            f"{rate:,} orders/s, arrival to encoded; p50 {last.p50:.3g}, p99.9 {last.p999:.3g}, max {last.longest:.3g}"
        )
        figures[f"orders.{name}latency_p99_ms"] = Figure("ms", target, [one.p99 for one in found], note)


def measure_match(figures: dict[str, Figure], work: Workload, rounds: int) -> None:
    requests, quotes, parameters = orders.approved(work)
    times = [book_alone.match_ns(requests, quotes, parameters) for _ in range(rounds)]
    p99 = [percentile(found, 0.99) / 1e3 for found in times]
    figures["orders.match_p99_us"] = Figure("µs", "< 10", p99, "execution alone, each approved request of the chain")
    rates = book_alone.operations_per_s(BOOK_COMMANDS, rounds)
    note = "the book alone: 9 % GTC, 3 % IOC, 6 % cancel, 82 % move, 1,000 orders resting"
    figures["orders.book_operations_per_s"] = Figure("operations/CPU s", "", rates, note)


def measure_order_growth(figures: dict[str, Figure], rounds: int) -> None:
    note = "cost of an order, 10,000 symbols and 1,000,000 accounts over 10 and 1,000"
    figures["orders.cost_growth"] = Figure("×", "≤ 1.5", orders.growth(rounds), note)
    command = [sys.executable, str(TREE / "tests/bench/order_memory_use.py")]  # in a process that has freed nothing yet
    used = float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    figures["orders.bytes_per_open_order"] = Figure("bytes", "", [used], "in all three operators together")


def apart(measured: str, what: int | Path, interpreted: bool = False) -> list[float]:
    """What a module prints of a measurement in a process of its own; `interpreted`: in one that imports the tree, where
    nothing is compiled."""
    environment = {**os.environ, "PYTHONPATH": str(TREE)} if interpreted else dict(os.environ)
    command = [sys.executable, str(TREE / f"tests/bench/{measured}.py"), str(what)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return [float(word) for word in done.stdout.split()]


def measure_codec(figures: dict[str, Figure]) -> None:
    source = open_source(f"simulator:seed=3,symbols=100,events={CODEC_RECORDS}", "market")
    source.open(None)
    records = []
    while (batch := source.read()) is not None:
        records += [record for record in batch.records if record.type_id() == MARKET_DATA_RECEIVED.number]
    encode, decode = codec.speedups(records, MARKET_DATA_RECEIVED)
    figures["codec.encode_speedup"] = Figure("× fastavro", "≥ 20", encode, "MarketDataReceived")
    figures["codec.decode_speedup"] = Figure("× fastavro", "≥ 20", decode, "MarketDataReceived")


def measure_engine(figures: dict[str, Figure], rounds: int) -> None:
    runs = [engine.us_per_record_and_operator(200_000) for _ in range(rounds)]
    note = f"a chain of {engine.HOPS} operators, each emitting a record"
    figures["engine.us_per_record_and_operator"] = Figure("µs", "≤ 0.5", runs, note)


def measure_checkpoints(figures: dict[str, Figure], rounds: int) -> None:
    with tempfile.TemporaryDirectory(dir=TREE / "build") as folder:
        times = [checkpoint.measure(1_000_000, 50_000, Path(folder, str(number))) for number in range(rounds)]
    size = f"{times[0].full_bytes / 1e6:.0f} MB"
    figures["checkpoint.full_s"] = Figure("s", "< 1", [item.full_s for item in times], f"1,000,000 keys, {size}")
    incremental = [item.incremental_ms for item in times]
    figures["checkpoint.incremental_ms"] = Figure("ms", "< 50", incremental, "50,000 dirty keys, until durable")
    stalls = [item.longest_stall_ms for item in times]
    figures["checkpoint.longest_stall_ms"] = Figure("ms", "≤ 10", stalls, "while both were taken")
    figures["checkpoint.restore_s"] = Figure("s", "< 3", [item.restore_s for item in times], "1,000,000 keys")


def measure_real_input(figures: dict[str, Figure]) -> None:
    folder = os.environ.get("TAPELINE_DATA", "")
    if folder:
        rate, note = real_input.five_ibm_days(Path(folder))
        figures["real_input.events_per_cpu_s"] = Figure("events/CPU s", "to the end", [rate], note)


def table(figures: dict[str, Figure]) -> Table:
    shown = Table("figure", "value", "unit", "wanted", "runs", "what")
    for name, figure in figures.items():
        shown.add_row(name, number(figure.value), figure.unit, figure.target, str(len(figure.runs)), figure.note)
    return shown


def document(figures: dict[str, Figure]) -> str:
    """docs/benchmarks.md"""
    lines = [
        "# Benchmarks",
        "",
        f"`make bench` on {machine()}. ",
        "Medians of the runs; CPU seconds are of the whole process. Machines differ: trust ratios.",
        "",
        "| figure | value | unit | wanted | runs | what |",
        "|---|---:|---|---|---:|---|",
    ]
    lines += [
        f"| `{name}` | {number(item.value)} | {item.unit} | {item.target} | {len(item.runs)} | {item.note} |"
        for name, item in figures.items()
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    (TREE / "build").mkdir(exist_ok=True)
    figures: dict[str, Figure] = {}
    measure_market_data(figures, rounds)
    measure_orders(figures, rounds)
    measure_codec(figures)
    measure_engine(figures, rounds)
    measure_checkpoints(figures, min(rounds, 3))
    measure_real_input(figures)
    Console(width=160).print(table(figures))
    (TREE / "docs/benchmarks.md").write_text(document(figures))
    join_figures(TREE / "build/bench.json", figures)


if __name__ == "__main__":
    main()

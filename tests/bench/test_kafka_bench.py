"""The benchmark on Kafka measures what it says; small, and what of it is arithmetic."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from itertools import islice
from pathlib import Path

import pytest

from dataflow.services.broker import Broker
from tests.bench.kafka.__main__ import measure
from tests.bench.kafka.cluster import Sendable
from tests.bench.kafka.flow import pause_s
from tests.bench.kafka.latency import latencies_ms
from tests.bench.kafka.memory import MemoryUse, trading_days
from tests.bench.kafka.parts import PARTS, SMALL, Bench, others_section
from tests.bench.kafka.report import Section, joined
from tests.bench.kafka.throughput import parts
from tests.bench.kafka.written import Written, duration_s
from tests.bench.measure import Figure, join_figures, percentile

SECTION = Section("Speed", "By a clock.", ("who", "rate"), [("job", "2")], {"kafka.x": Figure("×", "≥ 1", [3.0, 1.0])})


def message(number: int) -> Sendable:
    return Sendable("orders", 0, b"", b"", f"{number}")


def test_latency_counts_from_when_an_order_was_due() -> None:
    assert latencies_ms({"a": 10.0, "b": 11.0}, {"a": 10.25, "b": 11.5}, since=0.0) == [250.0, 500.0]


def test_latency_leaves_out_the_warm_up_and_what_descends_from_a_price() -> None:
    assert latencies_ms({"a": 10.0, "b": 11.0}, {"a": 10.25, "b": 11.5, "price": 12.0}, since=11.0) == [500.0]


def test_latency_of_nothing_is_a_failure() -> None:
    with pytest.raises(RuntimeError, match="no order was executed"):
        latencies_ms({"a": 10.0}, {"price": 12.0}, since=0.0)


def test_a_percentile_is_one_of_the_values() -> None:
    assert [percentile([1.0, 2.0, 3.0, 4.0], share) for share in (0.0, 0.5, 0.99, 1.0)] == [1.0, 3.0, 4.0, 4.0]


def test_the_sender_never_waits_with_what_is_due() -> None:
    assert pause_s(due=5.0, now=5.5, linger_s=0.25) == 0.0


def test_the_sender_sleeps_until_the_next_is_due_and_not_for_less_than_half_of_what_it_lingers() -> None:
    found = [pause_s(due, now=5.5, linger_s=0.25) for due in (6.0, 5.625, 5.5625)]
    assert found == [0.5, 0.125, 0.125]


def test_parts_of_a_flow_are_all_of_it_in_its_order() -> None:
    flow = [message(number) for number in range(10)]
    found = list(parts(flow, 3))
    assert [len(part) for part in found] == [4, 4, 2]
    assert [item for part in found for item in part] == flow


def test_duration_is_from_the_first_to_the_last_that_the_broker_wrote() -> None:
    assert duration_s([Written(at_ms, "t", 0, b"", b"", []) for at_ms in (1_000, 1_500, 3_500)]) == 2.5


def test_growth_of_memory_is_that_of_the_line_through_the_days() -> None:
    assert MemoryUse([100.0, 102.0, 104.0, 106.0]).growth == pytest.approx(6.0)
    assert MemoryUse([100.0, 104.0, 104.0, 100.0]).growth == pytest.approx(0.0)


def test_trading_days_leave_out_weekends_and_holidays() -> None:
    days = list(islice(trading_days(), 11))
    assert days[0] == date(2026, 1, 5)
    assert days[5] == date(2026, 1, 12)
    assert days[10] == date(2026, 1, 20)  # the 19th is Martin Luther King's


def test_a_section_shows_how_it_was_measured_its_rows_and_the_median_with_its_runs() -> None:
    text = SECTION.markdown("On a Monday.")
    assert "## Speed\n\nBy a clock. On a Monday.\n" in text
    assert "| job | 2 |" in text
    assert "| `kafka.x` | 2 | × | ≥ 1 | 3 · 1 |" in text


def test_a_section_takes_the_place_of_the_older_one_and_leaves_the_others() -> None:
    before = joined("", {"Speed": "## Speed\n\nold\n", "Memory": "## Memory\n\nkept\n"})
    after = joined(before, {"Speed": SECTION.markdown("")})
    assert "old" not in after
    assert after.index("By a clock.") < after.index("## Memory\n\nkept\n")
    assert after.count("# Benchmarks on Kafka") == 1


def test_figures_join_those_that_are_there(tmp_path: Path) -> None:
    path = tmp_path / "build/bench.json"
    join_figures(path, {"codec.x": Figure("×", "", [1.0])})
    join_figures(path, SECTION.figures)
    found = json.loads(path.read_text())
    assert found["kafka.x"] == {"value": 2.0, "unit": "×", "runs": [3.0, 1.0], "target": "≥ 1", "note": ""}
    assert "codec.x" in found


def broken(bench: Bench) -> Section:
    raise RuntimeError("no such luck")


def test_a_part_that_fails_is_told_and_the_next_is_measured(tmp_path: Path) -> None:
    document, figures = tmp_path / "benchmarks.md", tmp_path / "bench.json"
    bench = Bench("nowhere:1", tmp_path, SMALL)
    assert measure(bench, {"first": broken, "second": lambda _: SECTION}, document, figures) == ["first"]
    assert "kafka.x" in json.loads(figures.read_text())
    assert "## Speed" in document.read_text()


def test_engines_that_cannot_be_installed_are_skipped_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = others_section(Bench("nowhere:1", tmp_path / "file", SMALL))
    assert found.skipped.startswith("Skipped: Faust and Quix Streams cannot be installed here: ")
    assert found.figures == {}


def test_latency_and_throughput_are_measured_on_a_real_broker(kafka_broker: Broker, tmp_path: Path) -> None:
    document, figures = tmp_path / "benchmarks.md", tmp_path / "bench.json"
    bench = Bench(kafka_broker.brokers, tmp_path, replace(SMALL, partitions=2))
    assert measure(bench, {name: PARTS[name] for name in ("latency", "throughput")}, document, figures) == []
    assert sorted(json.loads(figures.read_text())) == [
        "kafka.latency_p50_ms",
        "kafka.latency_p99_ms",
        "kafka.latency_p99_ms_at_20k",
        "kafka.throughput_ratio",
    ]
    assert bench.capacity > 0

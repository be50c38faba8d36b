"""The operator harness: what an engine does around one operator, and the same ids."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dataflow.blocks import records_of
from dataflow.model import NO_WATERMARK, Context, NoParameters, OperatorType
from dataflow.testing.harness import OperatorHarness
from operators.passage import PassageParameters
from schemas.generated.events import LATE_EVENT, PRICE_UPDATED, AlertRuleChanged, AnalyticsCalculated, PriceUpdated
from schemas.generated.states import PassageState
from tests.engine.small_graph import SECOND, PerAccount, Windows, operator_type, prices, wired

WINDOWS = replace(operator_type(Windows), uses_timers=True)
PER_ACCOUNT = operator_type(PerAccount, "AlertRuleChanged", ("account", "symbol"))


class Chain(Windows):
    """Sets a timer ten seconds after each timer, three times, and tells the watermark it saw."""

    def on_timer(self, state: PassageState, at_ns: int, context: Context) -> None:
        context.emit(PriceUpdated(at_ns, context.key, last_quantity=context.watermark_ns))
        if state.updates < 3:
            state.updates += 1
            context.set_timer(at_ns + 10 * SECOND)


class Forgetful(Windows):
    """Deletes the timer it has just set, and one that was never there."""

    def on_record(self, state: PassageState, record: Any, context: Context) -> None:
        super().on_record(state, record, context)
        context.delete_timer(10 * SECOND)
        context.delete_timer(1)


class Undeclared(Windows):
    """Emits what its catalogue entry does not name."""

    def on_record(self, state: PassageState, record: Any, context: Context) -> None:
        context.emit(AnalyticsCalculated())


def windows(operator: Any = Windows) -> OperatorHarness:
    return OperatorHarness(replace(WINDOWS, operator=operator), uid="under-test")


def told(harness: OperatorHarness) -> list[tuple[str, int, int]]:
    """(key, end in s, updates) of the windows emitted."""
    return [(record.symbol, record.event_time_ns // SECOND, record.cumulative_volume) for record in harness.take()]


def identity(record: Any) -> tuple[int, ...]:
    return (record.event_id_hi, record.event_id_lo, record.cause_id_hi, record.cause_id_lo, record.sequence)


def test_time_stands_still_until_the_watermark_is_moved() -> None:
    harness = windows()
    harness.send(*prices(1, 2, 35))
    assert harness.take() == []
    assert harness.watermark_ns == NO_WATERMARK
    harness.advance_watermark(40 * SECOND)
    assert told(harness) == [("A", 10, 3), ("A", 40, 0)]


def test_timers_of_several_keys_fire_by_time_and_then_by_key() -> None:
    harness = windows()
    harness.send(*prices(11, symbol="B"), *prices(12), *prices(1, symbol="B"))
    harness.advance_watermark(60 * SECOND)
    assert [record[:2] for record in told(harness)] == [("B", 10), ("A", 20), ("B", 20)]


def test_a_timer_set_by_a_timer_fires_in_the_same_advance_and_reads_its_own_time_as_watermark() -> None:
    harness = windows(Chain)
    harness.send(PriceUpdated(1, "A"))
    harness.advance_watermark(30 * SECOND)
    assert [record.last_quantity // SECOND for record in harness.take()] == [10, 20, 30]
    assert harness.timers("A") == []
    assert harness.watermark_ns == 30 * SECOND


def test_a_timer_fires_at_its_time_and_once() -> None:
    harness = windows()
    harness.send(*prices(1, 2))
    assert harness.timers("A") == [10 * SECOND]
    harness.advance_watermark(10 * SECOND - 1)
    assert harness.take() == []
    harness.advance_watermark(10 * SECOND)
    harness.advance_watermark(10 * SECOND)
    assert told(harness) == [("A", 10, 2)]


def test_a_deleted_timer_does_not_fire() -> None:
    harness = windows(Forgetful)
    harness.send(*prices(1))
    harness.advance_watermark(60 * SECOND)
    assert harness.take() == []


def test_the_watermark_never_goes_back() -> None:
    harness = windows()
    harness.advance_watermark(10)
    with pytest.raises(ValueError, match="never goes back, from 10 to 9"):
        harness.advance_watermark(9)


def test_late_records_are_kept_whole() -> None:
    harness = windows()
    harness.advance_watermark(10 * SECOND)
    late = PriceUpdated(1, "A")
    harness.send(late)
    assert harness.late == [late]


def test_a_composite_key_is_joined_as_engines_do_it() -> None:
    harness = OperatorHarness(PER_ACCOUNT)
    harness.send(AlertRuleChanged(1, "A", "r", "x"), AlertRuleChanged(1, "A", "r", "y"))
    assert harness.keys == ["x\x1fA", "y\x1fA"]
    assert [record.symbol for record in harness.take()] == harness.keys
    assert harness.state("x", "A").updates == 1


def test_a_key_may_be_given() -> None:
    harness = windows()
    harness.send(PriceUpdated(1, "A"), key="other")
    assert harness.keys == ["other"]


def test_a_key_without_state_is_an_error() -> None:
    with pytest.raises(KeyError):
        windows().state("A")


def test_a_record_the_operator_does_not_take_is_refused() -> None:
    with pytest.raises(ValueError, match="takes no AlertRuleChanged; it takes PriceUpdated"):
        windows().send(AlertRuleChanged(1, "A"))


def test_a_record_the_operator_does_not_declare_is_refused() -> None:
    with pytest.raises(ValueError, match="emits a AnalyticsCalculated, which it does not declare"):
        windows(Undeclared).send(*prices(1))


def test_a_timer_the_operator_does_not_declare_is_refused() -> None:
    with pytest.raises(ValueError, match="sets a timer, which it does not declare"):
        OperatorHarness(operator_type(Windows)).send(*prices(1))


def test_without_parameters_the_operator_gets_its_defaults() -> None:
    seen: list[object] = []
    kind = OperatorType("seen", "", seen.append, WINDOWS.state, ("symbol",), (), (), PassageParameters)
    OperatorHarness(kind)
    OperatorHarness(kind, PassageParameters(forward=False))
    assert seen == [PassageParameters(), PassageParameters(forward=False)]


def test_a_restored_harness_goes_on_as_the_first_would_have() -> None:
    first = windows()
    first.send(*prices(1, 2, 11), *prices(3, symbol="B"))
    first.advance_watermark(5 * SECOND)
    second = windows()
    second.restore(first.snapshot())
    for harness in (first, second):
        harness.send(*prices(12), *prices(6, symbol="B"))
        harness.advance_watermark(60 * SECOND)
    assert [record.to_dict() for record in first.take()] == [record.to_dict() for record in second.take()]
    assert first.snapshot() == second.snapshot()


def test_a_snapshot_is_not_touched_by_what_comes_after() -> None:
    harness = windows()
    harness.send(*prices(1))
    snapshot = harness.snapshot()
    harness.send(*prices(2, 25))
    harness.restore(snapshot)
    assert harness.state("A").updates == 1
    assert harness.timers("A") == [10 * SECOND]
    assert harness.snapshot() == snapshot


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"cells": {"A": ["02", 0, []]}, "watermark_ns": 0}'])
def test_bytes_that_are_no_snapshot_are_refused(data: bytes) -> None:
    harness = windows()
    harness.send(*prices(1))
    with pytest.raises(ValueError, match="no snapshot of a harness"):
        harness.restore(data)
    assert harness.keys == ["A"]


def test_ids_and_sequences_are_those_of_the_engine() -> None:
    records = [*prices(1, 2, 12), *prices(15, symbol="B"), *prices(31, 3)]
    for number, record in enumerate(records, start=1):
        record.event_id_hi = number
    wiring = wired(Windows)
    wiring.core.feed(0, records, 0, len(records))
    harness = windows()
    for second, record in zip((1, 2, 12, 15, 31, 31), records, strict=True):
        harness.advance_watermark(second * SECOND)
        harness.send(record)
    engine = [*records_of(wiring.channels["out"].buffer.getvalue(), (PRICE_UPDATED,))]
    assert [identity(record) for record in harness.take()] == [identity(record) for record in engine]


def test_a_late_record_counts_in_the_sequence_as_the_letter_an_engine_makes_of_it() -> None:
    records = prices(31, 3, 45)
    wiring = wired(Windows)
    wiring.core.feed(0, records, 0, len(records))
    harness = windows()
    for second, record in zip((31, 31, 45), records, strict=True):
        harness.advance_watermark(second * SECOND)
        harness.send(record)
    letters = [*records_of(wiring.channels["late"].buffer.getvalue(), (LATE_EVENT,))]
    engine = [*records_of(wiring.channels["out"].buffer.getvalue(), (PRICE_UPDATED,))]
    assert [record.sequence for record in letters] == [1]
    assert [record.sequence for record in harness.take()] == [record.sequence for record in engine] == [2]


def test_parameters_of_the_model_are_not_needed() -> None:
    assert OperatorHarness(WINDOWS, NoParameters()).uid == "Windows"

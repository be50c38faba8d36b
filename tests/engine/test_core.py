"""The core: watermarks, timers, late records, keys, feedback."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from dataflow.blocks import records_of
from dataflow.engines.embedded.lanes import Lane, LaneHeap
from dataflow.engines.embedded.watermarks import Watermarks
from dataflow.engines.embedded.wiring import Wiring
from dataflow.model import END_OF_TIME, NO_WATERMARK, Record
from schemas.generated.events import (
    ALERT_RULE_CHANGED,
    DEAD_LETTER,
    LATE_EVENT,
    PRICE_UPDATED,
    AlertRuleChanged,
    DeadLetter,
    PriceUpdated,
)
from tests.engine.small_graph import SECOND, Echo, PerAccount, Windows, lane, prices, wired


def counts(wiring: Wiring) -> list[tuple[str, int, int]]:
    """(symbol, end of window in s, updates since the last) of the windows that came out."""
    payload = wiring.channels["out"].buffer.getvalue()
    records = [record for record in records_of(payload, (PRICE_UPDATED,)) if isinstance(record, PriceUpdated)]
    return [(record.symbol, record.event_time_ns // SECOND, record.cumulative_volume) for record in records]


def test_a_window_is_emitted_before_the_first_record_past_its_end() -> None:
    wiring = wired(Windows)
    wiring.core.feed(0, prices(1, 2, 9.9, 10), 0, 4)
    assert counts(wiring) == [("A", 10, 3)]


def test_out_of_orderness_holds_the_watermark_back() -> None:
    wiring = wired(Windows, delay_ms=5_000)
    wiring.core.feed(0, prices(1, 12, 9, 14.9), 0, 4)
    assert counts(wiring) == []
    wiring.core.feed(0, prices(15), 0, 1)
    assert counts(wiring) == [("A", 10, 4)]


def test_a_late_record_goes_whole_to_the_late_stream() -> None:
    wiring = wired(Windows)
    wiring.core.feed(0, prices(1, 21, 3), 0, 3)
    (letter,) = records_of(wiring.channels["late"].buffer.getvalue(), (LATE_EVENT,))
    fields = letter.to_dict()
    assert (fields["operator_uid"], fields["routing_key"], fields["watermark_ns"]) == ("under-test", "A", 21 * SECOND)
    assert PRICE_UPDATED.decode(fields["payload"], 0).event_time_ns == 3 * SECOND
    assert wiring.nodes["under-test"].late == 1


def test_timers_of_one_instant_fire_in_the_order_of_keys() -> None:
    wiring = wired(Windows)
    records = [*prices(1, symbol="B"), *prices(2, symbol="C"), *prices(3, symbol="A"), *prices(30)]
    wiring.core.feed(0, records, 0, 4)
    assert [symbol for symbol, _, _ in counts(wiring)] == ["A", "B", "C"]


def test_the_watermark_is_that_of_the_slowest_source() -> None:
    wiring = wired(Windows, sources=2)
    wiring.core.feed(0, prices(1, 30), 0, 2)
    assert counts(wiring) == []
    wiring.core.feed(1, prices(10), 0, 1)
    assert counts(wiring) == [("A", 10, 2)]


def test_an_idle_source_does_not_hold_the_watermark_back() -> None:
    wiring = wired(Windows, sources=2)
    wiring.core.feed(0, prices(1, 30), 0, 2)
    wiring.core.mark_idle(1)
    assert counts(wiring) == [("A", 10, 2)]


def test_when_all_sources_are_silent_the_time_stands_still() -> None:
    wiring = wired(Windows, sources=2)
    wiring.core.feed(0, prices(1, 30), 0, 2)
    wiring.core.feed(1, prices(12), 0, 1)
    wiring.core.fall_silent(0)
    wiring.core.fall_silent(1)
    assert wiring.core.watermark_ns == 12 * SECOND
    wiring.core.promise(1, 40 * SECOND)
    assert wiring.core.watermark_ns == 40 * SECOND


def test_when_all_sources_have_ended_every_timer_fires() -> None:
    wiring = wired(Windows)
    wiring.core.feed(0, prices(1, 11), 0, 2)
    wiring.core.mark_idle(0)
    assert counts(wiring) == [("A", 10, 1), ("A", 20, 1)]
    assert wiring.core.watermark_ns == END_OF_TIME


def test_a_feedback_edge_goes_round_within_one_input() -> None:
    wiring = wired(Echo, feedback=True)
    wiring.core.feed(0, [PriceUpdated(1, "A", cumulative_volume=3)], 0, 1)
    assert wiring.nodes["under-test"].records == 4


def test_composite_keys_have_a_state_for_each_pair() -> None:
    wiring = wired(PerAccount, record=ALERT_RULE_CHANGED)
    pairs = [("x", "A"), ("x", "B"), ("y", "A"), ("x", "A")]
    rules: list[Record] = [AlertRuleChanged(1, symbol, account=account) for account, symbol in pairs]
    wiring.core.feed(0, rules, 0, len(rules))
    found = [(symbol, count) for symbol, _, count in counts(wiring)]
    assert found == [("x\x1fA", 1), ("x\x1fB", 1), ("y\x1fA", 1), ("x\x1fA", 2)]


def test_children_of_one_record_have_ids_of_their_own_and_name_their_cause() -> None:
    wiring = wired(Echo, feedback=True)
    source = PriceUpdated(1, "A", cumulative_volume=40)
    source.event_id_hi = 7
    wiring.core.feed(0, [source], 0, 1)
    records = [source, *list(records_of(wiring.channels["in-0"].buffer.getvalue(), (PRICE_UPDATED,)))[1:]]
    ids = [(record.event_id_hi, record.event_id_lo) for record in records]
    assert len(set(ids)) == 41
    assert [(record.cause_id_hi, record.cause_id_lo) for record in records[1:]] == ids[:-1]
    assert [record.sequence for record in records[1:]] == list(range(1, 41))


NO_TIME = -1
Times = st.lists(st.integers(NO_TIME, 60), min_size=0, max_size=40)


def mixed(times: Sequence[int], symbol: str) -> list[Record]:
    """Prices of these times, dead letters where there is none."""
    return [
        DeadLetter(NO_WATERMARK, symbol) if time == NO_TIME else PriceUpdated(time * SECOND, symbol) for time in times
    ]


def run_lanes(times: Sequence[list[int]], most: Sequence[int]) -> tuple[list[bytes], int]:
    """Outputs after feeding lanes in turns of these sizes (the last size repeats)."""
    wiring = wired(Windows, sources=len(times), delay_ms=3_000)
    lanes = [lane(number, mixed(items, "AB"[number % 2])) for number, items in enumerate(times)]
    sizes = list(most)
    heap = started(wiring, lanes)
    while heap.lanes:
        wiring.core.feed_earliest(heap, sizes.pop(0) if len(sizes) > 1 else sizes[0])
        finished(wiring, heap)
    outputs = [wiring.channels[name].buffer.getvalue() for name in ("out", "late", "dead")]
    return outputs, wiring.core.watermark_ns


def started(wiring: Wiring, lanes: list[Lane]) -> LaneHeap:
    """Do what the runner does at first: note ends, promise heads."""
    heap = LaneHeap([item for item in lanes if item.records])
    for item in lanes:
        if item.records:
            wiring.core.promise(item.number, item.head_ns)
        else:
            wiring.core.mark_idle(item.number)
    return heap


def finished(wiring: Wiring, heap: LaneHeap) -> None:
    """Do what the runner does when the lane on top is used up for good."""
    top = heap.lanes[0]
    if top.used == len(top.records):
        heap.pop()
        wiring.core.mark_idle(top.number)


@given(st.lists(Times, min_size=1, max_size=3), st.lists(st.integers(1, 9), min_size=1, max_size=30))
def test_how_the_input_is_cut_into_turns_never_shows(times: list[list[int]], most: list[int]) -> None:
    assert run_lanes(times, most) == run_lanes(times, [1_000])


def test_a_letter_of_no_time_moves_nothing_and_takes_the_latest_time_before_it() -> None:
    wiring = wired(Windows, sources=2)
    wiring.core.feed(1, prices(8), 0, 1)
    wiring.core.feed(0, mixed([NO_TIME, 5, 4, NO_TIME], "A"), 0, 4)
    assert wiring.core.watermark_ns == 5 * SECOND
    letters = records_of(wiring.channels["dead"].buffer.getvalue(), (DEAD_LETTER,))
    assert [letter.event_time_ns for letter in letters] == [0, 5 * SECOND]


def test_a_silent_source_stays_so_while_it_brings_letters_alone() -> None:
    wiring = wired(Windows, sources=2)
    wiring.core.feed(0, prices(1), 0, 1)
    wiring.core.fall_silent(0)
    wiring.core.promise(0, NO_WATERMARK)
    wiring.core.feed(0, mixed([NO_TIME], "A"), 0, 1)
    wiring.core.feed(1, prices(7), 0, 1)
    assert wiring.core.watermark_ns == 7 * SECOND
    wiring.core.promise(0, NO_WATERMARK)
    wiring.core.feed(0, mixed([NO_TIME, 8], "A"), 0, 2)
    wiring.core.feed(1, prices(20), 0, 1)
    assert wiring.core.watermark_ns == 8 * SECOND


def test_a_time_past_the_end_of_time_keeps_no_other_record_back() -> None:
    early, late = lane(0, prices(1, 2)), lane(1, [PriceUpdated(END_OF_TIME + 1, "B"), PriceUpdated(3 * SECOND, "B")])
    wiring = wired(Windows, sources=2)
    heap = started(wiring, [early, late])
    while heap.lanes:
        wiring.core.feed_earliest(heap, 1_000)
        finished(wiring, heap)
    assert [partition.records for partition in wiring.core.partitions] == [2, 2]


def test_a_lane_after_one_with_the_least_of_all_times_waits_for_it() -> None:
    least = -(1 << 63)
    lanes = [lane(number, [PriceUpdated(least, "AB"[number]), PriceUpdated(least, "C")]) for number in (1, 0)]
    heap = LaneHeap(lanes)
    assert (heap.lanes[0].number, heap.rival(), heap.lanes[0].run_end(2, heap.rival())) == (0, lanes[0], 2)
    heap.lanes[0].used = 2
    heap.pop()
    assert (heap.lanes, heap.rival()) == ([lanes[0]], None)


def test_of_one_source_in_several_lanes_the_lower_sequence_comes_first() -> None:
    lanes = [Lane(0, 0), Lane(1, 0)]
    for sequence, item in ((2, lanes[0]), (1, lanes[1])):
        item.records = prices(5)
        item.records[0].sequence = sequence
    assert LaneHeap(lanes).lanes[0] is lanes[1]


@given(st.integers(1, 9), st.lists(st.tuples(st.integers(0, 8), st.integers(0, 40)), max_size=60))
def test_the_least_watermark_is_found_whichever_moves(count: int, moves: list[tuple[int, int]]) -> None:
    watermarks, plain = Watermarks(count), [NO_WATERMARK] * count
    for place, watermark_ns in moves:
        number = place % count
        watermarks.place(number, watermark_ns)
        plain[number] = watermark_ns
        others = [own for index, own in enumerate(plain) if index != number]
        found = (watermarks.least(), watermarks.least_of_others(number))
        assert found == (min(plain), min(others, default=END_OF_TIME))

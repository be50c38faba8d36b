"""Bars: windows, sale conditions, lateness, exact sums; by hand, and against bars made the slow way."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflow.model import END_OF_TIME
from dataflow.testing.harness import OperatorHarness
from operators.catalog import OPERATORS
from operators.indicators import IndicatorParameters
from schemas.generated.events import PRICE_KIND_QUOTE, PRICE_KIND_STATUS, AnalyticsCalculated, PriceUpdated
from tests.operators.bar_reference import BarReference
from tests.operators.sales import HOUR, MINUTE, SECOND, real_sales, sale

DOLLAR = 100_000_000
NOON = 1_381_147_200 * SECOND  # 7 October 2013, 12:00 UTC
ODD_LOT, NOT_LAST, NOT_HIGH_LOW = 16, 32, 64
INTERVALS_MS = (60_000, 300_000, 900_000, 3_600_000)


def harness(**parameters: Any) -> OperatorHarness:
    return OperatorHarness(OPERATORS["indicators"], IndicatorParameters(**parameters))


def minutes(**parameters: Any) -> OperatorHarness:
    """A harness that makes bars of one minute only."""
    return harness(intervals_ms=(60_000,), **parameters)


def closed(made: OperatorHarness, end_ns: int = END_OF_TIME) -> list[AnalyticsCalculated]:
    made.advance_watermark(end_ns)
    return made.take()


def prices(bar: AnalyticsCalculated) -> tuple[float, ...]:
    """Open, high, low, close in dollars."""
    return tuple(price / DOLLAR for price in (bar.open_e8, bar.high_e8, bar.low_e8, bar.close_e8))


def content(bar: AnalyticsCalculated) -> tuple[object, ...]:
    """What the reference tells of a bar."""
    ohlc = (bar.open_e8, bar.high_e8, bar.low_e8, bar.close_e8)
    return (bar.event_time_ns, bar.interval_ms, *ohlc, bar.volume, bar.turnover_e8, bar.trades, bar.vwap)


def test_a_bar_holds_first_highest_lowest_and_last_price_and_the_sums() -> None:
    made = minutes()
    made.send(
        sale(NOON, 10.0, 100), sale(NOON + 1, 12.5, 200), sale(NOON + 2, 9.0, 100), sale(NOON + 59 * SECOND, 11.0, 100)
    )
    (bar,) = closed(made)
    assert prices(bar) == (10.0, 12.5, 9.0, 11.0)
    assert (bar.volume, bar.trades, bar.turnover_e8) == (500, 4, 5_500 * DOLLAR)
    assert bar.vwap == 11.0
    assert (bar.symbol, bar.interval_ms) == ("A", 60_000)
    assert (bar.window_start_ns, bar.window_end_ns, bar.event_time_ns) == (NOON, NOON + MINUTE, NOON + MINUTE)


def test_a_bar_is_emitted_once_when_the_watermark_reaches_its_end() -> None:
    made = minutes()
    made.send(sale(NOON, 10.0))
    assert closed(made, NOON + MINUTE - 1) == []
    assert len(closed(made, NOON + MINUTE)) == 1
    assert closed(made) == []


def test_a_sale_at_the_end_of_a_window_belongs_to_the_next() -> None:
    made = minutes()
    made.send(sale(NOON + MINUTE - 1, 10.0), sale(NOON + MINUTE, 11.0))
    assert [prices(bar)[3] for bar in closed(made)] == [10.0, 11.0]


def test_each_length_has_its_own_bar_and_those_that_end_together_come_shortest_first() -> None:
    made = harness()
    made.send(sale(NOON, 10.0), sale(NOON + 59 * MINUTE, 11.0))
    bars = closed(made)
    assert [(bar.interval_ms // 60_000, (bar.event_time_ns - NOON) // MINUTE) for bar in bars] == [
        *((1, 1), (5, 5), (15, 15)),
        *((1, 60), (5, 60), (15, 60), (60, 60)),
    ]
    assert prices(bars[-1]) == (10.0, 11.0, 10.0, 11.0)


def test_windows_are_aligned_to_the_epoch_and_may_be_shifted() -> None:
    session_open = NOON + HOUR + 30 * MINUTE
    shifted = harness(intervals_ms=(3_600_000,), offset_ms=1_800_000)
    shifted.send(sale(session_open, 10.0), sale(session_open + 59 * MINUTE, 11.0))
    aligned = harness(intervals_ms=(3_600_000,))
    aligned.send(sale(session_open, 10.0), sale(session_open + 59 * MINUTE, 11.0))
    assert [bar.window_start_ns for bar in closed(shifted)] == [session_open]
    assert [bar.window_start_ns for bar in closed(aligned)] == [NOON + HOUR, NOON + 2 * HOUR]


def test_an_offset_longer_than_the_bars_shifts_by_what_is_left() -> None:
    made = minutes(offset_ms=130_000)
    made.send(sale(NOON, 10.0))
    assert [bar.window_start_ns for bar in closed(made)] == [NOON - 50 * SECOND]


@pytest.mark.parametrize("kind", [PRICE_KIND_QUOTE, PRICE_KIND_STATUS])
def test_what_is_no_sale_makes_no_bar(kind: int) -> None:
    made = harness()
    made.send(PriceUpdated(NOON, "A", kind, last_price_e8=DOLLAR))
    assert made.state("A").series == []
    assert closed(made) == []


def test_symbols_have_their_own_bars() -> None:
    made = minutes()
    made.send(sale(NOON, 10.0), key="A")
    made.send(sale(NOON, 11.0), key="B")
    assert [(bar.symbol, prices(bar)[3]) for bar in closed(made)] == [("A", 10.0), ("B", 11.0)]


def test_sales_out_of_order_give_the_same_open_and_close() -> None:
    made = minutes()
    made.send(sale(NOON + 30 * SECOND, 11.0), sale(NOON + 50 * SECOND, 12.0), sale(NOON + 10 * SECOND, 10.0))
    (bar,) = closed(made)
    assert prices(bar) == (10.0, 12.0, 10.0, 12.0)


def test_of_sales_at_one_instant_the_first_opens_and_the_last_closes() -> None:
    made = minutes()
    made.send(sale(NOON, 10.0), sale(NOON, 11.0), sale(NOON, 10.5))
    assert prices(closed(made)[0]) == (10.0, 11.0, 10.0, 10.5)


def test_a_bar_still_open_takes_sales_after_the_next_has_begun() -> None:
    made = minutes()
    made.send(sale(NOON + MINUTE, 11.0), sale(NOON + 3 * MINUTE, 13.0), sale(NOON + 2 * MINUTE, 12.0))
    made.send(sale(NOON, 10.0), sale(NOON + 2 * MINUTE + 1, 12.5), sale(NOON + MINUTE + 1, 11.5))
    assert [prices(bar)[::3] for bar in closed(made)] == [(10.0, 10.0), (11.0, 11.5), (12.0, 12.5), (13.0, 13.0)]


def test_a_late_sale_is_emitted_late_once_and_counts_where_the_window_is_open() -> None:
    made = harness()
    made.send(sale(NOON, 10.0))
    made.advance_watermark(NOON + 6 * MINUTE)
    assert [bar.interval_ms for bar in made.take()] == [60_000, 300_000]
    late = sale(NOON + 1, 12.0)
    made.send(late)
    assert made.late == [late]
    assert [(bar.interval_ms, bar.trades, prices(bar)[1]) for bar in closed(made)] == [
        (900_000, 2, 12.0),
        (3_600_000, 2, 12.0),
    ]


def test_a_sale_of_an_empty_window_that_is_over_is_late_too() -> None:
    made = minutes()
    made.advance_watermark(NOON + MINUTE)
    made.send(sale(NOON, 10.0), sale(NOON + MINUTE, 11.0))
    assert [record.event_time_ns for record in made.late] == [NOON]
    assert [prices(bar)[3] for bar in closed(made)] == [11.0]


def test_a_sale_before_the_epoch_is_late() -> None:
    made = minutes()
    made.send(sale(-1, 10.0), sale(0, 11.0))
    assert [record.event_time_ns for record in made.late] == [-1]
    assert [prices(bar)[3] for bar in closed(made)] == [11.0]


@pytest.mark.parametrize(
    ("flags", "ohlc", "vwap"),
    [
        (0, (10.0, 20.0, 10.0, 20.0), 15.0),
        (8 | 128 | 256 | 512, (10.0, 20.0, 10.0, 20.0), 15.0),
        (ODD_LOT, (10.0, 10.0, 10.0, 10.0), 15.0),
        (NOT_LAST, (10.0, 20.0, 10.0, 10.0), 15.0),
        (NOT_HIGH_LOW, (10.0, 10.0, 10.0, 10.0), 10.0),
        (ODD_LOT | NOT_LAST | NOT_HIGH_LOW, (10.0, 10.0, 10.0, 10.0), 10.0),
        (ODD_LOT | NOT_LAST, (10.0, 10.0, 10.0, 10.0), 15.0),
    ],
)
def test_what_a_sale_counts_for_depends_on_its_conditions(flags: int, ohlc: tuple[float, ...], vwap: float) -> None:
    made = minutes()
    made.send(sale(NOON, 10.0), sale(NOON + 1, 20.0, flags=flags))
    (bar,) = closed(made)
    assert prices(bar) == ohlc
    assert bar.vwap == vwap
    assert (bar.volume, bar.trades, bar.turnover_e8) == (200, 2, 3_000 * DOLLAR)


def test_a_bar_without_an_eligible_sale_carries_the_close_and_is_no_step_of_the_indicators() -> None:
    made = minutes(sma_period=2)
    made.send(sale(NOON, 10.0), sale(NOON + MINUTE, 20.0, flags=ODD_LOT), sale(NOON + 2 * MINUTE, 11.0))
    bars = closed(made)
    assert [prices(bar) for bar in bars] == [(10.0,) * 4, (10.0,) * 4, (11.0,) * 4]
    assert [bar.vwap for bar in bars] == [10.0, 20.0, 11.0]
    assert [bar.sma for bar in bars] == [None, None, 10.5]


def test_a_carried_close_still_widens_to_what_is_eligible_for_high_and_low() -> None:
    made = minutes()
    made.send(sale(NOON, 10.0), sale(NOON + MINUTE, 8.0, flags=NOT_LAST))
    assert prices(closed(made)[1]) == (10.0, 10.0, 8.0, 10.0)


def test_before_the_first_eligible_sale_a_bar_has_no_prices() -> None:
    made = minutes()
    made.send(sale(NOON, 8.0, flags=NOT_LAST), sale(NOON, 9.0, flags=NOT_HIGH_LOW))
    (bar,) = closed(made)
    assert prices(bar) == (0.0,) * 4
    assert (bar.volume, bar.vwap) == (200, 8.0)


def test_without_shares_for_it_the_volume_weighted_price_is_the_close() -> None:
    made = minutes()
    made.send(sale(NOON, 10.0), sale(NOON + MINUTE, 9.0, flags=NOT_HIGH_LOW))
    assert [bar.vwap for bar in closed(made)] == [10.0, 10.0]


def test_an_official_price_without_shares_is_no_sale() -> None:
    made = minutes()
    made.send(sale(NOON, 99.0, 0, NOT_LAST | NOT_HIGH_LOW))
    assert closed(made) == []


def test_a_corrected_close_sets_prices_but_is_no_sale() -> None:
    made = minutes()
    made.send(sale(NOON, 10.0), sale(NOON + 1, 10.5, 0))
    (bar,) = closed(made)
    assert prices(bar) == (10.0, 10.5, 10.0, 10.5)
    assert (bar.volume, bar.trades, bar.vwap) == (100, 1, 10.0)


def test_turnover_is_exact_however_large() -> None:
    made = minutes()
    for price_e8, quantity in [
        (999_999_999_999_999_999, 10**12 - 1),
        (1, 1),
        (999_999_999_999_999_999, 1),
        (7, 10**12),
    ]:
        huge = sale(NOON, 0.0, quantity)
        huge.trade_price_e8 = price_e8
        made.send(huge)
    (bar,) = closed(made)
    assert bar.turnover_e8 == 999_999_999_999_999_999 * 10**12 + 1 + 7 * 10**12


def test_turnover_is_exact_over_many_sales_of_some_billions_each() -> None:
    made = minutes()
    made.send(*[sale(NOON, 10_000.01, 1_000_003) for _ in range(60)])
    (bar,) = closed(made)
    assert bar.turnover_e8 == 60 * 1_000_001_000_000 * 1_000_003


def test_empty_windows_give_no_bar() -> None:
    made = minutes()
    made.send(sale(NOON, 10.0), sale(NOON + 5 * MINUTE, 11.0))
    assert [(bar.window_start_ns - NOON) // MINUTE for bar in closed(made)] == [0, 5]


def test_empty_windows_may_repeat_the_close_so_often_in_a_row() -> None:
    made = minutes(fill_empty_bars=2, sma_period=2)
    made.send(sale(NOON, 10.0), sale(NOON + 2 * MINUTE, 11.0), sale(NOON + 6 * MINUTE, 12.0))
    bars = closed(made)
    assert [(bar.window_start_ns - NOON) // MINUTE for bar in bars] == [0, 1, 2, 3, 4, 6, 7, 8]
    assert [prices(bar)[3] for bar in bars] == [10.0, 10.0, 11.0, 11.0, 11.0, 12.0, 12.0, 12.0]
    assert [bar.volume for bar in bars] == [100, 0, 100, 0, 0, 100, 0, 0]
    assert [bar.sma for bar in bars] == [None, 10.0, 10.5, 11.0, 11.0, 11.5, 12.0, 12.0]
    assert bars[1].vwap == 10.0


def test_the_last_of_several_earlier_bars_is_filled_after_not_those_between() -> None:
    made = minutes(fill_empty_bars=1)
    made.send(sale(NOON + 2 * MINUTE, 12.0), sale(NOON, 10.0))
    assert [(bar.window_start_ns - NOON) // MINUTE for bar in closed(made)] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("parameters", "fault"),
    [
        ({"intervals_ms": ()}, "intervals_ms holds 0 lengths"),
        ({"intervals_ms": (1_000, 1_000)}, "each once"),
        ({"intervals_ms": (0,)}, "intervals_ms holds 0; give 1 to"),
        ({"intervals_ms": (8 * 86_400_000,)}, "intervals_ms holds 691200000"),
        ({"offset_ms": -1}, "offset_ms is -1"),
        ({"fill_empty_bars": -1}, "fill_empty_bars is -1"),
        ({"sma_period": 1}, "sma_period is 1; give 2 to 1000 bars"),
        ({"atr_period": 1_001}, "atr_period is 1001"),
        ({"macd_fast_period": 26}, "macd_fast_period is not shorter"),
        ({"bollinger_deviations": 0.0}, "bollinger_deviations is 0.0"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(parameters: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        harness(**parameters)


STEPS = st.lists(
    st.tuples(
        st.integers(-4 * 60, 7 * 60).map(lambda seconds: seconds * SECOND),
        st.integers(1, 30).map(lambda dollars: dollars / 2),
        st.integers(0, 300),
        st.sampled_from([0, 0, 0, ODD_LOT, NOT_LAST, NOT_HIGH_LOW, ODD_LOT | NOT_LAST | NOT_HIGH_LOW]),
        st.integers(0, 3 * 60).map(lambda seconds: seconds * SECOND),
    ),
    max_size=40,
)
"""(event time after the watermark in ns, price, shares, flags, how far the watermark moves afterwards)"""


def play(made: OperatorHarness, steps: list[tuple[int, float, int, int, int]], restarts: bool = False) -> BarReference:
    """Send the steps to the harness and to a reference; with `restarts` through a snapshot before each."""
    reference = BarReference(INTERVALS_MS)
    made.advance_watermark(NOON)
    for ahead_ns, price, quantity, flags, moved_ns in steps:
        if restarts:
            made.restore(made.snapshot())
        if restarts:
            made.restore(made.snapshot())
        record = sale(made.watermark_ns + ahead_ns, price, quantity + 1, flags)
        made.send(record)
        reference.send(record, made.watermark_ns)
        made.advance_watermark(made.watermark_ns + moved_ns)
    made.advance_watermark(END_OF_TIME)
    return reference


@settings(deadline=None)
@given(STEPS)
def test_bars_and_late_sales_are_those_of_the_reference(steps: list[tuple[int, float, int, int, int]]) -> None:
    made = harness()
    reference = play(made, steps)
    bars = made.take()
    assert [content(bar) for bar in bars] == reference.bars()
    assert made.late == reference.late


@settings(deadline=None)
@given(STEPS)
def test_every_share_is_in_one_bar_of_each_length_or_late(steps: list[tuple[int, float, int, int, int]]) -> None:
    made = harness()
    reference = play(made, steps)
    bars = made.take()
    shares = sum(quantity + 1 for _, _, quantity, _, _ in steps)
    counted = {ms: sum(bar.volume for bar in bars if bar.interval_ms == ms) for ms in INTERVALS_MS}
    assert counted == {ms: shares - reference.missed[ms] for ms in INTERVALS_MS}


@settings(deadline=None)
@given(STEPS)
def test_a_restart_anywhere_changes_nothing(steps: list[tuple[int, float, int, int, int]]) -> None:
    undisturbed, disturbed = harness(fill_empty_bars=2), harness(fill_empty_bars=2)
    play(undisturbed, steps)
    play(disturbed, steps, restarts=True)
    assert [bar.to_dict() for bar in disturbed.take()] == [bar.to_dict() for bar in undisturbed.take()]
    assert disturbed.snapshot() == undisturbed.snapshot()


@settings(deadline=None)
@given(STEPS)
def test_state_holds_no_more_than_its_bounds(steps: list[tuple[int, float, int, int, int]]) -> None:
    made = harness(sma_period=3, bollinger_period=2, ema_period=2, macd_fast_period=2, macd_slow_period=4)
    play(made, steps)
    series = [item for key in made.keys for item in made.state(key).series]
    assert all(len(item.moving.closes_e8) <= 4 and item.earlier == [] for item in series)
    assert all(item.newest.end_ns == 0 for item in series)


def test_real_sales_of_five_days_give_the_bars_of_the_reference(market_data_folder: Any) -> None:
    made = harness()
    reference = BarReference(INTERVALS_MS)
    for record in real_sales(market_data_folder, "ibm"):
        made.advance_watermark(max(made.watermark_ns, record.event_time_ns))
        made.send(record)
        reference.send(record, made.watermark_ns)
    assert [content(bar) for bar in closed(made)] == reference.bars()
    assert made.late == []

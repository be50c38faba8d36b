"""Conflate: what passes at once, what waits, and that nothing of the market is lost on the way."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dataflow.testing.harness import OperatorHarness
from operators.catalog import CONFLATE
from operators.conflation import ConflateParameters
from schemas.generated.events import PRICE_KIND_QUOTE, PRICE_KIND_STATUS, PRICE_KIND_TRADE, PriceUpdated

MS = 1_000_000
BEGIN = 1_763_649_000_000 * MS
INTERVAL = 100


def quote(ms: int, bid: int = 100, **changes: Any) -> PriceUpdated:
    """A quote so many milliseconds after the beginning, bidding so much in 1e-8."""
    made = PriceUpdated(BEGIN + ms * MS, "A", PRICE_KIND_QUOTE, bid_price_e8=bid, status="TRADING")
    made.bid_quantity, made.ask_price_e8, made.ask_quantity = 300, bid + 2, 200
    made.bid_venue, made.ask_venue, made.last_price_e8, made.cumulative_volume = "XNYS", "XNAS", 99, 1_000
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def sale(ms: int, price: int = 101, **changes: Any) -> PriceUpdated:
    fields = {"kind": PRICE_KIND_TRADE, "last_price_e8": price, "trade_price_e8": price, "trade_quantity": 50}
    return quote(ms, **{**fields, **changes})


def halt(ms: int) -> PriceUpdated:
    return quote(ms, kind=PRICE_KIND_STATUS, status="HALTED")


def conflated(*updates: PriceUpdated, interval_ms: int = INTERVAL) -> OperatorHarness:
    harness = OperatorHarness(CONFLATE, ConflateParameters(interval_ms))
    harness.send(*updates)
    return harness


def passed(harness: OperatorHarness) -> list[tuple[int, int, int]]:
    """(milliseconds after the beginning, kind, bid) of what came out."""
    return [((one.event_time_ns - BEGIN) // MS, one.kind, one.bid_price_e8) for one in harness.take()]


def market_of(update: PriceUpdated) -> tuple[Any, ...]:
    """All that a record tells of the market, but for the sale it may be."""
    return (
        update.bid_price_e8, update.bid_quantity, update.bid_venue, update.ask_price_e8, update.ask_quantity,
        update.ask_venue, update.last_price_e8, update.last_quantity, update.last_venue, update.cumulative_volume,
        update.status,
    )  # fmt: skip


def test_the_first_quote_passes_at_once() -> None:
    assert passed(conflated(quote(0))) == [(0, PRICE_KIND_QUOTE, 100)]


def test_a_quote_after_a_quiet_interval_passes_at_once() -> None:
    assert passed(conflated(quote(0), quote(100, 101))) == [(0, PRICE_KIND_QUOTE, 100), (100, PRICE_KIND_QUOTE, 101)]


def test_of_later_quotes_in_the_interval_the_last_one_goes_at_its_end_by_timer() -> None:
    harness = conflated(quote(0), quote(10, 101), quote(99, 102))
    assert passed(harness) == [(0, PRICE_KIND_QUOTE, 100)]
    harness.advance_watermark(BEGIN + 100 * MS)
    assert passed(harness) == [(100, PRICE_KIND_QUOTE, 102)]


def test_nothing_goes_before_the_watermark_has_reached_the_end_of_the_interval() -> None:
    harness = conflated(quote(0), quote(10, 101))
    harness.advance_watermark(BEGIN + 100 * MS - 1)
    assert passed(harness) == [(0, PRICE_KIND_QUOTE, 100)]


def test_the_next_quote_lets_out_the_one_that_waits_without_a_watermark_and_waits_itself() -> None:
    harness = conflated(quote(0), quote(10, 101), quote(150, 102))
    assert passed(harness) == [(0, PRICE_KIND_QUOTE, 100), (100, PRICE_KIND_QUOTE, 101)]
    harness.advance_watermark(BEGIN + 200 * MS)
    assert passed(harness) == [(200, PRICE_KIND_QUOTE, 102)]


def test_a_quote_that_was_let_out_by_the_next_is_not_let_out_again_by_its_timer() -> None:
    harness = conflated(quote(0), quote(10, 101), quote(350, 102))
    assert [bid for _, _, bid in passed(harness)] == [100, 101, 102]
    harness.advance_watermark(BEGIN + 1_000 * MS)
    assert passed(harness) == []


def test_a_sale_passes_at_once_though_a_quote_waits() -> None:
    harness = conflated(quote(0), quote(10, 101), sale(20, bid=101))
    assert passed(harness) == [(0, PRICE_KIND_QUOTE, 100), (20, PRICE_KIND_TRADE, 101)]


def test_every_sale_passes_with_price_and_quantity() -> None:
    sales = [sale(ms, 100 + ms) for ms in range(50)]
    found = conflated(*sales).take()
    assert [(one.trade_price_e8, one.trade_quantity) for one in found] == [(100 + ms, 50) for ms in range(50)]


def test_a_halt_passes_at_once() -> None:
    harness = conflated(quote(0), quote(10), halt(20))
    assert [one.status for one in harness.take()] == ["TRADING", "HALTED"]


def test_a_quote_that_waited_tells_the_last_sale_and_status_told_meanwhile() -> None:
    harness = conflated(quote(0), quote(10, 101), sale(20, 107, bid=101, cumulative_volume=1_050), halt(30))
    harness.take()
    harness.advance_watermark(BEGIN + 100 * MS)
    (late,) = harness.take()
    assert (late.kind, late.status, late.trade_quantity) == (PRICE_KIND_QUOTE, "HALTED", 0)


def test_a_quote_that_waited_bears_no_flag_of_a_sale() -> None:
    harness = conflated(quote(0), quote(10), sale(20, flags=512 | 32 | 8))
    harness.take()
    harness.advance_watermark(BEGIN + 100 * MS)
    assert [late.flags for late in harness.take()] == [8]


def test_sales_alone_start_no_interval() -> None:
    assert passed(conflated(sale(0), quote(10))) == [(0, PRICE_KIND_TRADE, 100), (10, PRICE_KIND_QUOTE, 100)]


def test_a_quote_tells_every_figure_of_the_market_it_stands_for() -> None:
    last = quote(20, 103, bid_quantity=7, ask_quantity=9, last_quantity=5, last_venue="ARCX", flags=4)
    harness = conflated(quote(0), quote(10), last)
    harness.advance_watermark(BEGIN + 100 * MS)
    late = harness.take()[-1]
    assert (market_of(late), late.flags) == (market_of(last), 4)


def test_after_the_time_has_gone_back_the_newest_quote_passes_and_the_one_that_waited_is_forgotten() -> None:
    harness = conflated(quote(5_000), quote(5_010, 101), quote(0, 102), quote(120, 103))
    assert passed(harness) == [(5_000, 0, 100), (0, 0, 102), (120, 0, 103)]
    harness.advance_watermark(BEGIN + 9_000 * MS)
    assert passed(harness) == []


def test_an_interval_of_zero_lets_everything_pass() -> None:
    harness = conflated(*(quote(0, bid) for bid in range(5)), interval_ms=0)
    assert [bid for _, _, bid in passed(harness)] == [0, 1, 2, 3, 4]


def test_a_quote_that_waits_survives_a_restart() -> None:
    before = conflated(quote(0), quote(10, 101))
    after = conflated()
    after.restore(before.snapshot())
    after.advance_watermark(BEGIN + 100 * MS)
    assert passed(after) == [(100, PRICE_KIND_QUOTE, 101)]


MOMENTS = st.lists(st.tuples(st.integers(0, 60), st.sampled_from([0, 0, 0, 1, 2]), st.integers(1, 9)), max_size=60)


def made_of(moments: list[tuple[int, int, int]]) -> list[PriceUpdated]:
    """Updates at rising times: (milliseconds after the one before, kind, bid)."""
    found, ms = [], 0
    for step, kind, bid in moments:
        ms += step
        found.append(quote(ms, bid, kind=kind, last_price_e8=bid, trade_quantity=bid if kind == 1 else 0))
    return found


@given(MOMENTS)
def test_no_sale_and_no_status_is_lost_and_quotes_keep_their_distance(moments: list[tuple[int, int, int]]) -> None:
    updates = made_of(moments)
    harness = conflated(*updates)
    harness.advance_watermark(BEGIN + 3_600_000 * MS)
    found = harness.take()
    others = [(one.event_time_ns, one.kind, *market_of(one)) for one in found if one.kind != PRICE_KIND_QUOTE]
    assert others == [(one.event_time_ns, one.kind, *market_of(one)) for one in updates if one.kind != 0]
    quotes = [one.event_time_ns for one in found if one.kind == PRICE_KIND_QUOTE]
    assert all(after - before >= INTERVAL * MS for before, after in pairwise(quotes))


@given(MOMENTS)
def test_whoever_reads_on_ends_with_the_market_as_it_is_and_never_goes_back_in_time(
    moments: list[tuple[int, int, int]],
) -> None:
    updates = made_of(moments)
    harness = conflated(*updates)
    harness.advance_watermark(BEGIN + 3_600_000 * MS)
    found = harness.take()
    assert [market_of(one) for one in found[-1:]] == [market_of(one) for one in updates[-1:]]
    assert [one.event_time_ns for one in found] == sorted(one.event_time_ns for one in found)

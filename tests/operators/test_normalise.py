"""Normalise by hand: the best quote over venues, status, hours and days."""

from __future__ import annotations

from schemas.generated.events import PRICE_KIND_QUOTE, PRICE_KIND_STATUS, PRICE_KIND_TRADE
from tests.operators.market_messages import HOUR, best, last_best, normalise, quote, reasons, status, trade


def test_one_venue_is_the_market() -> None:
    harness = normalise()
    harness.send(quote("N", "300 @ 10.00", "200 @ 10.02"))
    update = harness.take()[0]
    assert best(update) == ("300 @ 10.00 N", "200 @ 10.02 N")
    assert (update.kind, update.flags, update.status) == (PRICE_KIND_QUOTE, 0, "TRADING")


def test_the_best_price_of_all_venues_wins() -> None:
    harness = normalise()
    harness.send(quote("N", "300 @ 10.00", "200 @ 10.03"), quote("Q", "100 @ 10.01", "500 @ 10.04"))
    assert last_best(harness) == ("100 @ 10.01 Q", "200 @ 10.03 N")


def test_venues_at_the_best_price_are_added_up_under_the_first() -> None:
    harness = normalise()
    harness.send(quote("N", "300 @ 10.00", "200 @ 10.02"), quote("Q", "100 @ 10.00", "500 @ 10.02"))
    assert last_best(harness) == ("400 @ 10.00 N", "700 @ 10.02 N")


def test_a_venue_that_worsens_leaves_the_best_to_the_others() -> None:
    harness = normalise()
    harness.send(quote("N", "300 @ 10.00", "200 @ 10.02"), quote("Q", "100 @ 9.99", "500 @ 10.02"))
    harness.send(quote("N", "300 @ 9.98", "200 @ 10.05"))
    assert last_best(harness) == ("100 @ 9.99 Q", "500 @ 10.02 Q")


def test_a_side_of_zeros_is_no_quote_on_that_side() -> None:
    harness = normalise()
    harness.send(quote("N", "300 @ 10.00", "200 @ 10.02"), quote("N", "", "200 @ 10.02"))
    update = harness.take()[-1]
    assert best(update) == ("", "200 @ 10.02 N")
    assert update.flags == 4


def test_a_market_locked_between_venues_is_flagged() -> None:
    harness = normalise()
    harness.send(quote("N", "300 @ 10.00", "200 @ 10.02"), quote("Q", "100 @ 10.02", "100 @ 10.03"))
    assert harness.take()[-1].flags == 1


def test_a_market_crossed_between_venues_is_flagged() -> None:
    harness = normalise()
    harness.send(quote("N", "300 @ 10.00", "200 @ 10.02"), quote("Q", "100 @ 10.03", "100 @ 10.04"))
    assert harness.take()[-1].flags == 2


def test_a_consolidated_feed_may_be_crossed() -> None:
    harness = normalise()
    harness.send(quote("SIP", "300 @ 10.03", "200 @ 10.02", feed="lean", conditions="1"))
    assert harness.take()[0].flags == 2


def test_a_quote_that_is_not_firm_takes_its_venue_out() -> None:
    harness = normalise()
    harness.send(quote("N", "300 @ 10.00", "200 @ 10.02"), quote("Q", "100 @ 9.99", "100 @ 10.03"))
    harness.send(quote("N", "300 @ 10.00", "200 @ 10.02", conditions="N"))
    assert last_best(harness) == ("100 @ 9.99 Q", "100 @ 10.03 Q")


def test_a_halt_told_by_lean_bits_takes_its_venue_out() -> None:
    harness = normalise()
    harness.send(quote("SIP", "300 @ 10.00", "200 @ 10.02", feed="lean", conditions="1"))
    harness.send(quote("SIP", "", "", feed="lean", conditions="20"))
    assert last_best(harness) == ("", "")


def test_a_quote_that_changes_nothing_is_told_all_the_same() -> None:
    harness = normalise()
    harness.send(quote("N", "300 @ 10.00", "200 @ 10.02"), quote("N", "300 @ 10.00", "200 @ 10.02"))
    assert len(harness.take()) == 2


def test_unchanged_quotes_can_be_left_out() -> None:
    harness = normalise(emit_unchanged=False)
    harness.send(quote("N", "300 @ 10.00", "200 @ 10.02"), quote("Q", "300 @ 9.99", "200 @ 10.03"))
    harness.send(quote("N", "300 @ 10.00", "200 @ 10.02"), quote("Q", "100 @ 10.00", "200 @ 10.03"))
    assert [best(update)[0] for update in harness.take()] == ["300 @ 10.00 N", "400 @ 10.00 N"]


def test_quotes_can_expire() -> None:
    harness = normalise(quote_expires_ms=2_000)
    harness.send(quote("N", "300 @ 10.00", "200 @ 10.02", at=0), quote("Q", "100 @ 9.99", "100 @ 10.03", at=1))
    harness.send(quote("P", "100 @ 9.98", "100 @ 10.04", at=2))
    assert last_best(harness) == ("300 @ 10.00 N", "200 @ 10.02 N")
    harness.send(quote("P", "100 @ 9.98", "100 @ 10.04", at=2.5))
    assert last_best(harness) == ("100 @ 9.99 Q", "100 @ 10.03 Q")
    harness.send(trade("P", "100 @ 10.00", at=60))
    assert last_best(harness) == ("", "")


def test_quotes_do_not_expire_by_themselves() -> None:
    harness = normalise()
    harness.send(quote("N", "300 @ 10.00", "200 @ 10.02"), trade("P", "100 @ 10.00", at=6 * HOUR))
    assert last_best(harness) == ("300 @ 10.00 N", "200 @ 10.02 N")


def test_a_status_is_told_and_stays() -> None:
    harness = normalise()
    harness.send(status("HALTED"), quote("N", "300 @ 10.00", "200 @ 10.02", at=1), status("TRADING", at=2))
    updates = harness.take()
    assert [update.status for update in updates] == ["HALTED", "HALTED", "TRADING"]
    assert [update.kind for update in updates] == [PRICE_KIND_STATUS, PRICE_KIND_QUOTE, PRICE_KIND_STATUS]


def test_before_the_open_and_from_the_close_on_is_outside_regular_hours() -> None:
    harness = normalise()
    times = (-0.001, 0, 6.5 * HOUR - 0.001, 6.5 * HOUR)
    harness.send(*(quote("N", "300 @ 10.00", "200 @ 10.02", at=at) for at in times))
    assert [update.flags for update in harness.take()] == [8, 0, 0, 8]


def test_an_early_close_ends_regular_hours_at_one() -> None:
    harness = normalise(early_close_days=(20261120,))
    harness.send(*(quote("N", "300 @ 10.00", "200 @ 10.02", at=at) for at in (3.5 * HOUR - 1, 3.5 * HOUR)))
    assert [update.flags for update in harness.take()] == [0, 8]


def test_a_holiday_has_no_regular_hours() -> None:
    harness = normalise(closed_days=(20261120,))
    harness.send(quote("N", "300 @ 10.00", "200 @ 10.02"))
    assert harness.take()[0].flags == 8


def test_a_new_trading_day_begins_without_quotes_and_volume_but_with_the_last_price() -> None:
    harness = normalise()
    harness.send(quote("N", "300 @ 10.00", "200 @ 10.02"), trade("N", "100 @ 10.01"))
    harness.send(trade("Q", "50 @ 10.50", "@I", at=24 * HOUR))
    update = harness.take()[-1]
    assert best(update) == ("", "")
    assert (update.cumulative_volume, update.last_price_e8, update.last_venue) == (50, 1_001_000_000, "N")


def test_the_trading_day_ends_at_midnight_in_new_york() -> None:
    harness = normalise()
    harness.send(trade("N", "100 @ 10.01"), trade("N", "100 @ 10.01", at=14.5 * HOUR - 1))
    harness.send(trade("N", "100 @ 10.01", at=14.5 * HOUR))
    assert [update.cumulative_volume for update in harness.take()] == [100, 200, 100]


def test_symbols_do_not_mix() -> None:
    harness = normalise()
    harness.send(quote("N", "300 @ 10.00", "200 @ 10.02"), quote("N", "100 @ 55.00", "100 @ 55.01", symbol="KO"))
    assert [best(update)[0] for update in harness.take()] == ["300 @ 10.00 N", "100 @ 55.00 N"]
    assert harness.keys == ["IBM", "KO"]


def test_an_update_tells_time_symbol_and_cause() -> None:
    harness = normalise()
    sent = trade("N", "100 @ 10.01", at=7)
    sent.event_id_hi, sent.event_id_lo = 11, 12
    harness.send(sent)
    update = harness.take()[0]
    assert (update.symbol, update.event_time_ns, update.kind) == ("IBM", sent.event_time_ns, PRICE_KIND_TRADE)
    assert (update.cause_id_hi, update.cause_id_lo) == (11, 12)


def test_a_venue_that_numbers_from_one_again_counts_again_the_next_day() -> None:
    harness = normalise()
    harness.send(trade("N", "100 @ 10.01", venue_sequence=900))
    harness.send(trade("N", "100 @ 10.01", at=24 * HOUR, venue_sequence=1))
    assert reasons(harness) == ["", ""]

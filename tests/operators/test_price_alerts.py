"""Price alerts: each kind of rule by hand, each reason of refusal, and all together against a slow reference."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflow.testing.harness import OperatorHarness
from operators.catalog import OPERATORS
from operators.price_alerts import PriceAlertParameters
from schemas.generated.events import (
    ALERT_KIND_CROSSING_DOWN,
    ALERT_KIND_CROSSING_UP,
    ALERT_KIND_PERCENT_MOVE,
    ALERT_RULE_ACTION_CHANGE,
    ALERT_RULE_ACTION_CREATE,
    ALERT_RULE_ACTION_DELETE,
    ALERT_RULE_REJECT_REASON_SYMBOLS,
    PRICE_KIND_QUOTE,
    AlertRuleChanged,
    AlertRuleRejected,
    AlertTriggered,
    PriceUpdated,
)
from tests.operators.alert_reference import AlertReference
from tests.operators.sales import sale

DOLLAR = 100_000_000
UP, DOWN, MOVE = ALERT_KIND_CROSSING_UP, ALERT_KIND_CROSSING_DOWN, ALERT_KIND_PERCENT_MOVE
CREATE, CHANGE, DELETE = ALERT_RULE_ACTION_CREATE, ALERT_RULE_ACTION_CHANGE, ALERT_RULE_ACTION_DELETE
LARGEST_E8 = 10**18 - 1


class Desk:
    """A harness spoken to in dollars."""

    def __init__(self, **parameters: Any) -> None:
        self.harness = OperatorHarness(OPERATORS["price_alerts"], PriceAlertParameters(**parameters))

    def rule(self, kind: int, level: float, back: int = 0, **fields: Any) -> None:
        """Create, or what `action` says, a rule: `level` in dollars, or for a move in basis points."""
        change = AlertRuleChanged(7, "A", "r", "acc", CREATE, kind, hysteresis_bps=back)
        if kind == MOVE:
            change.move_bps = int(level)
        else:
            change.threshold_price_e8 = round(level * DOLLAR)
        for name, value in fields.items():
            setattr(change, name, value)
        self.harness.send(change)

    def prices(self, *dollars: float) -> list[float]:
        """Sales at these prices; the prices that triggered."""
        self.harness.send(*[sale(9, price) for price in dollars])
        return [record.price_e8 / DOLLAR for record in self.harness.take()]

    def alert(self, *dollars: float) -> AlertTriggered:
        """The one alert that these prices give."""
        self.harness.send(*[sale(9, price) for price in dollars])
        (record,) = self.harness.take()
        assert isinstance(record, AlertTriggered)
        return record

    def reasons(self) -> list[str]:
        """Why changes were refused."""
        return [ALERT_RULE_REJECT_REASON_SYMBOLS[record.reason] for record in self.harness.take()]


def test_crossing_up_triggers_when_the_price_reaches_the_threshold() -> None:
    desk = Desk()
    desk.rule(UP, 100.0)
    assert desk.prices(99.0, 99.99, 100.0) == [100.0]


def test_crossing_up_triggers_when_the_price_jumps_over_the_threshold() -> None:
    desk = Desk()
    desk.rule(UP, 100.0)
    assert desk.prices(99.0, 120.0) == [120.0]


def test_crossing_down_triggers_when_the_price_reaches_or_jumps_over_the_threshold() -> None:
    desk = Desk()
    desk.rule(DOWN, 100.0)
    assert desk.prices(101.0, 100.0, 99.0, 101.0, 80.0) == [100.0, 80.0]


def test_a_crossing_triggers_once() -> None:
    desk = Desk()
    desk.rule(UP, 100.0)
    assert desk.prices(99.0, 100.0, 100.0, 101.0, 105.0, 100.0) == [100.0]


def test_a_crossing_triggers_again_after_the_price_has_been_back() -> None:
    desk = Desk()
    desk.rule(UP, 100.0)
    assert desk.prices(99.0, 100.0, 99.99, 101.0) == [100.0, 101.0]


def test_crossing_up_counts_again_only_after_the_price_has_gone_back_by_the_hysteresis() -> None:
    desk = Desk()
    desk.rule(UP, 100.0, back=100)
    assert desk.prices(98.0, 100.0, 99.01, 100.0, 99.5, 101.0) == [100.0]
    assert desk.prices(99.0, 100.0) == [100.0]


def test_crossing_down_counts_again_only_after_the_price_has_gone_back_by_the_hysteresis() -> None:
    desk = Desk()
    desk.rule(DOWN, 100.0, back=100)
    assert desk.prices(102.0, 100.0, 100.99, 100.0, 100.5, 99.0) == [100.0]
    assert desk.prices(101.0, 100.0) == [100.0]


def test_the_first_crossing_needs_no_hysteresis() -> None:
    desk = Desk()
    desk.rule(UP, 100.0, back=100)
    assert desk.prices(99.99, 100.0) == [100.0]


@pytest.mark.parametrize("first", [100.0, 120.0])
def test_a_rule_created_at_or_beyond_its_threshold_waits_until_the_price_has_been_back(first: float) -> None:
    desk = Desk()
    desk.prices(first)
    desk.rule(UP, 100.0, back=100)
    assert desk.prices(121.0, 100.0, 99.99, 100.0) == [100.0]


def test_a_rule_created_before_any_price_waits_likewise() -> None:
    desk = Desk()
    desk.rule(DOWN, 100.0)
    assert desk.prices(90.0, 80.0, 101.0, 99.0) == [99.0]


def test_a_rule_created_on_the_near_side_triggers_on_the_next_crossing() -> None:
    desk = Desk()
    desk.prices(90.0)
    desk.rule(UP, 100.0)
    assert desk.prices(100.0) == [100.0]


@pytest.mark.parametrize(("price", "bps"), [(101.0, 100), (99.0, -100), (103.456, 345), (96.544, -345)])
def test_a_percent_move_triggers_either_way(price: float, bps: int) -> None:
    desk = Desk()
    desk.prices(100.0)
    desk.rule(MOVE, 100)
    assert desk.prices(100.99, 99.01) == []
    assert desk.alert(price).move_bps == bps


def test_a_percent_move_is_measured_from_the_last_price_when_the_rule_was_created() -> None:
    desk = Desk()
    desk.prices(50.0, 100.0)
    desk.rule(MOVE, 1_000)
    assert desk.prices(109.99, 110.0) == [110.0]


def test_a_percent_move_without_a_last_price_is_measured_from_the_first_afterwards() -> None:
    desk = Desk()
    desk.rule(MOVE, 1_000)
    assert desk.prices(100.0, 109.99, 90.0) == [90.0]


def test_after_a_trigger_a_percent_move_is_measured_from_that_price() -> None:
    desk = Desk()
    desk.prices(100.0)
    desk.rule(MOVE, 1_000)
    assert desk.prices(115.0, 120.0, 126.49, 126.5, 113.86, 113.85) == [115.0, 126.5, 113.85]


def test_a_move_of_the_whole_price_is_never_reached_downwards() -> None:
    desk = Desk()
    desk.prices(100.0)
    desk.rule(MOVE, 10_000)
    assert desk.prices(0.00000001, 199.99, 200.0) == [200.0]


def test_an_alert_tells_what_triggered_it() -> None:
    desk = Desk()
    desk.prices(95.0)
    desk.rule(UP, 100.0)
    alert = desk.alert(98.0, 102.9)
    assert (alert.symbol, alert.account, alert.rule_id, alert.kind) == ("A", "acc", "r", UP)
    assert (alert.price_e8, alert.threshold_price_e8, alert.reference_price_e8) == (
        102_90000000,
        100 * DOLLAR,
        98 * DOLLAR,
    )
    assert (alert.move_bps, alert.trigger_count, alert.event_time_ns) == (500, 1, 9)


@pytest.mark.parametrize(("price", "level"), [(104.0, 103.0), (96.0, 97.0)])
def test_an_alert_of_a_move_tells_the_level_and_the_reference(price: float, level: float) -> None:
    desk = Desk()
    desk.prices(100.0)
    desk.rule(MOVE, 300)
    alert = desk.alert(price)
    assert (alert.threshold_price_e8, alert.reference_price_e8) == (round(level * DOLLAR), 100 * DOLLAR)


def test_triggers_are_counted() -> None:
    desk = Desk()
    desk.rule(UP, 100.0)
    desk.harness.send(*[sale(9, price) for price in (99.0, 100.0) * 3])
    assert [alert.trigger_count for alert in desk.harness.take()] == [1, 2, 3]


def test_a_changed_rule_starts_anew_and_goes_on_counting() -> None:
    desk = Desk()
    desk.rule(UP, 100.0, back=500)
    assert desk.prices(99.0, 101.0) == [101.0]
    desk.rule(UP, 102.0, back=500, action=CHANGE)
    alert = desk.alert(102.0)
    assert (alert.trigger_count, alert.threshold_price_e8) == (2, 102 * DOLLAR)


def test_a_rule_changed_to_another_kind_is_of_that_kind() -> None:
    desk = Desk()
    desk.rule(UP, 100.0)
    desk.prices(99.0)
    desk.rule(DOWN, 90.0, action=CHANGE)
    assert desk.prices(101.0, 90.0) == [90.0]


def test_a_changed_move_is_measured_from_the_last_price() -> None:
    desk = Desk()
    desk.prices(100.0)
    desk.rule(MOVE, 1_000)
    desk.prices(105.0)
    desk.rule(MOVE, 1_000, action=CHANGE)
    assert desk.prices(110.0, 115.5) == [115.5]


def test_a_deleted_rule_triggers_no_more_and_its_name_is_free() -> None:
    desk = Desk()
    desk.rule(UP, 100.0)
    desk.rule(UP, 0.0, action=DELETE)
    assert desk.prices(99.0, 100.0) == []
    desk.rule(UP, 101.0)
    assert desk.alert(101.0).trigger_count == 1


def test_quotes_and_sales_that_do_not_set_the_last_price_change_nothing() -> None:
    desk = Desk()
    desk.rule(UP, 100.0)
    desk.prices(99.0)
    quote = PriceUpdated(9, "A", PRICE_KIND_QUOTE, last_price_e8=200 * DOLLAR)
    odd = sale(9, 200.0, 1, 32)
    odd.last_price_e8 = 99 * DOLLAR
    first = sale(9, 200.0, 1, 32)
    first.last_price_e8 = 0
    desk.harness.send(quote, odd, first)
    assert desk.harness.take() == []
    assert desk.harness.state("A").last_price_e8 == 99 * DOLLAR


def test_symbols_have_their_own_rules() -> None:
    desk = Desk()
    desk.rule(UP, 100.0, symbol="B")
    assert desk.prices(99.0, 100.0) == []


def test_rules_that_trigger_together_do_so_in_the_order_of_their_creation() -> None:
    desk = Desk()
    desk.prices(90.0)
    desk.rule(UP, 100.0, rule_id="z")
    desk.rule(MOVE, 10, rule_id="a")
    desk.rule(UP, 95.0, rule_id="m")
    desk.rule(UP, 96.0, rule_id="z", action=CHANGE)
    desk.harness.send(sale(9, 101.0))
    assert [alert.rule_id for alert in desk.harness.take()] == ["z", "a", "m"]


@pytest.mark.parametrize(
    ("kind", "fields", "reason"),
    [
        (UP, {"rule_id": ""}, "RULE_ID_MISSING"),
        (UP, {"rule_id": "", "action": DELETE}, "RULE_ID_MISSING"),
        (UP, {}, "RULE_EXISTS"),
        (UP, {"account": "other"}, "RULE_EXISTS"),
        (UP, {"rule_id": "new", "action": CHANGE}, "RULE_UNKNOWN"),
        (UP, {"rule_id": "new", "action": DELETE}, "RULE_UNKNOWN"),
        (UP, {"account": "other", "action": CHANGE}, "RULE_OF_ANOTHER_ACCOUNT"),
        (UP, {"account": "other", "action": DELETE}, "RULE_OF_ANOTHER_ACCOUNT"),
        (UP, {"rule_id": "new", "threshold_price_e8": 0}, "THRESHOLD_NOT_POSITIVE"),
        (DOWN, {"rule_id": "new", "threshold_price_e8": -1}, "THRESHOLD_NOT_POSITIVE"),
        (DOWN, {"action": CHANGE, "threshold_price_e8": 0}, "THRESHOLD_NOT_POSITIVE"),
        (MOVE, {"rule_id": "new", "move_bps": 0}, "MOVE_NOT_POSITIVE"),
        (MOVE, {"action": CHANGE, "move_bps": -5}, "MOVE_NOT_POSITIVE"),
        (UP, {"rule_id": "new", "hysteresis_bps": -1}, "HYSTERESIS_NEGATIVE"),
        (MOVE, {"rule_id": "new", "hysteresis_bps": 10_000}, "HYSTERESIS_TOO_LARGE"),
        (DOWN, {"action": CHANGE, "hysteresis_bps": 10_000}, "HYSTERESIS_TOO_LARGE"),
    ],
)
def test_a_change_that_cannot_be_carried_out_is_rejected_with_its_reason_and_changes_nothing(
    kind: int, fields: dict[str, Any], reason: str
) -> None:
    desk = Desk()
    desk.rule(UP, 100.0)
    before = desk.harness.state("A").to_dict()
    desk.rule(kind, 100.0, **fields)
    assert desk.reasons() == [reason]
    assert desk.harness.state("A").to_dict() == before


def test_a_rejection_names_rule_and_account() -> None:
    desk = Desk()
    desk.rule(UP, 100.0, rule_id="x", account="me", action=DELETE)
    (rejected,) = desk.harness.take()
    assert isinstance(rejected, AlertRuleRejected)
    assert (rejected.symbol, rejected.rule_id, rejected.account, rejected.event_time_ns) == ("A", "x", "me", 7)


def test_a_symbol_has_only_so_many_rules() -> None:
    desk = Desk(rules_per_symbol_max=2)
    for rule_id in ("a", "b", "c"):
        desk.rule(UP, 100.0, rule_id=rule_id)
    assert desk.reasons() == ["TOO_MANY_RULES"]
    desk.rule(UP, 100.0, rule_id="a", action=DELETE)
    desk.rule(UP, 100.0, rule_id="c")
    assert desk.reasons() == []


def test_a_bound_that_allows_no_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="rules_per_symbol_max is 0"):
        Desk(rules_per_symbol_max=0)


def test_the_largest_values_do_not_wrap_around() -> None:
    desk = Desk()
    desk.rule(UP, 0.0, back=9_999, threshold_price_e8=LARGEST_E8, rule_id="up")
    desk.rule(DOWN, 0.0, back=9_999, threshold_price_e8=LARGEST_E8, rule_id="down")
    desk.rule(MOVE, 0, move_bps=2**63 - 1, rule_id="far")
    desk.rule(MOVE, 1, rule_id="near")
    first, top = sale(9, 0.00000001), sale(9, 1.0)
    top.last_price_e8 = LARGEST_E8
    desk.harness.send(first, top)
    alerts = desk.harness.take()
    assert [alert.rule_id for alert in alerts] == ["up", "far", "near"]
    assert {alert.move_bps for alert in alerts} == {1 << 62}
    rules = desk.harness.state("A").rules
    assert rules["up"].act_below_e8 == LARGEST_E8 // 10_000
    assert rules["down"].act_above_e8 == LARGEST_E8 + 1


def test_between_the_levels_of_all_rules_nothing_is_looked_at() -> None:
    desk = Desk()
    desk.prices(100.0)
    desk.rule(UP, 110.0, rule_id="up")
    desk.rule(DOWN, 95.0, rule_id="down")
    desk.rule(MOVE, 800, rule_id="move")
    state = desk.harness.state("A")
    assert (state.quiet_above_e8, state.quiet_below_e8) == (95 * DOLLAR, 108 * DOLLAR)
    desk.rule(DOWN, 95.0, rule_id="down", action=DELETE)
    assert state.quiet_above_e8 == 92 * DOLLAR


PRICES = st.integers(1, 300)
CHANGES = st.builds(
    AlertRuleChanged,
    event_time_ns=st.just(7),
    symbol=st.just("A"),
    rule_id=st.sampled_from("abcd"),
    account=st.just("acc"),
    action=st.sampled_from([CREATE, CREATE, CHANGE, DELETE]),
    kind=st.sampled_from([UP, DOWN, MOVE]),
    threshold_price_e8=PRICES,
    move_bps=st.integers(1, 12_000),
    hysteresis_bps=st.integers(0, 3_000),
)
EVENTS = st.lists(st.one_of(PRICES, PRICES, CHANGES), max_size=80)


def play(harness: OperatorHarness, events: list[Any], restarts: bool = False) -> AlertReference:
    """Send changes, and sales at prices in 1e-8, to the harness and to a reference."""
    reference = AlertReference()
    for event in events:
        if restarts:
            harness.restore(harness.snapshot())
        if isinstance(event, int):
            record = sale(9, 0.0)
            record.last_price_e8 = event
            harness.send(record)
            reference.price(event)
        else:
            harness.send(event)
            reference.change(event)
    return reference


@settings(deadline=None)
@given(EVENTS)
def test_alerts_are_those_of_the_reference(events: list[Any]) -> None:
    harness = OperatorHarness(OPERATORS["price_alerts"])
    reference = play(harness, events)
    alerts = [record for record in harness.take() if isinstance(record, AlertTriggered)]
    assert [(alert.rule_id, alert.price_e8, alert.trigger_count) for alert in alerts] == reference.alerts


@settings(deadline=None)
@given(EVENTS)
def test_a_restart_anywhere_changes_nothing(events: list[Any]) -> None:
    undisturbed, disturbed = OperatorHarness(OPERATORS["price_alerts"]), OperatorHarness(OPERATORS["price_alerts"])
    play(undisturbed, events)
    play(disturbed, events, restarts=True)
    assert [record.to_dict() for record in disturbed.take()] == [record.to_dict() for record in undisturbed.take()]
    assert disturbed.snapshot() == undisturbed.snapshot()


@settings(deadline=None)
@given(EVENTS)
def test_no_rule_ever_acts_inside_the_quiet_range(events: list[Any]) -> None:
    harness = OperatorHarness(OPERATORS["price_alerts"])
    play(harness, [1, *events, 5])
    state = harness.state("A")
    assert state.quiet_above_e8 == max([0, *(rule.act_below_e8 for rule in state.rules.values())])
    assert state.quiet_below_e8 == min([1 << 62, *(rule.act_above_e8 for rule in state.rules.values())])

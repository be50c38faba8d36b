"""Tell users when the last sale price of a symbol crosses a threshold of theirs, or has moved by so much.

Theory of operation. Rules come as a stream: create, change (all fields anew, as if just created; only the count of
triggers goes on), delete. Each rule waits for two prices (see alert_levels.py). The state holds the tightest of them
over all rules; a sale strictly between is done with after two comparisons, however many rules there are.

A percent move is measured from the last price when the rule was created or changed, or from the first price after it
where there was none; then from each price that has triggered it. So it needs no hysteresis: that field is checked only.

Only sales eligible for last count: the others leave `last_price` where it was. Rules that act on one sale do so in the
order of their creation. A change that cannot be carried out leaves everything as it was, and its reason is emitted.

Invariant: between two triggers of a crossing the price has been back beyond its hysteresis.
Bound: rules_per_symbol_max rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mypy_extensions import i64

from dataflow.model import Context, KeyedOperator, Record
from operators.alert_levels import BPS, acts_at, set_levels, set_quiet_range, signed_move_bps
from schemas.generated.events import (
    ALERT_KIND_PERCENT_MOVE,
    ALERT_RULE_ACTION_CREATE,
    ALERT_RULE_ACTION_DELETE,
    ALERT_RULE_REJECT_REASON_HYSTERESIS_NEGATIVE,
    ALERT_RULE_REJECT_REASON_HYSTERESIS_TOO_LARGE,
    ALERT_RULE_REJECT_REASON_MOVE_NOT_POSITIVE,
    ALERT_RULE_REJECT_REASON_RULE_EXISTS,
    ALERT_RULE_REJECT_REASON_RULE_ID_MISSING,
    ALERT_RULE_REJECT_REASON_RULE_OF_ANOTHER_ACCOUNT,
    ALERT_RULE_REJECT_REASON_RULE_UNKNOWN,
    ALERT_RULE_REJECT_REASON_THRESHOLD_NOT_POSITIVE,
    ALERT_RULE_REJECT_REASON_TOO_MANY_RULES,
    PRICE_KIND_TRADE,
    AlertRuleChanged,
    AlertRuleRejected,
    AlertTriggered,
    PriceUpdated,
)
from schemas.generated.states import AlertRule, PriceAlertsState

ACCEPTED: Final[i64] = -1


@dataclass(frozen=True)
class PriceAlertParameters:
    """Parameters of price_alerts."""

    rules_per_symbol_max: int = 1_000
    """Rules a symbol may have, all accounts together; one more is rejected."""


class PriceAlerts(KeyedOperator[PriceAlertsState]):
    """Emits AlertTriggered once per crossing or move, and AlertRuleRejected for each change refused."""

    def __init__(self, parameters: PriceAlertParameters) -> None:
        if parameters.rules_per_symbol_max < 1:
            raise ValueError(f"rules_per_symbol_max is {parameters.rules_per_symbol_max}; give 1 or more")
        self.rules_max: i64 = parameters.rules_per_symbol_max

    def on_record(self, state: PriceAlertsState, record: Record, context: Context) -> None:
        if isinstance(record, PriceUpdated):
            price_e8: i64 = record.last_price_e8
            if record.kind != PRICE_KIND_TRADE or price_e8 <= 0:
                return
            if not state.quiet_above_e8 < price_e8 < state.quiet_below_e8:
                on_price(state, price_e8, context)
            state.last_price_e8 = price_e8
        else:
            assert isinstance(record, AlertRuleChanged)
            self.on_change(state, record, context)

    def on_change(self, state: PriceAlertsState, change: AlertRuleChanged, context: Context) -> None:
        reason = self.reject_reason(state, change)
        if reason != ACCEPTED:
            context.emit(AlertRuleRejected(0, change.symbol, change.rule_id, change.account, reason))
            return
        if change.action == ALERT_RULE_ACTION_DELETE:
            del state.rules[change.rule_id]
        else:
            state.rules[change.rule_id] = rule_of(change, state)
        set_quiet_range(state)

    def reject_reason(self, state: PriceAlertsState, change: AlertRuleChanged) -> i64:
        """Why the change cannot be carried out, the first reason found; or ACCEPTED."""
        if change.rule_id == "":
            return ALERT_RULE_REJECT_REASON_RULE_ID_MISSING
        rule = state.rules.get(change.rule_id)
        if change.action == ALERT_RULE_ACTION_CREATE:
            if rule is not None:
                return ALERT_RULE_REJECT_REASON_RULE_EXISTS
            if len(state.rules) >= self.rules_max:
                return ALERT_RULE_REJECT_REASON_TOO_MANY_RULES
            return condition_fault(change)
        if rule is None:
            return ALERT_RULE_REJECT_REASON_RULE_UNKNOWN
        if rule.account != change.account:
            return ALERT_RULE_REJECT_REASON_RULE_OF_ANOTHER_ACCOUNT
        return ACCEPTED if change.action == ALERT_RULE_ACTION_DELETE else condition_fault(change)


def condition_fault(change: AlertRuleChanged) -> i64:
    """What is wrong with the condition a rule is to have, or ACCEPTED."""
    if change.kind == ALERT_KIND_PERCENT_MOVE:
        if change.move_bps <= 0:
            return ALERT_RULE_REJECT_REASON_MOVE_NOT_POSITIVE
    elif change.threshold_price_e8 <= 0:
        return ALERT_RULE_REJECT_REASON_THRESHOLD_NOT_POSITIVE
    if change.hysteresis_bps < 0:
        return ALERT_RULE_REJECT_REASON_HYSTERESIS_NEGATIVE
    return ACCEPTED if change.hysteresis_bps < BPS else ALERT_RULE_REJECT_REASON_HYSTERESIS_TOO_LARGE


def rule_of(change: AlertRuleChanged, state: PriceAlertsState) -> AlertRule:
    """The rule as created or changed, waiting for what comes after the last price."""
    rule = AlertRule(change.account, change.kind, change.threshold_price_e8, change.move_bps, change.hysteresis_bps)
    before = state.rules.get(change.rule_id)
    if before is not None:
        rule.trigger_count = before.trigger_count
    last_e8 = state.last_price_e8
    if rule.kind == ALERT_KIND_PERCENT_MOVE:
        rule.reference_price_e8 = last_e8
    set_levels(rule)
    if last_e8 > 0 and acts_at(rule, last_e8):
        rule.armed = True
        set_levels(rule)
    return rule


def on_price(state: PriceAlertsState, price_e8: i64, context: Context) -> None:
    """Let every rule act that waits for this price."""
    for rule_id, rule in state.rules.items():
        if acts_at(rule, price_e8):
            if rule.kind == ALERT_KIND_PERCENT_MOVE:
                on_move(rule, rule_id, price_e8, context)
            elif rule.armed:
                rule.armed = False
                rule.triggered = True
                trigger(rule, rule_id, context, alert_of(rule, price_e8, rule.threshold_price_e8, state.last_price_e8))
            else:
                rule.armed = True
            set_levels(rule)
    set_quiet_range(state)


def on_move(rule: AlertRule, rule_id: str, price_e8: i64, context: Context) -> None:
    reference_e8 = rule.reference_price_e8
    if reference_e8 > 0:
        level_e8 = rule.act_above_e8 if price_e8 > reference_e8 else rule.act_below_e8
        trigger(rule, rule_id, context, alert_of(rule, price_e8, level_e8, reference_e8))
    rule.reference_price_e8 = price_e8


def alert_of(rule: AlertRule, price_e8: i64, threshold_e8: i64, reference_e8: i64) -> AlertTriggered:
    alert = AlertTriggered()
    alert.account = rule.account
    alert.kind = rule.kind
    alert.price_e8 = price_e8
    alert.threshold_price_e8 = threshold_e8
    alert.reference_price_e8 = reference_e8
    alert.move_bps = signed_move_bps(price_e8, reference_e8)
    return alert


def trigger(rule: AlertRule, rule_id: str, context: Context, alert: AlertTriggered) -> None:
    rule.trigger_count += 1
    alert.symbol = context.key
    alert.rule_id = rule_id
    alert.trigger_count = rule.trigger_count
    context.emit(alert)

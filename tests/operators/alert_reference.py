"""Price alerts the slow and obvious way: exact fractions, every rule looked at on every price."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from schemas.generated.events import (
    ALERT_KIND_CROSSING_UP,
    ALERT_KIND_PERCENT_MOVE,
    ALERT_RULE_ACTION_CHANGE,
    ALERT_RULE_ACTION_DELETE,
    AlertRuleChanged,
)

BPS = 10_000


@dataclass
class Watched:
    """A rule and what has happened to it."""

    change: AlertRuleChanged
    reference: int
    ready: bool
    triggered: bool = False
    count: int = 0

    def sees(self, price: int) -> bool:
        """Take a price; True if it triggers."""
        if self.change.kind == ALERT_KIND_PERCENT_MOVE:
            return self.moves_to(price)
        threshold = self.change.threshold_price_e8
        sign = 1 if self.change.kind == ALERT_KIND_CROSSING_UP else -1
        if self.ready:
            crossed = (price - threshold) * sign >= 0
            self.ready = not crossed
            self.triggered |= crossed
            return crossed
        back = Fraction((threshold - price) * sign * BPS, threshold)
        self.ready = back > 0 and (back >= self.change.hysteresis_bps or not self.triggered)
        return False

    def moves_to(self, price: int) -> bool:
        reached = self.reference > 0 and Fraction(abs(price - self.reference) * BPS, self.reference) >= (
            self.change.move_bps
        )
        if reached or self.reference == 0:
            self.reference = price
        return reached


class AlertReference:
    """Takes valid changes and prices; collects (rule, price, count) of the alerts."""

    def __init__(self) -> None:
        self.rules: dict[str, Watched] = {}
        self.last = 0
        self.alerts: list[tuple[str, int, int]] = []

    def change(self, change: AlertRuleChanged) -> None:
        before = self.rules.get(change.rule_id)
        if change.action == ALERT_RULE_ACTION_DELETE:
            self.rules.pop(change.rule_id, None)
        elif (before is not None) == (change.action == ALERT_RULE_ACTION_CHANGE):
            rule = Watched(change, reference=0, ready=False, count=before.count if before else 0)
            self.rules[change.rule_id] = rule
            if self.last:
                rule.sees(self.last)

    def price(self, price: int) -> None:
        for rule_id, rule in self.rules.items():
            if rule.sees(price):
                rule.count += 1
                self.alerts.append((rule_id, price, rule.count))
        self.last = price

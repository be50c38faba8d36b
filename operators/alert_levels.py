"""The two prices at which a price alert acts: every condition of a rule, as numbers.

| rule | acts at or below | acts at or above |
|---|---|---|
| crossing up, armed | never | threshold: trigger |
| crossing up, not armed | arming price: arm | never |
| crossing down, armed | threshold: trigger | never |
| crossing down, not armed | never | arming price: arm |
| percent move with a reference | reference less the move: trigger | reference plus the move: trigger |
| percent move without | any price: take it as reference | |

A crossing is armed from the other side of the threshold: at first by any price there, so that a rule made beyond its
threshold waits until the price has been back; once triggered only by a price that has gone back by the hysteresis, so
that a price trembling around the threshold triggers once.

Levels are exact: rounded to whole 1e-8 away from the price they are waited for at.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from schemas.generated.events import ALERT_KIND_CROSSING_UP, ALERT_KIND_PERCENT_MOVE
from schemas.generated.states import AlertRule, PriceAlertsState

BPS: Final = 10_000
NEVER_BELOW: Final = 0
NEVER_ABOVE: Final = 1 << 62
MOVE_BPS_MAX: Final = 1 << 62


def set_levels(rule: AlertRule) -> None:
    """Derive from the rule what it waits for next."""
    rule.act_below_e8 = NEVER_BELOW
    rule.act_above_e8 = NEVER_ABOVE
    if rule.kind == ALERT_KIND_PERCENT_MOVE:
        set_move_levels(rule)
    elif rule.kind == ALERT_KIND_CROSSING_UP:
        if rule.armed:
            rule.act_above_e8 = rule.threshold_price_e8
        else:
            rule.act_below_e8 = bounded(arming_price_e8(rule, -1))
    elif rule.armed:
        rule.act_below_e8 = rule.threshold_price_e8
    else:
        rule.act_above_e8 = bounded(arming_price_e8(rule, 1))


def set_move_levels(rule: AlertRule) -> None:
    reference_e8: int = rule.reference_price_e8
    move_bps: int = rule.move_bps
    if reference_e8 == 0:
        rule.act_below_e8 = NEVER_ABOVE
        return
    if move_bps < BPS:
        rule.act_below_e8 = bounded(reference_e8 * (BPS - move_bps) // BPS)
    rule.act_above_e8 = bounded(rounded_up(reference_e8 * (BPS + move_bps)))


def arming_price_e8(rule: AlertRule, side: int) -> int:
    """The first price on that side (-1 below, 1 above) of the threshold that makes the next crossing count."""
    threshold_e8: int = rule.threshold_price_e8
    hysteresis_bps: int = rule.hysteresis_bps
    if not rule.triggered or hysteresis_bps == 0:
        return threshold_e8 + side
    if side < 0:
        return min(threshold_e8 - 1, threshold_e8 * (BPS - hysteresis_bps) // BPS)
    return max(threshold_e8 + 1, rounded_up(threshold_e8 * (BPS + hysteresis_bps)))


def rounded_up(amount: int) -> int:
    """amount / BPS, rounded up; amount is not negative."""
    return (amount + BPS - 1) // BPS


def bounded(level_e8: int) -> i64:
    """The level, or `NEVER_ABOVE` where it lies beyond every price."""
    return min(level_e8, NEVER_ABOVE)


def acts_at(rule: AlertRule, price_e8: i64) -> bool:
    return price_e8 <= rule.act_below_e8 or price_e8 >= rule.act_above_e8


def set_quiet_range(state: PriceAlertsState) -> None:
    """Note between which prices no rule of the symbol acts."""
    above_e8: i64 = NEVER_BELOW
    below_e8: i64 = NEVER_ABOVE
    for rule in state.rules.values():
        above_e8 = max(above_e8, rule.act_below_e8)
        below_e8 = min(below_e8, rule.act_above_e8)
    state.quiet_above_e8 = above_e8
    state.quiet_below_e8 = below_e8


def signed_move_bps(price_e8: int, reference_e8: int) -> i64:
    """Move from the reference in whole basis points, towards zero."""
    if price_e8 >= reference_e8:
        return min((price_e8 - reference_e8) * BPS // reference_e8, MOVE_BPS_MAX)
    return -((reference_e8 - price_e8) * BPS // reference_e8)

"""One change of a user's price alert, from the texts of its fields.

| field | |
|---|---|
| time | when the change takes effect: ISO 8601 with zone, or a number since the epoch (required) |
| symbol, rule_id, account | whose rule it is (required) |
| action | create (also if empty), change or delete |
| kind | crossing_up, crossing_down or percent_move |
| threshold_price | price of a crossing |
| move_bps | size of a move in basis points |
| hysteresis_bps | how far the price must go back before the rule can trigger again |

Whether a rule makes sense is not checked here: the operator refuses one that does not, with its reason.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from jobs.feeds.fields import decimal_e8, whole
from jobs.feeds.specification import suggestion
from jobs.feeds.timestamps import Clock
from schemas.generated.events import ALERT_KIND_SYMBOLS, ALERT_RULE_ACTION_SYMBOLS, AlertRuleChanged

REQUIRED: Final[tuple[str, ...]] = ("time", "symbol", "rule_id", "account")
FIELDS: Final[tuple[str, ...]] = (*REQUIRED, "action", "kind", "threshold_price", "move_bps", "hysteresis_bps")


def alert_rule(fields: dict[str, bytes], clock: Clock) -> AlertRuleChanged:
    """The change these fields tell of. Raises ValueError."""
    for name in REQUIRED:
        if not fields.get(name, b""):
            raise ValueError(f"the rule has no {name}")
    return AlertRuleChanged(
        event_time_ns=clock.parse(fields["time"]),
        symbol=fields["symbol"].decode("utf-8"),
        rule_id=fields["rule_id"].decode("utf-8"),
        account=fields["account"].decode("utf-8"),
        action=one_of(fields.get("action", b""), ALERT_RULE_ACTION_SYMBOLS, "action"),
        kind=one_of(fields.get("kind", b""), ALERT_KIND_SYMBOLS, "kind"),
        threshold_price_e8=decimal_e8(fields.get("threshold_price", b"") or b"0"),
        move_bps=whole(fields.get("move_bps", b"") or b"0"),
        hysteresis_bps=whole(fields.get("hysteresis_bps", b"") or b"0"),
    )


def one_of(field: bytes, symbols: tuple[str, ...], what: str) -> i64:
    """The number of a word among the schema's; empty is the first."""
    if not field:
        return 0
    word = field.decode("utf-8").upper()
    if word not in symbols:
        remedy = suggestion(word.lower()[:40], tuple([symbol.lower() for symbol in symbols]))
        raise ValueError(f"no {what} is called {word.lower()[:40]!r}: {remedy}")
    return symbols.index(word)

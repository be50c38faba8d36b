"""Kill switches of an account: its own, the global one, and those of symbols.

| state | new orders and replaces | cancels |
|---|---|---|
| ACTIVE | pass on to the other checks | pass |
| REDUCING | pass where they only reduce a position | pass |
| HALTED | none passes | pass |

Theory of operation. State is keyed by account, and an event reaches one key only. So a switch that covers many accounts
is told to each: `addressed` makes one event an account, for the source that knows the accounts (it has told them). An
account told for the first time while the global switch is thrown learns of it with its terms (AccountChanged,
`global_switch`), so none slips through between. The most restrictive of the three switches counts.

Bound: symbol_switches_max symbols; one more switches the whole account, the safe side.
Source: 17 CFR 240.15c3-5(c)(1): controls that stop orders immediately.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from schemas.generated.events import (
    KILL_SWITCH_SCOPE_ACCOUNT,
    KILL_SWITCH_SCOPE_GLOBAL,
    KILL_SWITCH_STATE_ACTIVE,
    KILL_SWITCH_STATE_HALTED,
    KILL_SWITCH_STATE_REDUCING,
    ORDER_REJECT_REASON_ACCOUNT_KILL_SWITCH_ACTIVE,
    ORDER_REJECT_REASON_GLOBAL_KILL_SWITCH_ACTIVE,
    ORDER_REJECT_REASON_SYMBOL_KILL_SWITCH_ACTIVE,
    KillSwitchChanged,
)
from schemas.generated.states import RiskState

NOT_HALTED: Final[i64] = -1


def throw_switch(state: RiskState, change: KillSwitchChanged, symbol_switches_max: i64) -> None:
    """Put a switch in its new state."""
    if change.scope == KILL_SWITCH_SCOPE_GLOBAL:
        state.global_switch = change.state
    elif change.scope == KILL_SWITCH_SCOPE_ACCOUNT:
        state.account_switch = change.state
    elif change.state == KILL_SWITCH_STATE_ACTIVE:
        if change.symbol in state.symbol_switches:
            del state.symbol_switches[change.symbol]
    elif change.symbol in state.symbol_switches or len(state.symbol_switches) < symbol_switches_max:
        state.symbol_switches[change.symbol] = change.state
    else:
        state.account_switch = max(state.account_switch, change.state)


def symbol_switch(state: RiskState, symbol: str) -> i64:
    if len(state.symbol_switches) == 0:
        return KILL_SWITCH_STATE_ACTIVE
    return state.symbol_switches.get(symbol, KILL_SWITCH_STATE_ACTIVE)


def halt_reason(state: RiskState, symbol: str) -> i64:
    """Which switch lets nothing through, the widest first; or NOT_HALTED."""
    if state.global_switch == KILL_SWITCH_STATE_HALTED:
        return ORDER_REJECT_REASON_GLOBAL_KILL_SWITCH_ACTIVE
    if state.account_switch == KILL_SWITCH_STATE_HALTED:
        return ORDER_REJECT_REASON_ACCOUNT_KILL_SWITCH_ACTIVE
    if symbol_switch(state, symbol) == KILL_SWITCH_STATE_HALTED:
        return ORDER_REJECT_REASON_SYMBOL_KILL_SWITCH_ACTIVE
    return NOT_HALTED


def only_reduces(state: RiskState, symbol: str) -> bool:
    """Some switch lets through only what reduces a position."""
    return KILL_SWITCH_STATE_REDUCING in (state.global_switch, state.account_switch, symbol_switch(state, symbol))


def addressed(change: KillSwitchChanged, accounts: list[str]) -> list[KillSwitchChanged]:
    """The events that tell a change to every account it covers, of those given."""
    covered = [change.account] if change.scope == KILL_SWITCH_SCOPE_ACCOUNT else accounts
    told = []
    for account in covered:
        one = KillSwitchChanged(change.event_time_ns, change.scope, account, change.symbol, change.state)
        one.actor = change.actor
        one.comment = change.comment
        told.append(one)
    return told

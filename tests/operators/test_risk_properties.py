"""Money is conserved: random flows of orders, fills, replaces and ends, against books kept the slow way; and inputs of
any content raise nothing.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dataflow.testing.harness import OperatorHarness
from operators.catalog import OPERATORS
from operators.holdings import revalue
from operators.margin_rules import MarginRules
from operators.risk import RiskParameters
from schemas.generated.events import (
    ACCOUNT_KIND_CASH,
    ACCOUNT_KIND_MARGIN,
    SIDE_BUY,
    SIDE_SELL,
    AccountChanged,
    KillSwitchChanged,
    LocateGranted,
    OrderCancelled,
    OrderExecuted,
    OrderExpired,
    OrderRejected,
    OrderReplaced,
    OrderReplaceRejected,
    OrderTransitionRefused,
    OrderValidated,
    PositionUpdated,
    PositionValued,
)
from schemas.generated.states import RiskState
from tests.operators.risk_desk import DOLLAR, MONDAY, SECOND
from tests.operators.risk_market import SYMBOLS, Market

QUANTITIES = st.integers(1, 500)
PRICES = st.integers(1, 200)
NUMBERS = st.integers(0, 9)
SIDES = st.sampled_from((SIDE_BUY, SIDE_SELL))
STEPS = st.one_of(
    st.tuples(
        st.just("place"), st.sampled_from(sorted(SYMBOLS)), st.sampled_from((SIDE_BUY, SIDE_SELL)), QUANTITIES, PRICES
    ),
    st.tuples(st.just("fill"), NUMBERS, QUANTITIES, st.integers(0, DOLLAR - 1)),
    st.tuples(st.just("replace"), NUMBERS, QUANTITIES, PRICES),
    st.tuples(st.just("answer_replace"), NUMBERS, st.booleans()),
    st.tuples(st.just("end"), NUMBERS, st.integers(0, 2)),
)
FLOWS = st.lists(STEPS, max_size=60)
KINDS = st.sampled_from((ACCOUNT_KIND_CASH, ACCOUNT_KIND_MARGIN))
RATES = MarginRules(20260604).at(MONDAY)


def check_books(market: Market) -> None:
    """What risk keeps is what the ledger keeps, and what it has summed up is the sum."""
    state, ledger = market.state, market.ledger
    assert {symbol: shares for symbol, shares in ledger.shares.items() if shares} == {
        symbol: holding.quantity for symbol, holding in state.holdings.items() if holding.quantity
    }
    future = state.holdings.get("F")
    settled = future.quantity * future.settled_price_e8 * 50 if future is not None else 0
    assert state.cash_e8 == ledger.cash - ledger.futures_amount + settled
    assert set(state.orders) == set(market.working)
    for order_id, order in state.orders.items():
        known = market.working[order_id]
        assert (order.quantity, order.filled_quantity, order.price_e8) == (known.quantity, known.filled, known.price)
    check_sums(state)


def check_sums(state: RiskState) -> None:
    holdings = list(state.holdings.values())
    assert state.reserved_e8 == sum(holding.reserved_e8 for holding in holdings)
    assert min([0, *[holding.reserved_e8 for holding in holdings]]) == 0
    assert (
        min([0, *[holding.buy_quantity for holding in holdings], *[holding.sell_quantity for holding in holdings]]) == 0
    )
    assert state.worth_e8 == sum(holding.worth_e8 for holding in holdings)
    assert state.exposure_e8 == sum(holding.exposure_e8 for holding in holdings)
    assert state.open_purchases_e8 == sum(holding.buy_amount_e8 for holding in holdings)
    assert state.open_sales_e8 == sum(holding.sell_amount_e8 for holding in holdings)
    if not state.orders:
        assert (state.reserved_e8, state.open_purchases_e8, state.open_sales_e8) == (0, 0, 0)
    before = state.to_dict()
    for holding in holdings:
        revalue(state, holding, RATES)
    assert state.to_dict() == before


def reconciles(state: RiskState) -> bool:
    """Equity splits without rest into margin of positions, reservations and buying power; none is lost between."""
    power = state.cash_e8 + state.worth_e8 - state.initial_margin_e8 - state.reserved_e8
    return power + state.reserved_e8 + state.initial_margin_e8 == state.cash_e8 + sum(
        holding.quantity * holding.multiplier * (holding.mark_price_e8 - holding.settled_price_e8)
        for holding in state.holdings.values()
    )


@settings(max_examples=150, deadline=None)
@given(KINDS, FLOWS)
def test_cash_shares_and_reservations_are_those_of_the_books_after_every_step(kind: int, flow: list[Any]) -> None:
    market = Market(kind)
    for name, *arguments in flow:
        market.at += SECOND
        getattr(market, name)(*arguments)
        check_books(market)
        assert reconciles(market.state)


@settings(max_examples=60, deadline=None)
@given(KINDS, FLOWS)
def test_nothing_is_reserved_once_every_order_has_ended(kind: int, flow: list[Any]) -> None:
    market = Market(kind)
    for name, *arguments in flow:
        getattr(market, name)(*arguments)
    while market.working:
        market.end(0, 0)
    state = market.state
    assert (state.reserved_e8, state.orders) == (0, {})
    assert {holding.fees_reserved_e8 for holding in state.holdings.values()} <= {0}
    assert all(holding.quantity for holding in state.holdings.values())


@settings(max_examples=100, deadline=None)
@given(FLOWS)
def test_a_cash_account_never_owes(flow: list[Any]) -> None:
    """Futures apart, whose variation is owed."""
    market = Market(ACCOUNT_KIND_CASH)
    for name, *arguments in flow:
        if "F" not in arguments:
            getattr(market, name)(*arguments)
        assert market.state.cash_e8 >= 0


@settings(max_examples=60, deadline=None)
@given(KINDS, FLOWS, st.integers(0, 60))
def test_a_restart_anywhere_changes_nothing(kind: int, flow: list[Any], at: int) -> None:
    whole, broken = Market(kind), Market(kind)
    for place, (name, *arguments) in enumerate(flow):
        if place == at:
            snapshot = broken.harness.snapshot()
            broken.harness = OperatorHarness(OPERATORS["risk"], RiskParameters())
            broken.harness.restore(snapshot)
        getattr(whole, name)(*arguments)
        getattr(broken, name)(*arguments)
    assert broken.harness.snapshot() == whole.harness.snapshot()


LONGS = st.one_of(
    st.integers(-(1 << 63), (1 << 63) - 1),
    st.sampled_from([0, 1, -1, 100, DOLLAR, 10**12, 10**15, 10**17, 10**18 - 1, MONDAY, (1 << 63) - 1, -(1 << 63)]),
)
MONEY = st.one_of(st.integers(1 - 10**38, 10**38 - 1), st.integers(-(10**12), 10**12), st.just(0))
WORDS = st.sampled_from(["A", "B", "C", "F", "", "r", "1", "2", "é\x00", "x" * 300])
PRICES_E8 = st.one_of(st.integers(1 - 10**18, 10**18 - 1), st.sampled_from([0, 1, DOLLAR, 10**17, 10**18 - 1]))
TYPES = (
    OrderValidated, AccountChanged, LocateGranted, KillSwitchChanged, OrderExecuted, OrderCancelled, OrderReplaced,
    OrderExpired, OrderRejected, OrderReplaceRejected, OrderTransitionRefused, PositionUpdated, PositionValued,
)  # fmt: skip
ENUM_SIZES = {
    "side": 3, "marking": 4, "order_type": 5, "action": 3, "instrument_type": 5, "option_right": 3, "step": 3,
    "account_kind": 3, "scope": 3, "change_kind": 7, "global_switch": 3, "state": 3, "status": 3, "time_in_force": 1,
    "session": 1, "self_trade_prevention": 1, "reason": 1, "liquidity": 1,
}  # fmt: skip
"""Values drawn for enum fields; 1 where risk does not look at them."""


def attributes(record: Any) -> dict[str, Any]:
    """Every field but the ids, by the name of its attribute."""
    names = [f"{name}_e8" if hasattr(record, f"{name}_e8") else name for name in record.to_dict()]
    return {name: getattr(record, name) for name in names if name not in ("event_id", "cause_id", "sequence")}


def anything(name: str, value: Any) -> st.SearchStrategy[Any]:
    """Whatever the schema lets a field hold."""
    if isinstance(value, bool):
        return st.booleans()
    if isinstance(value, str):
        return WORDS
    if name in ENUM_SIZES:
        return st.integers(0, ENUM_SIZES[name] - 1)
    if name.endswith("price_e8") or name == "contract_margin_e8":
        return PRICES_E8
    return MONEY if name.endswith("_e8") else LONGS


@st.composite
def wild_records(draw: st.DrawFn) -> Any:
    """A record of any input type, each field anything its schema can hold."""
    record = draw(st.sampled_from(TYPES))()
    for name, value in attributes(record).items():
        setattr(record, name, draw(anything(name, value)))
    return record


class Saboteur(Market):
    """Sends before each record one that differs from it in a few fields."""

    def __init__(self, data: st.DataObject) -> None:
        super().__init__(ACCOUNT_KIND_MARGIN)
        self.data = data

    def send(self, record: Any) -> list[Any]:
        changed = type(record)()
        fields = attributes(record)
        for name, value in fields.items():
            setattr(changed, name, value)
        for name in self.data.draw(st.lists(st.sampled_from(sorted(fields)), max_size=3)):
            setattr(changed, name, self.data.draw(anything(name, fields[name])))
        self.harness.send(changed, key="acc")
        self.harness.send(record)
        answers = self.harness.take()
        assert [answer.to_dict()["symbol"] for answer in answers] == [answer.symbol for answer in answers]
        return answers[-1:] if isinstance(record, OrderValidated) else []


def check_it_can_be_kept(market: Market) -> None:
    """The state survives its codec, and its sums are the sums."""
    snapshot = market.harness.snapshot()
    market.harness.restore(snapshot)
    assert market.harness.snapshot() == snapshot
    assert market.state.reserved_e8 == sum(holding.reserved_e8 for holding in market.state.holdings.values())
    assert min([0, *[holding.reserved_e8 for holding in market.state.holdings.values()]]) == 0


@settings(max_examples=200, deadline=None)
@given(st.lists(wild_records(), max_size=12))
def test_no_input_of_whatever_content_raises_or_leaves_a_state_that_cannot_be_kept(records: list[Any]) -> None:
    market = Market(ACCOUNT_KIND_MARGIN)
    for record in records:
        market.harness.send(record, key="acc")
    assert all(answer.to_dict() for answer in market.harness.take())
    check_it_can_be_kept(market)


@settings(max_examples=200, deadline=None)
@given(st.data(), st.lists(STEPS, max_size=20))
def test_no_input_that_is_nearly_right_raises_or_leaves_a_state_that_cannot_be_kept(
    data: st.DataObject, flow: list[Any]
) -> None:
    market = Saboteur(data)
    for name, *arguments in flow:
        getattr(market, name)(*arguments)
    check_it_can_be_kept(market)

"""Builds what risk emits: each decision with the figures it was taken on."""

from __future__ import annotations

from mypy_extensions import i64

from dataflow.model import Context
from operators.holdings import buying_power_e8
from operators.risk_checks import Refusal, net_exposure_e8
from schemas.generated.events import (
    ORDER_STATE_PARTIALLY_FILLED,
    ORDER_STATE_RISK_APPROVED,
    ORDER_STATE_UNKNOWN,
    ORDER_STEP_RISK,
    OrderRejected,
    OrderReplaceRejected,
    OrderTransitionRefused,
    OrderValidated,
    RiskChecked,
)
from schemas.generated.states import RiskHolding, RiskOrder, RiskState


def approve(
    state: RiskState, request: OrderValidated, holding: RiskHolding | None, reserved_before_e8: int, context: Context
) -> None:
    """Pass a request on, with the account's figures after it. `reserved_before_e8`: of all orders, before it."""
    passed = RiskChecked(request.event_time_ns, request.symbol, request.account, request.order_id, request.action)
    passed.request_id = request.request_id
    passed.side = request.side
    passed.marking = request.marking
    passed.order_type = request.order_type
    passed.time_in_force = request.time_in_force
    passed.session = request.session
    passed.quantity = request.quantity
    passed.display_quantity = request.display_quantity
    passed.limit_price_e8 = request.limit_price_e8
    passed.stop_price_e8 = request.stop_price_e8
    passed.expire_time_ns = request.expire_time_ns
    passed.post_only = request.post_only
    passed.all_or_none = request.all_or_none
    passed.self_trade_prevention = request.self_trade_prevention
    passed.instrument_type = request.instrument_type
    passed.multiplier = request.multiplier
    passed.reference_price_e8 = request.reference_price_e8
    reservation_e8 = state.reserved_e8 - reserved_before_e8
    power_e8 = buying_power_e8(state)
    passed.buying_power_before_e8 = power_e8 + reservation_e8
    passed.buying_power_after_e8 = power_e8
    passed.reservation_e8 = reservation_e8
    passed.gross_exposure_e8 = state.gross_exposure_e8
    passed.net_exposure_e8 = net_exposure_e8(state, request.side)
    if holding is not None:
        passed.margin_requirement_e8 = holding.reserved_e8 - holding.fees_reserved_e8
        passed.position_quantity = holding.quantity
    context.emit(passed)


def reject(request: OrderValidated, refusal: Refusal, context: Context) -> None:
    """A new order goes no further."""
    record = OrderRejected(0, request.symbol, request.account, request.order_id, ORDER_STEP_RISK, refusal.reason)
    record.figure_e8 = refusal.figure_e8
    record.limit_e8 = refusal.limit_e8
    record.side = request.side
    record.quantity = request.quantity
    record.limit_price_e8 = request.limit_price_e8
    record.reference_price_e8 = request.reference_price_e8
    context.emit(record)


def reject_replace(request: OrderValidated, refusal: Refusal, order: RiskOrder | None, context: Context) -> None:
    """A replace goes no further; the order stands as it was."""
    record = OrderReplaceRejected(0, request.symbol, request.account, request.order_id, request.request_id)
    record.step = ORDER_STEP_RISK
    record.reason = refusal.reason
    record.figure_e8 = refusal.figure_e8
    record.limit_e8 = refusal.limit_e8
    record.state = state_of(order)
    context.emit(record)


def state_of(order: RiskOrder | None) -> i64:
    """Where an order stands, as far as risk knows: it hears of fills, not of acceptance."""
    if order is None:
        return ORDER_STATE_UNKNOWN
    return ORDER_STATE_PARTIALLY_FILLED if order.filled_quantity > 0 else ORDER_STATE_RISK_APPROVED


def refuse(refused: OrderTransitionRefused, record_type: str, order: RiskOrder | None, context: Context) -> None:
    """An event of a type that does not fit what is known of its order. `refused` names symbol, account and order."""
    refused.record_type = record_type
    refused.state = state_of(order)
    refused.step = ORDER_STEP_RISK
    context.emit(refused)

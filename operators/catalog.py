"""The operators that pipelines.yaml may name."""

from __future__ import annotations

from typing import Final

from dataflow.model import OperatorType
from operators.conflation import Conflate, ConflateParameters
from operators.execution import Execution, ExecutionParameters
from operators.indicators import IndicatorParameters, Indicators
from operators.normalise import Normalise, NormaliseParameters
from operators.passage import Passage, PassageParameters
from operators.price_alerts import PriceAlertParameters, PriceAlerts
from operators.risk import Risk, RiskParameters
from operators.validate import Validate, ValidateParameters
from schemas.generated.states import (
    CONFLATE_STATE,
    EXECUTION_STATE,
    INDICATORS_STATE,
    NORMALISE_STATE,
    PASSAGE_STATE,
    PRICE_ALERTS_STATE,
    RISK_STATE,
    VALIDATE_STATE,
)

PASSAGE: Final = OperatorType(
    name="passage",
    summary="Counts the price updates of a symbol and passes them on.",
    operator=Passage,
    state=PASSAGE_STATE,
    key=("symbol",),
    inputs=("PriceUpdated",),
    outputs=("PriceUpdated",),
    parameters=PassageParameters,
)

NORMALISE: Final = OperatorType(
    name="normalise",
    summary="Turns venues' quotes, sales and order messages into the market: best bid and offer, last, volume, status.",
    operator=Normalise,
    state=NORMALISE_STATE,
    key=("symbol",),
    inputs=("MarketDataReceived",),
    outputs=("PriceUpdated", "MarketDataRejected"),
    parameters=NormaliseParameters,
)

INDICATORS: Final = OperatorType(
    name="indicators",
    summary="Builds bars of several lengths from sales, with VWAP, SMA, EMA, RSI, MACD, Bollinger bands and ATR.",
    operator=Indicators,
    state=INDICATORS_STATE,
    key=("symbol",),
    inputs=("PriceUpdated",),
    outputs=("AnalyticsCalculated",),
    parameters=IndicatorParameters,
    uses_timers=True,
)

PRICE_ALERTS: Final = OperatorType(
    name="price_alerts",
    summary="Tells users when the last price crosses their threshold or has moved by their percentage.",
    operator=PriceAlerts,
    state=PRICE_ALERTS_STATE,
    key=("symbol",),
    inputs=("PriceUpdated", "AlertRuleChanged"),
    outputs=("AlertTriggered", "AlertRuleRejected"),
    parameters=PriceAlertParameters,
)

CONFLATE: Final = OperatorType(
    name="conflate",
    summary="Lets one quote of a symbol through in each interval, and every sale and change of status.",
    operator=Conflate,
    state=CONFLATE_STATE,
    key=("symbol",),
    inputs=("PriceUpdated",),
    outputs=("PriceUpdated",),
    parameters=ConflateParameters,
    uses_timers=True,
)

VALIDATE: Final = OperatorType(
    name="validate",
    summary="Holds orders, replaces and cancels against instrument, session and market: passes them, or says why not.",
    operator=Validate,
    state=VALIDATE_STATE,
    key=("symbol",),
    inputs=(
        "OrderPlaced",
        "OrderReplaceRequested",
        "OrderCancelRequested",
        "InstrumentChanged",
        "TradingStatusChanged",
        "PriceUpdated",
    ),
    outputs=("OrderValidated", "OrderRejected", "OrderCancelRejected", "OrderReplaceRejected"),
    parameters=ValidateParameters,
)

EXECUTION: Final = OperatorType(
    name="execution",
    summary="Matches approved orders by price and time, in auctions and at the market's quotes; charges fees.",
    operator=Execution,
    state=EXECUTION_STATE,
    key=("symbol",),
    inputs=("RiskChecked", "PriceUpdated", "TradingStatusChanged"),
    outputs=(
        "OrderAccepted",
        "OrderExecuted",
        "TradeExecuted",
        "OrderCancelled",
        "OrderReplaced",
        "OrderExpired",
        "OrderCancelRejected",
        "OrderReplaceRejected",
        "OrderSuspended",
        "OrderTriggered",
        "OrderRejected",
        "AuctionCompleted",
        "OrderTransitionRefused",
    ),
    parameters=ExecutionParameters,
    uses_timers=True,
)

RISK: Final = OperatorType(
    name="risk",
    summary="Lets an account's orders pass that it can bear: switches, short-sale rules, limits, margin and cash.",
    operator=Risk,
    state=RISK_STATE,
    key=("account",),
    inputs=(
        "OrderValidated",
        "AccountChanged",
        "LocateGranted",
        "KillSwitchChanged",
        "OrderExecuted",
        "OrderCancelled",
        "OrderReplaced",
        "OrderExpired",
        "OrderRejected",
        "OrderReplaceRejected",
        "OrderTransitionRefused",
        "PositionUpdated",
        "PositionValued",
    ),
    outputs=("RiskChecked", "OrderRejected", "OrderReplaceRejected", "OrderTransitionRefused"),
    parameters=RiskParameters,
)

OPERATORS: Final[dict[str, OperatorType]] = {
    operator_type.name: operator_type
    for operator_type in (PASSAGE, NORMALISE, INDICATORS, PRICE_ALERTS, CONFLATE, VALIDATE, RISK, EXECUTION)
}

-- What analysts ask first of orders. Views keep nothing; they may be replaced at any time.
-- The events of one order in the book come from one producer (execution, per symbol), so its `sequence` orders them.

CREATE OR REPLACE VIEW order_history
AS SELECT account, order_id, symbol, event_time_ns AS time, sequence, event, detail, quantity, price, cumulative_quantity, event_id_hex
FROM
(
    SELECT account, order_id, symbol, event_time_ns, sequence, 'ACCEPTED' AS event,
        concat(side, ' ', order_type, ' ', time_in_force) AS detail, quantity, limit_price AS price,
        toInt64(0) AS cumulative_quantity, event_id_hex
    FROM order_events_order_accepted
    UNION ALL
    SELECT account, order_id, symbol, event_time_ns, sequence, 'SUSPENDED', reason, leaves_quantity, stop_price, toInt64(0), event_id_hex
    FROM order_events_order_suspended
    UNION ALL
    SELECT account, order_id, symbol, event_time_ns, sequence, 'TRIGGERED', trigger_source, toInt64(0), trigger_price, toInt64(0), event_id_hex
    FROM order_events_order_triggered
    UNION ALL
    SELECT account, order_id, symbol, event_time_ns, sequence, 'EXECUTED', liquidity, quantity, price, cumulative_quantity, event_id_hex
    FROM trade_events_order_executed
    UNION ALL
    SELECT account, order_id, symbol, event_time_ns, sequence, 'REPLACED', request_id, quantity, limit_price, cumulative_quantity, event_id_hex
    FROM order_events_order_replaced
    UNION ALL
    SELECT account, order_id, symbol, event_time_ns, sequence, 'CANCELLED', reason, cancelled_quantity, limit_price, cumulative_quantity, event_id_hex
    FROM order_events_order_cancelled
    UNION ALL
    SELECT account, order_id, symbol, event_time_ns, sequence, 'EXPIRED', reason, expired_quantity, toDecimal64(0, 8), cumulative_quantity, event_id_hex
    FROM order_events_order_expired
    UNION ALL
    SELECT account, order_id, symbol, event_time_ns, sequence, 'REJECTED', concat(step, ': ', reason), quantity, limit_price, toInt64(0), event_id_hex
    FROM order_events_order_rejected
    UNION ALL
    SELECT account, order_id, symbol, event_time_ns, sequence, 'REJECTED', concat(step, ': ', reason), quantity, limit_price, toInt64(0), event_id_hex
    FROM order_rejects_order_rejected
    UNION ALL
    SELECT account, order_id, symbol, event_time_ns, sequence, 'CANCEL_REJECTED', concat(step, ': ', reason), toInt64(0), toDecimal64(0, 8), toInt64(0), event_id_hex
    FROM order_events_order_cancel_rejected
    UNION ALL
    SELECT account, order_id, symbol, event_time_ns, sequence, 'CANCEL_REJECTED', concat(step, ': ', reason), toInt64(0), toDecimal64(0, 8), toInt64(0), event_id_hex
    FROM order_rejects_order_cancel_rejected
    UNION ALL
    SELECT account, order_id, symbol, event_time_ns, sequence, 'REPLACE_REJECTED', concat(step, ': ', reason), toInt64(0), toDecimal64(0, 8), toInt64(0), event_id_hex
    FROM order_events_order_replace_rejected
    UNION ALL
    SELECT account, order_id, symbol, event_time_ns, sequence, 'REPLACE_REJECTED', concat(step, ': ', reason), toInt64(0), toDecimal64(0, 8), toInt64(0), event_id_hex
    FROM order_rejects_order_replace_rejected
)
ORDER BY account, order_id, time, sequence
COMMENT 'Everything that was answered about every order, in the order in which it happened. `tapeline orders` tells one order in more detail.';

CREATE OR REPLACE VIEW orders
AS SELECT
    symbol, account, order_id, side, order_type, time_in_force, quantity, limit_price, state, filled_quantity,
    average_price, fills, charges, accepted_at, last_event_at
FROM
(
SELECT
    symbol, account, order_id,
    anyIf(event_side, event = 'ACCEPTED') AS side, argMinIf(event_type, number, event = 'ACCEPTED') AS order_type,
    anyIf(event_force, event = 'ACCEPTED') AS time_in_force,
    argMaxIf(event_quantity, number, event = 'REPLACED' OR number = first_number) AS quantity,
    argMaxIf(event_price, number, event = 'REPLACED' OR number = first_number) AS limit_price,
    maxIf(number, event = 'ACCEPTED') AS accepted_number, maxIf(number, event = 'SUSPENDED') AS suspended_number,
    maxIf(number, event = 'TRIGGERED') AS triggered_number, maxIf(number, event = 'EXECUTED') AS executed_number,
    maxIf(number, event = 'REPLACED') AS replaced_number,
    multiIf(
        countIf(event = 'CANCELLED') > 0, 'CANCELLED',
        countIf(event = 'EXPIRED') > 0, 'EXPIRED',
        fills > 0 AND argMaxIf(event_leaves, number, event = 'EXECUTED') = 0, 'FILLED',
        suspended_number > greatest(accepted_number, triggered_number, executed_number), 'SUSPENDED',
        executed_number > greatest(accepted_number, triggered_number), 'PARTIALLY_FILLED',
        replaced_number > greatest(accepted_number, triggered_number), 'REPLACED',
        'WORKING') AS state,
    maxIf(event_filled, event = 'EXECUTED') AS filled_quantity,
    argMaxIf(event_price, number, event = 'AVERAGE') AS average_price,
    countIf(event = 'EXECUTED') AS fills, sum(event_charges) AS charges,
    minIf(event_time, event = 'ACCEPTED') AS accepted_at, max(event_time) AS last_event_at
FROM
(
    SELECT symbol, account, order_id, event_time_ns AS event_time, sequence AS number, 'ACCEPTED' AS event,
        side AS event_side, order_type AS event_type, time_in_force AS event_force, quantity AS event_quantity,
        limit_price AS event_price, toInt64(0) AS event_filled, toInt64(0) AS event_leaves,
        toDecimal128(0, 8) AS event_charges,
        min(sequence) OVER (PARTITION BY symbol, account, order_id) AS first_number
    FROM order_events_order_accepted
    UNION ALL
    SELECT symbol, account, order_id, event_time_ns, sequence, 'SUSPENDED', '', '', '', 0, toDecimal64(0, 8), 0, 0, toDecimal128(0, 8), 0
    FROM order_events_order_suspended
    UNION ALL
    SELECT symbol, account, order_id, event_time_ns, sequence, 'TRIGGERED', '', '', '', 0, toDecimal64(0, 8), 0, 0, toDecimal128(0, 8), 0
    FROM order_events_order_triggered
    UNION ALL
    SELECT symbol, account, order_id, event_time_ns, sequence, 'EXECUTED', '', '', '', quantity, price, cumulative_quantity,
        leaves_quantity, toDecimal128(commission + section_31_fee + taf_fee + venue_fee, 8), 0
    FROM trade_events_order_executed
    UNION ALL
    SELECT symbol, account, order_id, event_time_ns, sequence, 'AVERAGE', '', '', '', 0, average_price, 0, 0, toDecimal128(0, 8), 0
    FROM trade_events_order_executed
    UNION ALL
    SELECT symbol, account, order_id, event_time_ns, sequence, 'REPLACED', '', '', '', quantity, limit_price, 0, 0, toDecimal128(0, 8), 0
    FROM order_events_order_replaced
    UNION ALL
    SELECT symbol, account, order_id, event_time_ns, sequence, 'CANCELLED', '', '', '', 0, toDecimal64(0, 8), 0, 0, toDecimal128(0, 8), 0
    FROM order_events_order_cancelled
    UNION ALL
    SELECT symbol, account, order_id, event_time_ns, sequence, 'EXPIRED', '', '', '', 0, toDecimal64(0, 8), 0, 0, toDecimal128(0, 8), 0
    FROM order_events_order_expired
)
GROUP BY symbol, account, order_id
HAVING accepted_number > 0
)
ORDER BY account, order_id
COMMENT 'Orders that came into the book: their terms after the last replace, their last state, what was filled and at what cost. Refused orders are in order_rejects_order_rejected.';

CREATE OR REPLACE VIEW fill_rates
AS SELECT
    symbol, order_type, time_in_force, count() AS orders, countIf(state = 'FILLED') AS filled,
    countIf(filled_quantity > 0 AND state != 'FILLED') AS filled_in_part, countIf(state = 'CANCELLED') AS cancelled,
    countIf(state = 'EXPIRED') AS expired, countIf(state NOT IN ('FILLED', 'CANCELLED', 'EXPIRED')) AS open,
    sum(orders.quantity) AS shares_ordered, sum(orders.filled_quantity) AS shares_filled,
    round(100 * shares_filled / shares_ordered, 2) AS filled_percent
FROM orders
GROUP BY symbol, order_type, time_in_force
ORDER BY symbol, order_type, time_in_force
COMMENT 'Of the orders that came into the book, how many and how many of their shares were filled, by symbol and kind of order.';

CREATE OR REPLACE VIEW order_rejects_by_reason
AS SELECT
    request, step, reason, count() AS requests, uniqExact(account) AS accounts, uniqExact(symbol) AS symbols,
    min(event_time_ns) AS first, max(event_time_ns) AS last, any(order_id) AS example
FROM
(
    SELECT 'ORDER' AS request, step, reason, account, symbol, event_time_ns, order_id FROM order_rejects_order_rejected
    UNION ALL
    SELECT 'ORDER', step, reason, account, symbol, event_time_ns, order_id FROM order_events_order_rejected
    UNION ALL
    SELECT 'CANCEL', step, reason, account, symbol, event_time_ns, order_id FROM order_rejects_order_cancel_rejected
    UNION ALL
    SELECT 'CANCEL', step, reason, account, symbol, event_time_ns, order_id FROM order_events_order_cancel_rejected
    UNION ALL
    SELECT 'REPLACE', step, reason, account, symbol, event_time_ns, order_id FROM order_rejects_order_replace_rejected
    UNION ALL
    SELECT 'REPLACE', step, reason, account, symbol, event_time_ns, order_id FROM order_events_order_replace_rejected
)
GROUP BY request, step, reason
ORDER BY requests DESC, request, step, reason
COMMENT 'Requests that were refused, by what was asked, where it was refused and why.';

CREATE OR REPLACE VIEW executions_by_symbol
AS SELECT
    symbol, toDate(toTimeZone(event_time_ns, 'America/New_York')) AS day, count() AS trades,
    sum(trades.quantity) AS shares, sumIf(trades.quantity, buy_account != '') AS bought_by_accounts,
    sumIf(trades.quantity, sell_account != '') AS sold_by_accounts,
    sumIf(trades.quantity, buy_account = '' OR sell_account = '') AS with_the_market,
    sumIf(trades.quantity, auction != 'NONE') AS in_auctions,
    sum(toDecimal128(price, 8) * trades.quantity * multiplier) AS amount, round(amount / sum(trades.quantity * multiplier), 4) AS vwap
FROM trades
GROUP BY symbol, day
ORDER BY day, symbol
COMMENT 'Per symbol and New York day: trades of the book, who was on their sides, and the average price. A side without account is the market outside.';

CREATE OR REPLACE VIEW execution_quality
AS SELECT
    symbol, liquidity, count() AS fills, sum(trade_events_order_executed.quantity) AS shares,
    sum(trade_events_order_executed.price_improvement) AS improvement,
    round(100 * countIf(trade_events_order_executed.price_improvement > 0) / fills, 2) AS improved_percent,
    sum(commission) AS commissions, sum(section_31_fee + taf_fee) AS regulatory_fees, sum(venue_fee) AS venue_fees
FROM trade_events_order_executed
GROUP BY symbol, liquidity
ORDER BY symbol, liquidity
COMMENT 'Fills per symbol and side of the trade they were on: price improvement over the national best price, and charges.';

CREATE OR REPLACE VIEW account_activity
AS SELECT
    account, count() AS orders, countIf(fills > 0) AS orders_with_fills, sum(fills) AS executions,
    sum(filled_quantity) AS shares, countIf(state = 'CANCELLED') AS cancelled, sum(charges) AS all_charges,
    max(last_event_at) AS last_event
FROM orders
GROUP BY account
ORDER BY shares DESC, account
COMMENT 'Per account: orders that came into the book, what was filled of them, and what it cost.';

CREATE OR REPLACE VIEW risk_latest
AS SELECT
    account, event_time_ns AS time, symbol, order_id, buying_power_before, buying_power_after, reservation,
    margin_requirement, gross_exposure, net_exposure, position_quantity
FROM risk_events
ORDER BY account, stream_offset DESC
LIMIT 1 BY account
COMMENT 'The figures of the last order or cancel that risk let pass, per account.';

-- What analysts ask first. Views keep nothing; they may be replaced at any time.

CREATE OR REPLACE VIEW bars_1m
AS SELECT
    symbol, window_start_ns AS start, open, high, low, close, volume, trades,
    round(vwap, 4) AS vwap, round(sma, 4) AS sma, round(ema, 4) AS ema, round(rsi, 2) AS rsi
FROM analytics
WHERE interval_ms = 60000
ORDER BY symbol, start
COMMENT 'Bars of one minute with their indicators.';

CREATE OR REPLACE VIEW bars_latest
AS SELECT
    symbol, intDiv(interval_ms, 60000) AS minutes, window_start_ns AS start, open, high, low, close, volume,
    round(vwap, 4) AS vwap, round(sma, 4) AS sma, round(ema, 4) AS ema, round(rsi, 2) AS rsi,
    round(macd, 4) AS macd, round(atr, 4) AS atr
FROM analytics
ORDER BY symbol, interval_ms, window_start_ns DESC
LIMIT 1 BY symbol, interval_ms
COMMENT 'The newest bar of each symbol and length.';

CREATE OR REPLACE VIEW daily_summary
AS SELECT
    symbol, toDate(toTimeZone(window_start_ns, 'America/New_York')) AS day,
    argMinIf(analytics.open, window_start_ns, analytics.open != 0) AS open, max(analytics.high) AS high,
    minIf(analytics.low, analytics.low != 0) AS low, argMaxIf(analytics.close, window_start_ns, analytics.close != 0) AS close,
    sum(analytics.volume) AS volume, sum(analytics.trades) AS trades, sum(analytics.turnover) AS turnover,
    round(sumIf(analytics.vwap * analytics.volume, analytics.vwap != 0)
        / sumIf(analytics.volume, analytics.vwap != 0), 4) AS vwap
FROM analytics
WHERE interval_ms = 60000 AND analytics.volume > 0
GROUP BY symbol, day
ORDER BY day, symbol
COMMENT 'Per symbol and New York day: open, high, low, close, volume, turnover; the VWAP of bars of one minute, weighted by their volume. A price of 0: no sale that counts for it.';

CREATE OR REPLACE VIEW alert_history
AS SELECT
    event_time_ns AS time, symbol, account, rule_id, kind, price, threshold_price, reference_price, move_bps,
    trigger_count, event_id_hex
FROM alerts
ORDER BY time DESC
COMMENT 'Price alerts that triggered, newest first.';

CREATE OR REPLACE VIEW alert_rule_rejects_by_reason
AS SELECT
    reason, count() AS changes, uniqExact(account) AS accounts, min(event_time_ns) AS first, max(event_time_ns) AS last,
    any(rule_id) AS example
FROM alert_rule_rejects
GROUP BY reason
ORDER BY changes DESC, reason
COMMENT 'Changes of alert rules that were refused, by reason.';

CREATE OR REPLACE VIEW rejects_by_reason
AS SELECT
    venue, reason, count() AS messages, uniqExact(symbol) AS symbols, min(event_time_ns) AS first,
    max(event_time_ns) AS last, any(detail) AS example
FROM market_data_rejects
GROUP BY venue, reason
ORDER BY messages DESC, venue, reason
COMMENT 'Messages of venues that were not used, by venue and reason.';

CREATE OR REPLACE VIEW venue_quality
AS SELECT
    venue, toDate(toTimeZone(event_time_ns, 'America/New_York')) AS day, count() AS rejected,
    countIf(startsWith(reason, 'PRICE') OR startsWith(reason, 'QUANTITY')) AS bad_values,
    countIf(startsWith(reason, 'QUOTE')) AS bad_quotes,
    countIf(startsWith(reason, 'ORDER')) AS bad_orders,
    countIf(startsWith(reason, 'MESSAGE')) AS bad_sequence,
    rejected - bad_values - bad_quotes - bad_orders - bad_sequence AS other,
    topK(1)(reason)[1] AS main_reason, topK(1)(symbol)[1] AS main_symbol
FROM market_data_rejects
GROUP BY venue, day
ORDER BY day, rejected DESC, venue
COMMENT 'Quality of data per venue and New York day: messages that were not used, by kind of fault.';

CREATE OR REPLACE VIEW dead_letters_by_error
AS SELECT
    source, error, operator_uid, count() AS letters, any(message) AS example, any(place) AS example_place
FROM dead_letters
GROUP BY source, error, operator_uid
ORDER BY letters DESC, source, error
COMMENT 'Input that could not be read or processed, by source and error.';

CREATE OR REPLACE VIEW late_by_operator
AS SELECT
    operator_uid, record_type, count() AS events, uniqExact(routing_key) AS keys,
    max(toUnixTimestamp64Nano(watermark_ns) - toUnixTimestamp64Nano(event_time_ns)) / 1000000 AS latest_by_ms
FROM late_events
GROUP BY operator_uid, record_type
ORDER BY events DESC, operator_uid, record_type
COMMENT 'Records that came too late, by operator, and by how much the latest did.';

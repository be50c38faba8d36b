-- What analysts ask first.

CREATE VIEW IF NOT EXISTS bars_1m
COMMENT 'One-minute bars with indicators'
AS SELECT
    symbol, fromUnixTimestamp64Nano(window_start_ns, 'UTC') AS start, open, high, low, close, volume, trades,
    round(vwap, 4) AS vwap,
    round(sma, 4) AS sma, round(ema, 4) AS ema, round(rsi, 2) AS rsi
FROM analytics
WHERE interval_ms = 60000
ORDER BY symbol, start;

CREATE VIEW IF NOT EXISTS daily_summary
COMMENT 'Per symbol and New York day: open, high, low, close, volume and volume-weighted price'
AS SELECT
    a.symbol AS symbol, toDate(toTimeZone(a.event_time, 'America/New_York')) AS day,
    argMin(a.open, a.window_start_ns) AS open, max(a.high) AS high, min(a.low) AS low,
    argMax(a.close, a.window_start_ns) AS close,
    sum(a.volume) AS volume, sum(a.trades) AS trades, round(toFloat64(sum(a.turnover)) / sum(a.volume), 4) AS vwap
FROM analytics AS a
WHERE a.interval_ms = 60000
GROUP BY symbol, day
ORDER BY day, symbol;

CREATE VIEW IF NOT EXISTS alert_history
COMMENT 'Alerts, newest first'
AS SELECT event_time, symbol, account, rule_id, kind, price, threshold_price, reference_price, move_bps, trigger_count
FROM alerts
ORDER BY event_time DESC;

CREATE VIEW IF NOT EXISTS rejects_by_reason
COMMENT 'Venue messages that were not used, by venue and reason'
AS SELECT venue, reason, count() AS messages, min(event_time) AS first, max(event_time) AS last, any(detail) AS example
FROM market_data_rejects
GROUP BY venue, reason
ORDER BY messages DESC;

CREATE VIEW IF NOT EXISTS dead_letters_by_error
COMMENT 'Input that could not be read, by source and error'
AS SELECT source, error, count() AS letters, any(message) AS example, any(place) AS example_place
FROM dead_letters
GROUP BY source, error
ORDER BY letters DESC;

CREATE VIEW IF NOT EXISTS late_by_operator
COMMENT 'Records that came too late, by operator, and by how much'
AS SELECT operator_uid, record_type, count() AS events, max(watermark_ns - event_time_ns) / 1000000 AS latest_by_ms
FROM late_events
GROUP BY operator_uid, record_type
ORDER BY events DESC;

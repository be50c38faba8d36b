-- Prices and bars.
-- Columns are named after the fields of the Avro schema; tests/clickhouse/test_ddl.py compares them. TTL counts from the
-- time of writing and not of the event, so that an old day can be replayed and looked at.

-- One row per accepted message. Analysts ask for a symbol and a time; a day is dropped at once.
CREATE TABLE IF NOT EXISTS market_data
(
    stream_offset UInt64 CODEC(Delta, ZSTD) COMMENT 'Number of the record in its stream, from 0.',
    event_id FixedString(16) COMMENT 'Identity: 8 bytes naming the input at the edge it descends from, 8 bytes naming the path from there.',
    cause_id FixedString(16) COMMENT 'event_id of the event that caused this one; zeros for an input at the edge.',
    sequence Int64 CODEC(Delta, ZSTD) COMMENT 'Count of events its producer (source partition, or operator and key) has emitted, from 1.',
    event_time_ns DateTime64(9, 'UTC') CODEC(Delta, ZSTD) COMMENT 'When it happened: nanoseconds since the epoch, UTC.',
    symbol LowCardinality(String) COMMENT 'Instrument, as its listing venue writes it.',
    kind LowCardinality(String) COMMENT 'What changed.',
    bid_price Decimal(18, 8) CODEC(ZSTD) COMMENT 'National best bid in currency units; 0 is none.',
    bid_quantity Int64 COMMENT 'Shares at the best bid, all venues at that price together.',
    bid_venue LowCardinality(String) COMMENT 'First venue at the best bid.',
    ask_price Decimal(18, 8) CODEC(ZSTD) COMMENT 'National best offer in currency units; 0 is none.',
    ask_quantity Int64 COMMENT 'Shares at the best offer, all venues at that price together.',
    ask_venue LowCardinality(String) COMMENT 'First venue at the best offer.',
    last_price Decimal(18, 8) CODEC(ZSTD) COMMENT 'Price of the last eligible sale in currency units; 0 before the first.',
    last_quantity Int64 COMMENT 'Shares of the last eligible sale.',
    last_venue LowCardinality(String) COMMENT 'Venue of the last eligible sale.',
    trade_price Decimal(18, 8) CODEC(ZSTD) COMMENT 'TRADE: price of this sale in currency units, eligible for last or not; otherwise 0.',
    trade_quantity Int64 COMMENT 'TRADE: shares of this sale; otherwise 0.',
    cumulative_volume Int64 COMMENT 'Shares sold so far on this trading day.',
    status LowCardinality(String) COMMENT 'Trading status: TRADING, HALTED, PAUSED, QUOTING.',
    flags Int64 COMMENT 'Bit set: 1 market locked, 2 market crossed, 4 one-sided, 8 outside regular hours, 16 odd lot, 32 sale not eligible for last, 64 sale not eligible for high, low and volume-weighted price, 128 opening print, 256 closing print, 512 hidden execution.',
    inserted_at DateTime('UTC') MATERIALIZED now() COMMENT 'When the row was written; its TTL counts from here.',
    event_id_hex String ALIAS lower(hex(event_id)) COMMENT 'event_id as text.',
    cause_id_hex String ALIAS lower(hex(cause_id)) COMMENT 'cause_id as text.',
    INDEX by_offset stream_offset TYPE minmax GRANULARITY 16
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(event_time_ns)
ORDER BY (symbol, event_time_ns, stream_offset)
TTL inserted_at + INTERVAL 24 HOUR
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'The market in one symbol after one accepted venue message: best bid and offer across venues, last sale, volume.';

-- One row per bar. Analysts ask for a symbol, an interval and a time.
CREATE TABLE IF NOT EXISTS analytics
(
    stream_offset UInt64 CODEC(Delta, ZSTD) COMMENT 'Number of the record in its stream, from 0.',
    event_id FixedString(16) COMMENT 'Identity: 8 bytes naming the input at the edge it descends from, 8 bytes naming the path from there.',
    cause_id FixedString(16) COMMENT 'event_id of the event that caused this one; zeros for an input at the edge.',
    sequence Int64 CODEC(Delta, ZSTD) COMMENT 'Count of events its producer (source partition, or operator and key) has emitted, from 1.',
    event_time_ns DateTime64(9, 'UTC') CODEC(Delta, ZSTD) COMMENT 'When it happened: nanoseconds since the epoch, UTC.',
    symbol LowCardinality(String) COMMENT 'Instrument, as its listing venue writes it.',
    interval_ms Int64 COMMENT 'Length of the bar in milliseconds.',
    window_start_ns DateTime64(9, 'UTC') CODEC(Delta, ZSTD) COMMENT 'Start of the bar, inclusive: nanoseconds since the epoch, UTC.',
    window_end_ns DateTime64(9, 'UTC') CODEC(Delta, ZSTD) COMMENT 'End of the bar, exclusive: nanoseconds since the epoch, UTC.',
    open Decimal(18, 8) CODEC(ZSTD) COMMENT 'First price of the bar in currency units.',
    high Decimal(18, 8) CODEC(ZSTD) COMMENT 'Highest price of the bar in currency units.',
    low Decimal(18, 8) CODEC(ZSTD) COMMENT 'Lowest price of the bar in currency units.',
    close Decimal(18, 8) CODEC(ZSTD) COMMENT 'Last price of the bar in currency units.',
    volume Int64 COMMENT 'Shares sold in the bar.',
    turnover Decimal(38, 8) CODEC(ZSTD) COMMENT 'Sum of price times shares in currency units, exact.',
    trades Int64 COMMENT 'Sales in the bar.',
    vwap Float64 COMMENT 'turnover / volume in currency units.',
    sma Nullable(Float64) COMMENT 'Simple moving average of closes; null until there are enough bars.',
    ema Nullable(Float64) COMMENT 'Exponential moving average of closes, seeded with the mean; null until there are enough bars.',
    rsi Nullable(Float64) COMMENT 'Relative strength index (Wilder), 0 to 100; null until there are enough bars.',
    macd Nullable(Float64) COMMENT 'MACD line (12, 26), as TA-Lib seeds it; null until its signal exists.',
    macd_signal Nullable(Float64) COMMENT 'Signal line (9) of MACD.',
    bollinger_middle Nullable(Float64) COMMENT 'Middle Bollinger band: SMA.',
    bollinger_upper Nullable(Float64) COMMENT 'Upper Bollinger band.',
    bollinger_lower Nullable(Float64) COMMENT 'Lower Bollinger band.',
    atr Nullable(Float64) COMMENT 'Average true range (Wilder) in currency units; null until there are enough bars.',
    inserted_at DateTime('UTC') MATERIALIZED now() COMMENT 'When the row was written; its TTL counts from here.',
    event_id_hex String ALIAS lower(hex(event_id)) COMMENT 'event_id as text.',
    cause_id_hex String ALIAS lower(hex(cause_id)) COMMENT 'cause_id as text.',
    INDEX by_offset stream_offset TYPE minmax GRANULARITY 16
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(event_time_ns)
ORDER BY (symbol, interval_ms, window_start_ns, stream_offset)
TTL inserted_at + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'One closed bar of one symbol and interval, with the indicators at its close.';

-- Price alerts that triggered, and changes of alert rules that were refused.

CREATE TABLE IF NOT EXISTS alerts
(
    stream_offset Int64 CODEC(Delta, ZSTD) COMMENT 'Number of the record in its stream, from 0',
    event_id FixedString(16) COMMENT 'Identity: 8 bytes naming the input at the edge it descends from, 8 bytes naming the path from there',
    cause_id FixedString(16) COMMENT 'event_id of the event that caused this one; zeros for an input at the edge',
    sequence Int64 CODEC(Delta, ZSTD) COMMENT 'Count of events its producer (source partition, or operator and key) has emitted, from 1',
    event_time_ns Int64 CODEC(DoubleDelta, ZSTD) COMMENT 'When it happened: nanoseconds since the epoch, UTC',
    symbol LowCardinality(String) COMMENT 'Instrument, as its listing venue writes it',
    account LowCardinality(String) COMMENT 'Account it is for; empty for a surveillance alert',
    rule_id String COMMENT 'Rule that triggered',
    kind LowCardinality(String) COMMENT 'What the rule watches for',
    price Decimal(18, 8) COMMENT 'Price that triggered it, in currency units',
    threshold_price Decimal(18, 8) COMMENT 'Price level that was reached, in currency units',
    reference_price Decimal(18, 8) COMMENT 'Price the move is measured from, in currency units; for a crossing the price before',
    move_bps Int64 COMMENT 'Move from the reference price in basis points, signed',
    trigger_count Int64 COMMENT 'How often the rule has triggered, this time included',
    event_time DateTime64(9, 'UTC') MATERIALIZED fromUnixTimestamp64Nano(event_time_ns, 'UTC') COMMENT 'event_time_ns as a time',
    id String ALIAS lower(hex(event_id)) COMMENT 'event_id in hexadecimal'
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(event_time)
ORDER BY (symbol, event_time_ns, stream_offset)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'An alert, once per crossing';

CREATE TABLE IF NOT EXISTS alert_rule_rejects
(
    stream_offset Int64 CODEC(Delta, ZSTD) COMMENT 'Number of the record in its stream, from 0',
    event_id FixedString(16) COMMENT 'Identity: 8 bytes naming the input at the edge it descends from, 8 bytes naming the path from there',
    cause_id FixedString(16) COMMENT 'event_id of the event that caused this one; zeros for an input at the edge',
    sequence Int64 CODEC(Delta, ZSTD) COMMENT 'Count of events its producer (source partition, or operator and key) has emitted, from 1',
    event_time_ns Int64 CODEC(DoubleDelta, ZSTD) COMMENT 'When it happened: nanoseconds since the epoch, UTC',
    symbol LowCardinality(String) COMMENT 'Instrument, as its listing venue writes it',
    rule_id String COMMENT 'Identity of the alert rule',
    account LowCardinality(String) COMMENT 'Account of the user',
    reason LowCardinality(String) COMMENT 'Why the change was refused',
    event_time DateTime64(9, 'UTC') MATERIALIZED fromUnixTimestamp64Nano(event_time_ns, 'UTC') COMMENT 'event_time_ns as a time',
    id String ALIAS lower(hex(event_id)) COMMENT 'event_id in hexadecimal'
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(event_time)
ORDER BY (symbol, event_time_ns, stream_offset)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'A change of a price alert that could not be carried out';

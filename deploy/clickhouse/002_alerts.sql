-- Price alerts that triggered, and changes of alert rules that were refused.
-- Columns are named after the fields of the Avro schema; tests/clickhouse/test_ddl.py compares them. TTL counts from the
-- time of writing and not of the event, so that an old day can be replayed and looked at.

-- Asked by symbol and time.
CREATE TABLE IF NOT EXISTS alerts
(
    stream_offset UInt64 CODEC(Delta, ZSTD) COMMENT 'Number of the record in its stream, from 0.',
    event_id FixedString(16) COMMENT 'Identity: 8 bytes naming the input at the edge it descends from, 8 bytes naming the path from there.',
    cause_id FixedString(16) COMMENT 'event_id of the event that caused this one; zeros for an input at the edge.',
    sequence Int64 CODEC(Delta, ZSTD) COMMENT 'Count of events its producer (source partition, or operator and key) has emitted, from 1.',
    event_time_ns DateTime64(9, 'UTC') CODEC(Delta, ZSTD) COMMENT 'When it happened: nanoseconds since the epoch, UTC.',
    symbol LowCardinality(String) COMMENT 'Instrument, as its listing venue writes it.',
    account LowCardinality(String) COMMENT 'Account it is for; empty for a surveillance alert.',
    rule_id String COMMENT 'Rule that triggered.',
    kind LowCardinality(String) COMMENT 'What the rule watches for.',
    price Decimal(18, 8) CODEC(ZSTD) COMMENT 'Price that triggered it, in currency units.',
    threshold_price Decimal(18, 8) CODEC(ZSTD) COMMENT 'Price level that was reached, in currency units.',
    reference_price Decimal(18, 8) CODEC(ZSTD) COMMENT 'Price the move is measured from, in currency units; for a crossing the price before.',
    move_bps Int64 COMMENT 'Move from the reference price in basis points, signed.',
    trigger_count Int64 COMMENT 'How often the rule has triggered, this time included.',
    inserted_at DateTime('UTC') MATERIALIZED now() COMMENT 'When the row was written; its TTL counts from here.',
    event_id_hex String ALIAS lower(hex(event_id)) COMMENT 'event_id as text.',
    cause_id_hex String ALIAS lower(hex(cause_id)) COMMENT 'cause_id as text.',
    INDEX by_offset stream_offset TYPE minmax GRANULARITY 16
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(event_time_ns)
ORDER BY (symbol, event_time_ns, stream_offset)
TTL inserted_at + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'An alert, once per crossing.';

-- Asked by account: whose rule was refused, and why.
CREATE TABLE IF NOT EXISTS alert_rule_rejects
(
    stream_offset UInt64 CODEC(Delta, ZSTD) COMMENT 'Number of the record in its stream, from 0.',
    event_id FixedString(16) COMMENT 'Identity: 8 bytes naming the input at the edge it descends from, 8 bytes naming the path from there.',
    cause_id FixedString(16) COMMENT 'event_id of the event that caused this one; zeros for an input at the edge.',
    sequence Int64 CODEC(Delta, ZSTD) COMMENT 'Count of events its producer (source partition, or operator and key) has emitted, from 1.',
    event_time_ns DateTime64(9, 'UTC') CODEC(Delta, ZSTD) COMMENT 'When it happened: nanoseconds since the epoch, UTC.',
    symbol LowCardinality(String) COMMENT 'Instrument, as its listing venue writes it.',
    rule_id String COMMENT 'Identity of the alert rule.',
    account LowCardinality(String) COMMENT 'Account of the user.',
    reason LowCardinality(String) COMMENT 'Why the change was refused.',
    inserted_at DateTime('UTC') MATERIALIZED now() COMMENT 'When the row was written; its TTL counts from here.',
    event_id_hex String ALIAS lower(hex(event_id)) COMMENT 'event_id as text.',
    cause_id_hex String ALIAS lower(hex(cause_id)) COMMENT 'cause_id as text.',
    INDEX by_offset stream_offset TYPE minmax GRANULARITY 16
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(event_time_ns)
ORDER BY (account, event_time_ns, stream_offset)
TTL inserted_at + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'A change of a price alert that could not be carried out.';

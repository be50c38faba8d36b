-- What could not be used: refused messages, late records, unreadable input. Nothing is dropped silently.
-- Columns are named after the fields of the Avro schema; tests/clickhouse/test_ddl.py compares them. TTL counts from the
-- time of writing and not of the event, so that an old day can be replayed and looked at.

-- Asked by venue and reason.
CREATE TABLE IF NOT EXISTS market_data_rejects
(
    stream_offset UInt64 CODEC(Delta, ZSTD) COMMENT 'Number of the record in its stream, from 0.',
    event_id FixedString(16) COMMENT 'Identity: 8 bytes naming the input at the edge it descends from, 8 bytes naming the path from there.',
    cause_id FixedString(16) COMMENT 'event_id of the event that caused this one; zeros for an input at the edge.',
    sequence Int64 CODEC(Delta, ZSTD) COMMENT 'Count of events its producer (source partition, or operator and key) has emitted, from 1.',
    event_time_ns DateTime64(9, 'UTC') CODEC(Delta, ZSTD) COMMENT 'When it happened: nanoseconds since the epoch, UTC.',
    symbol LowCardinality(String) COMMENT 'Instrument, as its listing venue writes it.',
    venue LowCardinality(String) COMMENT 'Venue that sent it.',
    reason LowCardinality(String) COMMENT 'Why it was not used.',
    detail String CODEC(ZSTD(3)) COMMENT 'The figures the decision was taken on.',
    message String CODEC(ZSTD(3)) COMMENT 'The MarketDataReceived itself, Avro-encoded.',
    inserted_at DateTime('UTC') MATERIALIZED now() COMMENT 'When the row was written; its TTL counts from here.',
    event_id_hex String ALIAS lower(hex(event_id)) COMMENT 'event_id as text.',
    cause_id_hex String ALIAS lower(hex(cause_id)) COMMENT 'cause_id as text.',
    INDEX by_offset stream_offset TYPE minmax GRANULARITY 16
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(event_time_ns)
ORDER BY (venue, reason, event_time_ns, stream_offset)
TTL inserted_at + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'A venue''s message that was not used, with the reason and the whole message.';

-- Asked by operator.
CREATE TABLE IF NOT EXISTS late_events
(
    stream_offset UInt64 CODEC(Delta, ZSTD) COMMENT 'Number of the record in its stream, from 0.',
    event_id FixedString(16) COMMENT 'Identity: 8 bytes naming the input at the edge it descends from, 8 bytes naming the path from there.',
    cause_id FixedString(16) COMMENT 'event_id of the event that caused this one; zeros for an input at the edge.',
    sequence Int64 CODEC(Delta, ZSTD) COMMENT 'Count of events its producer (source partition, or operator and key) has emitted, from 1.',
    event_time_ns DateTime64(9, 'UTC') CODEC(Delta, ZSTD) COMMENT 'When it happened: nanoseconds since the epoch, UTC.',
    operator_uid LowCardinality(String) COMMENT 'Operator that could not use it.',
    routing_key LowCardinality(String) COMMENT 'Key it was routed by.',
    record_type LowCardinality(String) COMMENT 'Name of its schema.',
    watermark_ns DateTime64(9, 'UTC') CODEC(Delta, ZSTD) COMMENT 'Watermark when it came: nanoseconds since the epoch, UTC.',
    payload String CODEC(ZSTD(3)) COMMENT 'The record itself, Avro-encoded.',
    inserted_at DateTime('UTC') MATERIALIZED now() COMMENT 'When the row was written; its TTL counts from here.',
    event_id_hex String ALIAS lower(hex(event_id)) COMMENT 'event_id as text.',
    cause_id_hex String ALIAS lower(hex(cause_id)) COMMENT 'cause_id as text.',
    INDEX by_offset stream_offset TYPE minmax GRANULARITY 16
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(event_time_ns)
ORDER BY (operator_uid, event_time_ns, stream_offset)
TTL inserted_at + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'A record that came after the watermark had closed what it belongs to.';

-- Asked by source.
CREATE TABLE IF NOT EXISTS dead_letters
(
    stream_offset UInt64 CODEC(Delta, ZSTD) COMMENT 'Number of the record in its stream, from 0.',
    event_id FixedString(16) COMMENT 'Identity: 8 bytes naming the input at the edge it descends from, 8 bytes naming the path from there.',
    cause_id FixedString(16) COMMENT 'event_id of the event that caused this one; zeros for an input at the edge.',
    sequence Int64 CODEC(Delta, ZSTD) COMMENT 'Count of events its producer (source partition, or operator and key) has emitted, from 1.',
    event_time_ns DateTime64(9, 'UTC') CODEC(Delta, ZSTD) COMMENT 'When it happened: nanoseconds since the epoch, UTC.',
    source LowCardinality(String) COMMENT 'Source it came from.',
    place String CODEC(ZSTD(3)) COMMENT 'Where in the source: file and line, or topic, partition and offset.',
    operator_uid LowCardinality(String) COMMENT 'Operator that failed on it; empty where it could not be decoded.',
    error LowCardinality(String) COMMENT 'Class of the error.',
    message String CODEC(ZSTD(3)) COMMENT 'What was wrong, in one sentence.',
    schema_id Int64 COMMENT 'Schema id of the frame; -1 where there is none.',
    raw String CODEC(ZSTD(3)) COMMENT 'The input, byte for byte.',
    inserted_at DateTime('UTC') MATERIALIZED now() COMMENT 'When the row was written; its TTL counts from here.',
    event_id_hex String ALIAS lower(hex(event_id)) COMMENT 'event_id as text.',
    cause_id_hex String ALIAS lower(hex(cause_id)) COMMENT 'cause_id as text.',
    INDEX by_offset stream_offset TYPE minmax GRANULARITY 16
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(event_time_ns)
ORDER BY (source, event_time_ns, stream_offset)
TTL inserted_at + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Input that could not be read or processed, whole, with where it came from and why it failed.';

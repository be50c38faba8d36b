-- Records that came too late, and input that could not be read.

CREATE TABLE IF NOT EXISTS late_events
(
    stream_offset Int64 CODEC(Delta, ZSTD) COMMENT 'Number of the record in its stream, from 0',
    event_id FixedString(16) COMMENT 'Identity: 8 bytes naming the input at the edge it descends from, 8 bytes naming the path from there',
    cause_id FixedString(16) COMMENT 'event_id of the event that caused this one; zeros for an input at the edge',
    sequence Int64 CODEC(Delta, ZSTD) COMMENT 'Count of events its producer (source partition, or operator and key) has emitted, from 1',
    event_time_ns Int64 CODEC(DoubleDelta, ZSTD) COMMENT 'When it happened: nanoseconds since the epoch, UTC',
    operator_uid LowCardinality(String) COMMENT 'Operator that could not use it',
    routing_key LowCardinality(String) COMMENT 'Key it was routed by',
    record_type LowCardinality(String) COMMENT 'Name of its schema',
    watermark_ns Int64 COMMENT 'Watermark when it came: nanoseconds since the epoch, UTC',
    payload String COMMENT 'The record itself, Avro-encoded',
    event_time DateTime64(9, 'UTC') MATERIALIZED fromUnixTimestamp64Nano(event_time_ns, 'UTC') COMMENT 'event_time_ns as a time',
    id String ALIAS lower(hex(event_id)) COMMENT 'event_id in hexadecimal'
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(event_time)
ORDER BY (routing_key, event_time_ns, stream_offset)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'A record that came after the watermark had closed what it belongs to';

CREATE TABLE IF NOT EXISTS dead_letters
(
    stream_offset Int64 CODEC(Delta, ZSTD) COMMENT 'Number of the record in its stream, from 0',
    event_id FixedString(16) COMMENT 'Identity: 8 bytes naming the input at the edge it descends from, 8 bytes naming the path from there',
    cause_id FixedString(16) COMMENT 'event_id of the event that caused this one; zeros for an input at the edge',
    sequence Int64 CODEC(Delta, ZSTD) COMMENT 'Count of events its producer (source partition, or operator and key) has emitted, from 1',
    event_time_ns Int64 CODEC(DoubleDelta, ZSTD) COMMENT 'When it happened: nanoseconds since the epoch, UTC',
    source LowCardinality(String) COMMENT 'Source it came from',
    place String COMMENT 'Where in the source: file and line, or topic, partition and offset',
    operator_uid LowCardinality(String) COMMENT 'Operator that failed on it; empty where it could not be decoded',
    error LowCardinality(String) COMMENT 'Class of the error',
    message String COMMENT 'What was wrong, in one sentence',
    schema_id Int64 COMMENT 'Schema id of the frame; -1 where there is none',
    raw String COMMENT 'The input, byte for byte',
    event_time DateTime64(9, 'UTC') MATERIALIZED fromUnixTimestamp64Nano(event_time_ns, 'UTC') COMMENT 'event_time_ns as a time',
    id String ALIAS lower(hex(event_id)) COMMENT 'event_id in hexadecimal'
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(event_time)
ORDER BY (source, event_time_ns, stream_offset)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Input that could not be read or processed, whole, with where it came from and why it failed';

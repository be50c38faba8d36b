-- What becomes of orders in the book. Asked by account and order.
-- Columns are named after the fields of the Avro schema; tests/clickhouse/test_ddl.py compares them. TTL counts from the
-- time of writing and not of the event, so that an old day can be replayed and looked at.

CREATE TABLE IF NOT EXISTS order_events_order_accepted
(
    stream_offset UInt64 CODEC(Delta, ZSTD) COMMENT 'Number of the record in its stream, from 0.',
    event_id FixedString(16) COMMENT 'Identity: 8 bytes naming the input at the edge it descends from, 8 bytes naming the path from there.',
    cause_id FixedString(16) COMMENT 'event_id of the event that caused this one; zeros for an input at the edge.',
    sequence Int64 CODEC(Delta, ZSTD) COMMENT 'Count of events its producer (source partition, or operator and key) has emitted, from 1.',
    event_time_ns DateTime64(9, 'UTC') CODEC(Delta, ZSTD) COMMENT 'When it happened: nanoseconds since the epoch, UTC.',
    symbol LowCardinality(String) COMMENT 'Instrument, as its listing venue writes it.',
    account LowCardinality(String) COMMENT 'Account the order is for.',
    order_id String CODEC(ZSTD) COMMENT 'The order, as its client named it; unique per account, the same for the order''s whole life.',
    venue_order_id Int64 COMMENT 'The order''s number in execution, from 1 per symbol; 0 before it was accepted.',
    side LowCardinality(String) COMMENT 'Side of the order.',
    marking LowCardinality(String) COMMENT 'How a sale is marked; NONE for a buy.',
    order_type LowCardinality(String) COMMENT 'How the price is set.',
    time_in_force LowCardinality(String) COMMENT 'How long it works.',
    quantity Int64 COMMENT 'Shares or contracts in all.',
    display_quantity Int64 COMMENT 'Iceberg: shares or contracts shown at a time; 0 shows all.',
    limit_price Decimal(18, 8) CODEC(ZSTD) COMMENT 'Limit price in currency units; 0 for orders without.',
    bid_price Decimal(18, 8) CODEC(ZSTD) COMMENT 'National best bid on acceptance, in currency units; 0 is none.',
    ask_price Decimal(18, 8) CODEC(ZSTD) COMMENT 'National best offer on acceptance, in currency units; 0 is none.',
    inserted_at DateTime('UTC') MATERIALIZED now() COMMENT 'When the row was written; its TTL counts from here.',
    event_id_hex String ALIAS lower(hex(event_id)) COMMENT 'event_id as text.',
    cause_id_hex String ALIAS lower(hex(cause_id)) COMMENT 'cause_id as text.',
    INDEX by_offset stream_offset TYPE minmax GRANULARITY 16
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(event_time_ns)
ORDER BY (account, order_id, event_time_ns, stream_offset)
TTL inserted_at + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'An order works: it rests in the book or is about to be matched.';

CREATE TABLE IF NOT EXISTS order_events_order_rejected
(
    stream_offset UInt64 CODEC(Delta, ZSTD) COMMENT 'Number of the record in its stream, from 0.',
    event_id FixedString(16) COMMENT 'Identity: 8 bytes naming the input at the edge it descends from, 8 bytes naming the path from there.',
    cause_id FixedString(16) COMMENT 'event_id of the event that caused this one; zeros for an input at the edge.',
    sequence Int64 CODEC(Delta, ZSTD) COMMENT 'Count of events its producer (source partition, or operator and key) has emitted, from 1.',
    event_time_ns DateTime64(9, 'UTC') CODEC(Delta, ZSTD) COMMENT 'When it happened: nanoseconds since the epoch, UTC.',
    symbol LowCardinality(String) COMMENT 'Instrument, as its listing venue writes it.',
    account LowCardinality(String) COMMENT 'Account the order is for.',
    order_id String CODEC(ZSTD) COMMENT 'The order, as its client named it; unique per account, the same for the order''s whole life.',
    step LowCardinality(String) COMMENT 'Step that refused it.',
    reason LowCardinality(String) COMMENT 'Why it was refused.',
    figure Decimal(38, 8) CODEC(ZSTD) COMMENT 'The figure that broke the rule, in the rule''s unit (currency units, shares, orders per second …); 0 where the rule has none.',
    limit Decimal(38, 8) CODEC(ZSTD) COMMENT 'What the figure was held against, in the same unit; 0 where the rule has none.',
    side LowCardinality(String) COMMENT 'Side of the order.',
    quantity Int64 COMMENT 'Shares or contracts of the order.',
    limit_price Decimal(18, 8) CODEC(ZSTD) COMMENT 'Limit price of the order in currency units; 0 for orders without.',
    reference_price Decimal(18, 8) CODEC(ZSTD) COMMENT 'Price the order was judged against, in currency units; 0 where there was none.',
    inserted_at DateTime('UTC') MATERIALIZED now() COMMENT 'When the row was written; its TTL counts from here.',
    event_id_hex String ALIAS lower(hex(event_id)) COMMENT 'event_id as text.',
    cause_id_hex String ALIAS lower(hex(cause_id)) COMMENT 'cause_id as text.',
    INDEX by_offset stream_offset TYPE minmax GRANULARITY 16
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(event_time_ns)
ORDER BY (account, order_id, event_time_ns, stream_offset)
TTL inserted_at + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'An order that goes no further, with the step, the reason and the figures.';

CREATE TABLE IF NOT EXISTS order_events_order_suspended
(
    stream_offset UInt64 CODEC(Delta, ZSTD) COMMENT 'Number of the record in its stream, from 0.',
    event_id FixedString(16) COMMENT 'Identity: 8 bytes naming the input at the edge it descends from, 8 bytes naming the path from there.',
    cause_id FixedString(16) COMMENT 'event_id of the event that caused this one; zeros for an input at the edge.',
    sequence Int64 CODEC(Delta, ZSTD) COMMENT 'Count of events its producer (source partition, or operator and key) has emitted, from 1.',
    event_time_ns DateTime64(9, 'UTC') CODEC(Delta, ZSTD) COMMENT 'When it happened: nanoseconds since the epoch, UTC.',
    symbol LowCardinality(String) COMMENT 'Instrument, as its listing venue writes it.',
    account LowCardinality(String) COMMENT 'Account the order is for.',
    order_id String CODEC(ZSTD) COMMENT 'The order, as its client named it; unique per account, the same for the order''s whole life.',
    venue_order_id Int64 COMMENT 'The order''s number in execution, from 1 per symbol; 0 before it was accepted.',
    reason LowCardinality(String) COMMENT 'What it waits for.',
    side LowCardinality(String) COMMENT 'Side of the order.',
    leaves_quantity Int64 COMMENT 'Shares or contracts still open.',
    stop_price Decimal(18, 8) CODEC(ZSTD) COMMENT 'STOP_NOT_REACHED: price that triggers it, in currency units; otherwise 0.',
    inserted_at DateTime('UTC') MATERIALIZED now() COMMENT 'When the row was written; its TTL counts from here.',
    event_id_hex String ALIAS lower(hex(event_id)) COMMENT 'event_id as text.',
    cause_id_hex String ALIAS lower(hex(cause_id)) COMMENT 'cause_id as text.',
    INDEX by_offset stream_offset TYPE minmax GRANULARITY 16
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(event_time_ns)
ORDER BY (account, order_id, event_time_ns, stream_offset)
TTL inserted_at + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'An accepted order waits outside the book.';

CREATE TABLE IF NOT EXISTS order_events_order_triggered
(
    stream_offset UInt64 CODEC(Delta, ZSTD) COMMENT 'Number of the record in its stream, from 0.',
    event_id FixedString(16) COMMENT 'Identity: 8 bytes naming the input at the edge it descends from, 8 bytes naming the path from there.',
    cause_id FixedString(16) COMMENT 'event_id of the event that caused this one; zeros for an input at the edge.',
    sequence Int64 CODEC(Delta, ZSTD) COMMENT 'Count of events its producer (source partition, or operator and key) has emitted, from 1.',
    event_time_ns DateTime64(9, 'UTC') CODEC(Delta, ZSTD) COMMENT 'When it happened: nanoseconds since the epoch, UTC.',
    symbol LowCardinality(String) COMMENT 'Instrument, as its listing venue writes it.',
    account LowCardinality(String) COMMENT 'Account the order is for.',
    order_id String CODEC(ZSTD) COMMENT 'The order, as its client named it; unique per account, the same for the order''s whole life.',
    venue_order_id Int64 COMMENT 'The order''s number in execution, from 1 per symbol; 0 before it was accepted.',
    trigger_source LowCardinality(String) COMMENT 'What set it off.',
    trigger_price Decimal(18, 8) CODEC(ZSTD) COMMENT 'Price that set it off, in currency units.',
    stop_price Decimal(18, 8) CODEC(ZSTD) COMMENT 'Its trigger price in currency units.',
    order_type LowCardinality(String) COMMENT 'What it is now: MARKET or LIMIT.',
    inserted_at DateTime('UTC') MATERIALIZED now() COMMENT 'When the row was written; its TTL counts from here.',
    event_id_hex String ALIAS lower(hex(event_id)) COMMENT 'event_id as text.',
    cause_id_hex String ALIAS lower(hex(cause_id)) COMMENT 'cause_id as text.',
    INDEX by_offset stream_offset TYPE minmax GRANULARITY 16
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(event_time_ns)
ORDER BY (account, order_id, event_time_ns, stream_offset)
TTL inserted_at + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'A stop order has been set off: from now on it is a market or limit order.';

CREATE TABLE IF NOT EXISTS order_events_order_replaced
(
    stream_offset UInt64 CODEC(Delta, ZSTD) COMMENT 'Number of the record in its stream, from 0.',
    event_id FixedString(16) COMMENT 'Identity: 8 bytes naming the input at the edge it descends from, 8 bytes naming the path from there.',
    cause_id FixedString(16) COMMENT 'event_id of the event that caused this one; zeros for an input at the edge.',
    sequence Int64 CODEC(Delta, ZSTD) COMMENT 'Count of events its producer (source partition, or operator and key) has emitted, from 1.',
    event_time_ns DateTime64(9, 'UTC') CODEC(Delta, ZSTD) COMMENT 'When it happened: nanoseconds since the epoch, UTC.',
    symbol LowCardinality(String) COMMENT 'Instrument, as its listing venue writes it.',
    account LowCardinality(String) COMMENT 'Account the order is for.',
    order_id String CODEC(ZSTD) COMMENT 'The order, as its client named it; unique per account, the same for the order''s whole life.',
    venue_order_id Int64 COMMENT 'The order''s number in execution, from 1 per symbol; 0 before it was accepted.',
    request_id String CODEC(ZSTD) COMMENT 'The replace request, as its client named it.',
    side LowCardinality(String) COMMENT 'Side of the order.',
    quantity Int64 COMMENT 'New quantity in all, filled ones included, in shares or contracts.',
    previous_quantity Int64 COMMENT 'Quantity in all before, in shares or contracts.',
    limit_price Decimal(18, 8) CODEC(ZSTD) COMMENT 'New limit price in currency units; 0 for orders without.',
    previous_limit_price Decimal(18, 8) CODEC(ZSTD) COMMENT 'Limit price before, in currency units; 0 for orders without.',
    stop_price Decimal(18, 8) CODEC(ZSTD) COMMENT 'New trigger price in currency units; 0 for orders without.',
    display_quantity Int64 COMMENT 'Iceberg: shares or contracts shown at a time from now on; 0 shows all.',
    cumulative_quantity Int64 COMMENT 'Shares or contracts filled so far.',
    leaves_quantity Int64 COMMENT 'Shares or contracts still open.',
    priority_kept Bool COMMENT 'The order kept its place in the queue.',
    inserted_at DateTime('UTC') MATERIALIZED now() COMMENT 'When the row was written; its TTL counts from here.',
    event_id_hex String ALIAS lower(hex(event_id)) COMMENT 'event_id as text.',
    cause_id_hex String ALIAS lower(hex(cause_id)) COMMENT 'cause_id as text.',
    INDEX by_offset stream_offset TYPE minmax GRANULARITY 16
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(event_time_ns)
ORDER BY (account, order_id, event_time_ns, stream_offset)
TTL inserted_at + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'An order has changed as its client asked.';

CREATE TABLE IF NOT EXISTS order_events_order_replace_rejected
(
    stream_offset UInt64 CODEC(Delta, ZSTD) COMMENT 'Number of the record in its stream, from 0.',
    event_id FixedString(16) COMMENT 'Identity: 8 bytes naming the input at the edge it descends from, 8 bytes naming the path from there.',
    cause_id FixedString(16) COMMENT 'event_id of the event that caused this one; zeros for an input at the edge.',
    sequence Int64 CODEC(Delta, ZSTD) COMMENT 'Count of events its producer (source partition, or operator and key) has emitted, from 1.',
    event_time_ns DateTime64(9, 'UTC') CODEC(Delta, ZSTD) COMMENT 'When it happened: nanoseconds since the epoch, UTC.',
    symbol LowCardinality(String) COMMENT 'Instrument, as its listing venue writes it.',
    account LowCardinality(String) COMMENT 'Account the order is for.',
    order_id String CODEC(ZSTD) COMMENT 'The order, as its client named it; unique per account, the same for the order''s whole life.',
    request_id String CODEC(ZSTD) COMMENT 'The replace request, as its client named it.',
    step LowCardinality(String) COMMENT 'Step that refused it.',
    reason LowCardinality(String) COMMENT 'Why it was refused.',
    figure Decimal(38, 8) CODEC(ZSTD) COMMENT 'The figure that broke the rule, in the rule''s unit (currency units, shares, orders per second …); 0 where the rule has none.',
    limit Decimal(38, 8) CODEC(ZSTD) COMMENT 'What the figure was held against, in the same unit; 0 where the rule has none.',
    state LowCardinality(String) COMMENT 'Where the order stands.',
    inserted_at DateTime('UTC') MATERIALIZED now() COMMENT 'When the row was written; its TTL counts from here.',
    event_id_hex String ALIAS lower(hex(event_id)) COMMENT 'event_id as text.',
    cause_id_hex String ALIAS lower(hex(cause_id)) COMMENT 'cause_id as text.',
    INDEX by_offset stream_offset TYPE minmax GRANULARITY 16
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(event_time_ns)
ORDER BY (account, order_id, event_time_ns, stream_offset)
TTL inserted_at + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'A replace that could not be carried out; the order, if any, is as before.';

CREATE TABLE IF NOT EXISTS order_events_order_cancelled
(
    stream_offset UInt64 CODEC(Delta, ZSTD) COMMENT 'Number of the record in its stream, from 0.',
    event_id FixedString(16) COMMENT 'Identity: 8 bytes naming the input at the edge it descends from, 8 bytes naming the path from there.',
    cause_id FixedString(16) COMMENT 'event_id of the event that caused this one; zeros for an input at the edge.',
    sequence Int64 CODEC(Delta, ZSTD) COMMENT 'Count of events its producer (source partition, or operator and key) has emitted, from 1.',
    event_time_ns DateTime64(9, 'UTC') CODEC(Delta, ZSTD) COMMENT 'When it happened: nanoseconds since the epoch, UTC.',
    symbol LowCardinality(String) COMMENT 'Instrument, as its listing venue writes it.',
    account LowCardinality(String) COMMENT 'Account the order is for.',
    order_id String CODEC(ZSTD) COMMENT 'The order, as its client named it; unique per account, the same for the order''s whole life.',
    venue_order_id Int64 COMMENT 'The order''s number in execution, from 1 per symbol; 0 before it was accepted.',
    request_id String CODEC(ZSTD) COMMENT 'The cancel request, as its client named it; empty where none asked.',
    reason LowCardinality(String) COMMENT 'Why it was cancelled.',
    side LowCardinality(String) COMMENT 'Side of the order.',
    limit_price Decimal(18, 8) CODEC(ZSTD) COMMENT 'Limit price in currency units; 0 for orders without.',
    cancelled_quantity Int64 COMMENT 'Shares or contracts cancelled.',
    cumulative_quantity Int64 COMMENT 'Shares or contracts filled before.',
    inserted_at DateTime('UTC') MATERIALIZED now() COMMENT 'When the row was written; its TTL counts from here.',
    event_id_hex String ALIAS lower(hex(event_id)) COMMENT 'event_id as text.',
    cause_id_hex String ALIAS lower(hex(cause_id)) COMMENT 'cause_id as text.',
    INDEX by_offset stream_offset TYPE minmax GRANULARITY 16
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(event_time_ns)
ORDER BY (account, order_id, event_time_ns, stream_offset)
TTL inserted_at + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'What was left of an order is cancelled.';

CREATE TABLE IF NOT EXISTS order_events_order_cancel_rejected
(
    stream_offset UInt64 CODEC(Delta, ZSTD) COMMENT 'Number of the record in its stream, from 0.',
    event_id FixedString(16) COMMENT 'Identity: 8 bytes naming the input at the edge it descends from, 8 bytes naming the path from there.',
    cause_id FixedString(16) COMMENT 'event_id of the event that caused this one; zeros for an input at the edge.',
    sequence Int64 CODEC(Delta, ZSTD) COMMENT 'Count of events its producer (source partition, or operator and key) has emitted, from 1.',
    event_time_ns DateTime64(9, 'UTC') CODEC(Delta, ZSTD) COMMENT 'When it happened: nanoseconds since the epoch, UTC.',
    symbol LowCardinality(String) COMMENT 'Instrument, as its listing venue writes it.',
    account LowCardinality(String) COMMENT 'Account the order is for.',
    order_id String CODEC(ZSTD) COMMENT 'The order, as its client named it; unique per account, the same for the order''s whole life.',
    request_id String CODEC(ZSTD) COMMENT 'The cancel request, as its client named it.',
    step LowCardinality(String) COMMENT 'Step that refused it.',
    reason LowCardinality(String) COMMENT 'Why it was refused.',
    state LowCardinality(String) COMMENT 'Where the order stands.',
    inserted_at DateTime('UTC') MATERIALIZED now() COMMENT 'When the row was written; its TTL counts from here.',
    event_id_hex String ALIAS lower(hex(event_id)) COMMENT 'event_id as text.',
    cause_id_hex String ALIAS lower(hex(cause_id)) COMMENT 'cause_id as text.',
    INDEX by_offset stream_offset TYPE minmax GRANULARITY 16
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(event_time_ns)
ORDER BY (account, order_id, event_time_ns, stream_offset)
TTL inserted_at + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'A cancel that could not be carried out; the order, if any, is as before.';

CREATE TABLE IF NOT EXISTS order_events_order_expired
(
    stream_offset UInt64 CODEC(Delta, ZSTD) COMMENT 'Number of the record in its stream, from 0.',
    event_id FixedString(16) COMMENT 'Identity: 8 bytes naming the input at the edge it descends from, 8 bytes naming the path from there.',
    cause_id FixedString(16) COMMENT 'event_id of the event that caused this one; zeros for an input at the edge.',
    sequence Int64 CODEC(Delta, ZSTD) COMMENT 'Count of events its producer (source partition, or operator and key) has emitted, from 1.',
    event_time_ns DateTime64(9, 'UTC') CODEC(Delta, ZSTD) COMMENT 'When it happened: nanoseconds since the epoch, UTC.',
    symbol LowCardinality(String) COMMENT 'Instrument, as its listing venue writes it.',
    account LowCardinality(String) COMMENT 'Account the order is for.',
    order_id String CODEC(ZSTD) COMMENT 'The order, as its client named it; unique per account, the same for the order''s whole life.',
    venue_order_id Int64 COMMENT 'The order''s number in execution, from 1 per symbol; 0 before it was accepted.',
    reason LowCardinality(String) COMMENT 'Why it expired.',
    side LowCardinality(String) COMMENT 'Side of the order.',
    expired_quantity Int64 COMMENT 'Shares or contracts that were left.',
    cumulative_quantity Int64 COMMENT 'Shares or contracts filled before.',
    inserted_at DateTime('UTC') MATERIALIZED now() COMMENT 'When the row was written; its TTL counts from here.',
    event_id_hex String ALIAS lower(hex(event_id)) COMMENT 'event_id as text.',
    cause_id_hex String ALIAS lower(hex(cause_id)) COMMENT 'cause_id as text.',
    INDEX by_offset stream_offset TYPE minmax GRANULARITY 16
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(event_time_ns)
ORDER BY (account, order_id, event_time_ns, stream_offset)
TTL inserted_at + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'What was left of an order has expired.';

CREATE TABLE IF NOT EXISTS order_events_order_transition_refused
(
    stream_offset UInt64 CODEC(Delta, ZSTD) COMMENT 'Number of the record in its stream, from 0.',
    event_id FixedString(16) COMMENT 'Identity: 8 bytes naming the input at the edge it descends from, 8 bytes naming the path from there.',
    cause_id FixedString(16) COMMENT 'event_id of the event that caused this one; zeros for an input at the edge.',
    sequence Int64 CODEC(Delta, ZSTD) COMMENT 'Count of events its producer (source partition, or operator and key) has emitted, from 1.',
    event_time_ns DateTime64(9, 'UTC') CODEC(Delta, ZSTD) COMMENT 'When it happened: nanoseconds since the epoch, UTC.',
    symbol LowCardinality(String) COMMENT 'Instrument, as its listing venue writes it.',
    account LowCardinality(String) COMMENT 'Account the order is for.',
    order_id String CODEC(ZSTD) COMMENT 'The order, as its client named it; unique per account, the same for the order''s whole life.',
    state LowCardinality(String) COMMENT 'State the order is in.',
    record_type LowCardinality(String) COMMENT 'Name of the event''s schema; cause_id is the event.',
    step LowCardinality(String) COMMENT 'Step that refused it.',
    inserted_at DateTime('UTC') MATERIALIZED now() COMMENT 'When the row was written; its TTL counts from here.',
    event_id_hex String ALIAS lower(hex(event_id)) COMMENT 'event_id as text.',
    cause_id_hex String ALIAS lower(hex(cause_id)) COMMENT 'cause_id as text.',
    INDEX by_offset stream_offset TYPE minmax GRANULARITY 16
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(event_time_ns)
ORDER BY (account, order_id, event_time_ns, stream_offset)
TTL inserted_at + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'An event that does not fit the state its order is in; the order stays as it is.';

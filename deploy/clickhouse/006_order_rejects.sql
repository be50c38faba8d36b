-- Requests that were refused before they reached the book, and decisions of risk. Asked by account and order.
-- Columns are named after the fields of the Avro schema; tests/clickhouse/test_ddl.py compares them. TTL counts from the
-- time of writing and not of the event, so that an old day can be replayed and looked at.

CREATE TABLE IF NOT EXISTS order_rejects_order_rejected
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

CREATE TABLE IF NOT EXISTS order_rejects_order_cancel_rejected
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

CREATE TABLE IF NOT EXISTS order_rejects_order_replace_rejected
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

CREATE TABLE IF NOT EXISTS order_rejects_order_transition_refused
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

CREATE TABLE IF NOT EXISTS risk_events
(
    stream_offset UInt64 CODEC(Delta, ZSTD) COMMENT 'Number of the record in its stream, from 0.',
    event_id FixedString(16) COMMENT 'Identity: 8 bytes naming the input at the edge it descends from, 8 bytes naming the path from there.',
    cause_id FixedString(16) COMMENT 'event_id of the event that caused this one; zeros for an input at the edge.',
    sequence Int64 CODEC(Delta, ZSTD) COMMENT 'Count of events its producer (source partition, or operator and key) has emitted, from 1.',
    event_time_ns DateTime64(9, 'UTC') CODEC(Delta, ZSTD) COMMENT 'When it happened: nanoseconds since the epoch, UTC.',
    symbol LowCardinality(String) COMMENT 'Instrument, as its listing venue writes it.',
    account LowCardinality(String) COMMENT 'Account the order is for.',
    order_id String CODEC(ZSTD) COMMENT 'The order, as its client named it; unique per account, the same for the order''s whole life.',
    action LowCardinality(String) COMMENT 'NEW for an order, REPLACE for a change of one, CANCEL to end one.',
    request_id String CODEC(ZSTD) COMMENT 'The replace or cancel request, as its client named it; empty for a new order.',
    side LowCardinality(String) COMMENT 'BUY or SELL.',
    marking LowCardinality(String) COMMENT 'How a sale is marked; NONE for a buy.',
    order_type LowCardinality(String) COMMENT 'How the price is set.',
    time_in_force LowCardinality(String) COMMENT 'How long it works.',
    session LowCardinality(String) COMMENT 'Sessions in which it may work.',
    quantity Int64 COMMENT 'Shares or contracts in all, filled ones included.',
    display_quantity Int64 COMMENT 'Iceberg: shares or contracts shown at a time; 0 shows all.',
    limit_price Decimal(18, 8) CODEC(ZSTD) COMMENT 'LIMIT, STOP_LIMIT: worst price in currency units; otherwise 0.',
    stop_price Decimal(18, 8) CODEC(ZSTD) COMMENT 'STOP, STOP_LIMIT: price that triggers it, in currency units; otherwise 0.',
    expire_time_ns DateTime64(9, 'UTC') COMMENT 'GOOD_TILL_DATE: when it expires, nanoseconds since the epoch, UTC; otherwise 0.',
    post_only Bool COMMENT 'Never takes liquidity.',
    all_or_none Bool COMMENT 'Trades its whole quantity or nothing.',
    self_trade_prevention LowCardinality(String) COMMENT 'What happens if it would trade with another order of its account.',
    instrument_type LowCardinality(String) COMMENT 'Kind of instrument.',
    multiplier Int64 COMMENT 'Units of the underlying per contract; 1 for stocks.',
    reference_price Decimal(18, 8) CODEC(ZSTD) COMMENT 'Price the order was judged against, in currency units.',
    buying_power_before Decimal(38, 8) CODEC(ZSTD) COMMENT 'Buying power before the reservation: equity less initial margin of positions less reservations of open orders, in currency units.',
    buying_power_after Decimal(38, 8) CODEC(ZSTD) COMMENT 'Buying power after the reservation, in currency units.',
    reservation Decimal(38, 8) CODEC(ZSTD) COMMENT 'Added by this request to what is reserved for open orders, fees included, in currency units; negative where a replace needs less.',
    margin_requirement Decimal(38, 8) CODEC(ZSTD) COMMENT 'Initial margin that all open orders of the symbol add, this one included, in currency units.',
    gross_exposure Decimal(38, 8) CODEC(ZSTD) COMMENT 'Gross exposure of the account with this order, in each symbol with all open purchases or all open sales filled, whichever is more, in currency units.',
    net_exposure Decimal(38, 8) CODEC(ZSTD) COMMENT 'Net exposure of the account with this order and all open ones of its side filled, in currency units, signed.',
    position_quantity Int64 COMMENT 'Shares or contracts held in the symbol before the order, signed.',
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
COMMENT 'An order or replace that its account can bear, with the figures the decision was taken on.';

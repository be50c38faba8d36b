-- Fills, asked by account and order; trades and auctions, asked by symbol and time.
-- Columns are named after the fields of the Avro schema; tests/clickhouse/test_ddl.py compares them. TTL counts from the
-- time of writing and not of the event, so that an old day can be replayed and looked at.

CREATE TABLE IF NOT EXISTS trade_events_order_executed
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
    trade_id Int64 COMMENT 'The trade it is one side of: number per symbol, from 1.',
    side LowCardinality(String) COMMENT 'Side of the order.',
    marking LowCardinality(String) COMMENT 'How a sale is marked; NONE for a buy.',
    instrument_type LowCardinality(String) COMMENT 'Kind of instrument.',
    multiplier Int64 COMMENT 'Units of the underlying per contract; 1 for stocks.',
    price Decimal(18, 8) CODEC(ZSTD) COMMENT 'Price of this fill in currency units.',
    quantity Int64 COMMENT 'Shares or contracts of this fill.',
    cumulative_quantity Int64 COMMENT 'Shares or contracts filled so far, this fill included.',
    leaves_quantity Int64 COMMENT 'Shares or contracts still open.',
    average_price Decimal(18, 8) CODEC(ZSTD) COMMENT 'Average price of all fills so far in currency units, rounded half to even to 1e-8.',
    liquidity LowCardinality(String) COMMENT 'Whether the order added or removed liquidity.',
    venue LowCardinality(String) COMMENT 'Venue of the trade: market identifier code.',
    commission Decimal(38, 8) CODEC(ZSTD) COMMENT 'Commission charged in currency units.',
    section_31_fee Decimal(38, 8) CODEC(ZSTD) COMMENT 'Fee under section 31 of the Exchange Act, sales only, in currency units.',
    taf_fee Decimal(38, 8) CODEC(ZSTD) COMMENT 'FINRA trading activity fee, sales only, in currency units.',
    venue_fee Decimal(38, 8) CODEC(ZSTD) COMMENT 'Fee of the venue in currency units; negative is a rebate.',
    price_improvement Decimal(38, 8) CODEC(ZSTD) COMMENT 'Gain over the national best price on the other side at the fill, all shares together, in currency units; negative is a loss.',
    bid_price Decimal(18, 8) CODEC(ZSTD) COMMENT 'National best bid at the fill, in currency units; 0 is none.',
    ask_price Decimal(18, 8) CODEC(ZSTD) COMMENT 'National best offer at the fill, in currency units; 0 is none.',
    inserted_at DateTime('UTC') MATERIALIZED now() COMMENT 'When the row was written; its TTL counts from here.',
    event_id_hex String ALIAS lower(hex(event_id)) COMMENT 'event_id as text.',
    cause_id_hex String ALIAS lower(hex(cause_id)) COMMENT 'cause_id as text.',
    INDEX by_offset stream_offset TYPE minmax GRANULARITY 16
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(event_time_ns)
ORDER BY (account, order_id, event_time_ns, stream_offset)
TTL inserted_at + INTERVAL 1 YEAR
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'One fill of one order: the execution report of its side.';

CREATE TABLE IF NOT EXISTS trade_events_trade_settled
(
    stream_offset UInt64 CODEC(Delta, ZSTD) COMMENT 'Number of the record in its stream, from 0.',
    event_id FixedString(16) COMMENT 'Identity: 8 bytes naming the input at the edge it descends from, 8 bytes naming the path from there.',
    cause_id FixedString(16) COMMENT 'event_id of the event that caused this one; zeros for an input at the edge.',
    sequence Int64 CODEC(Delta, ZSTD) COMMENT 'Count of events its producer (source partition, or operator and key) has emitted, from 1.',
    event_time_ns DateTime64(9, 'UTC') CODEC(Delta, ZSTD) COMMENT 'When it happened: nanoseconds since the epoch, UTC.',
    symbol LowCardinality(String) COMMENT 'Instrument, as its listing venue writes it.',
    account LowCardinality(String) COMMENT 'Account that settles.',
    order_id String CODEC(ZSTD) COMMENT 'The order, as its client named it; unique per account, the same for the order''s whole life.',
    trade_id Int64 COMMENT 'The trade: number per symbol.',
    obligation_id String COMMENT 'Obligation it was netted into.',
    side LowCardinality(String) COMMENT 'Side of the order.',
    quantity Int64 COMMENT 'Shares or contracts.',
    price Decimal(18, 8) CODEC(ZSTD) COMMENT 'Price in currency units.',
    amount Decimal(38, 8) CODEC(ZSTD) COMMENT 'Cash in currency units, fees included: positive received, negative paid.',
    fees Decimal(38, 8) CODEC(ZSTD) COMMENT 'All fees and commission in currency units.',
    trade_day Int64 COMMENT 'Day of the trade: days since 1970-01-01.',
    settlement_day Int64 COMMENT 'Day it settled: days since 1970-01-01.',
    inserted_at DateTime('UTC') MATERIALIZED now() COMMENT 'When the row was written; its TTL counts from here.',
    event_id_hex String ALIAS lower(hex(event_id)) COMMENT 'event_id as text.',
    cause_id_hex String ALIAS lower(hex(cause_id)) COMMENT 'cause_id as text.',
    INDEX by_offset stream_offset TYPE minmax GRANULARITY 16
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(event_time_ns)
ORDER BY (account, order_id, event_time_ns, stream_offset)
TTL inserted_at + INTERVAL 1 YEAR
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'One side of a trade has settled: shares and cash have changed hands.';

CREATE TABLE IF NOT EXISTS trades
(
    stream_offset UInt64 CODEC(Delta, ZSTD) COMMENT 'Number of the record in its stream, from 0.',
    event_id FixedString(16) COMMENT 'Identity: 8 bytes naming the input at the edge it descends from, 8 bytes naming the path from there.',
    cause_id FixedString(16) COMMENT 'event_id of the event that caused this one; zeros for an input at the edge.',
    sequence Int64 CODEC(Delta, ZSTD) COMMENT 'Count of events its producer (source partition, or operator and key) has emitted, from 1.',
    event_time_ns DateTime64(9, 'UTC') CODEC(Delta, ZSTD) COMMENT 'When it happened: nanoseconds since the epoch, UTC.',
    symbol LowCardinality(String) COMMENT 'Instrument, as its listing venue writes it.',
    trade_id Int64 COMMENT 'Number of the trade, from 1 per symbol.',
    buy_account LowCardinality(String) COMMENT 'Account that bought; empty where it is the market outside.',
    buy_order_id String CODEC(ZSTD) COMMENT 'Order that bought, as its client named it; empty where it is the market outside.',
    buy_venue_order_id Int64 COMMENT 'Number of the buy order in execution; 0 where it is the market outside.',
    sell_account LowCardinality(String) COMMENT 'Account that sold; empty where it is the market outside.',
    sell_order_id String CODEC(ZSTD) COMMENT 'Order that sold, as its client named it; empty where it is the market outside.',
    sell_venue_order_id Int64 COMMENT 'Number of the sell order in execution; 0 where it is the market outside.',
    marking LowCardinality(String) COMMENT 'How the sale is marked; NONE where the market outside sold.',
    aggressor LowCardinality(String) COMMENT 'Side that took liquidity; NONE in an auction.',
    price Decimal(18, 8) CODEC(ZSTD) COMMENT 'Price in currency units.',
    quantity Int64 COMMENT 'Shares or contracts.',
    instrument_type LowCardinality(String) COMMENT 'Kind of instrument.',
    multiplier Int64 COMMENT 'Units of the underlying per contract; 1 for stocks.',
    venue LowCardinality(String) COMMENT 'Venue of the trade: market identifier code.',
    auction LowCardinality(String) COMMENT 'Auction it was made in; NONE in continuous trading.',
    inserted_at DateTime('UTC') MATERIALIZED now() COMMENT 'When the row was written; its TTL counts from here.',
    event_id_hex String ALIAS lower(hex(event_id)) COMMENT 'event_id as text.',
    cause_id_hex String ALIAS lower(hex(cause_id)) COMMENT 'cause_id as text.',
    INDEX by_offset stream_offset TYPE minmax GRANULARITY 16
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(event_time_ns)
ORDER BY (symbol, event_time_ns, stream_offset)
TTL inserted_at + INTERVAL 1 YEAR
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'One trade, both sides; the side filled by the market outside has an empty account.';

CREATE TABLE IF NOT EXISTS auctions
(
    stream_offset UInt64 CODEC(Delta, ZSTD) COMMENT 'Number of the record in its stream, from 0.',
    event_id FixedString(16) COMMENT 'Identity: 8 bytes naming the input at the edge it descends from, 8 bytes naming the path from there.',
    cause_id FixedString(16) COMMENT 'event_id of the event that caused this one; zeros for an input at the edge.',
    sequence Int64 CODEC(Delta, ZSTD) COMMENT 'Count of events its producer (source partition, or operator and key) has emitted, from 1.',
    event_time_ns DateTime64(9, 'UTC') CODEC(Delta, ZSTD) COMMENT 'When it happened: nanoseconds since the epoch, UTC.',
    symbol LowCardinality(String) COMMENT 'Instrument, as its listing venue writes it.',
    auction LowCardinality(String) COMMENT 'Which auction.',
    price Decimal(18, 8) CODEC(ZSTD) COMMENT 'The single price in currency units; 0 where nothing traded.',
    quantity Int64 COMMENT 'Shares or contracts traded.',
    imbalance_side LowCardinality(String) COMMENT 'Side left over at that price; NONE if none.',
    imbalance_quantity Int64 COMMENT 'Shares or contracts left over at that price.',
    reference_price Decimal(18, 8) CODEC(ZSTD) COMMENT 'Price that broke a tie, in currency units; 0 is none.',
    inserted_at DateTime('UTC') MATERIALIZED now() COMMENT 'When the row was written; its TTL counts from here.',
    event_id_hex String ALIAS lower(hex(event_id)) COMMENT 'event_id as text.',
    cause_id_hex String ALIAS lower(hex(cause_id)) COMMENT 'cause_id as text.',
    INDEX by_offset stream_offset TYPE minmax GRANULARITY 16
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(event_time_ns)
ORDER BY (symbol, event_time_ns, stream_offset)
TTL inserted_at + INTERVAL 1 YEAR
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'An auction has found its price.';

"""ClickHouse: the sink under crashes, the DDL, servers, and the commands that ask."""

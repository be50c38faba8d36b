"""ClickHouse, embedded or as a server, through one client."""

"""A real broker and a real registry: how they start, die and come again; docker-compose.yml beside them."""

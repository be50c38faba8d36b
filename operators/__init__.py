"""What is done: one pure keyed operator per business function."""

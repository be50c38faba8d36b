"""How it runs: the mechanism, which knows nothing of trading."""

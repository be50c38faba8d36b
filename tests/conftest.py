"""Fixtures every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def market_data_folder() -> Path:
    """The folder of real market data; CI names it in TAPELINE_DATA, and there its absence is a failure."""
    folder = os.environ.get("TAPELINE_DATA", "")
    if not folder or not Path(folder).is_dir():
        reason = "TAPELINE_DATA names no folder of real market data"
        if os.environ.get("TAPELINE_NO_SKIP"):
            pytest.fail(reason)
        pytest.skip(reason)
    return Path(folder)

"""Real quotes and trades through `tapeline run`, with topic logs and ClickHouse."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

TREE = Path(__file__).parent.parent.parent
SUMMARY = re.compile(r"([\d,]+) events\s+in ([\d.]+)\s+s\s+\(([\d.]+)\s+s\s+of\s+CPU\)")


def five_ibm_days(data: Path) -> tuple[float, str]:
    """(events per CPU second, what came out) of IBM, 7 to 11 October 2013."""
    folder = data / "lean/Data/equity/usa/tick"
    with tempfile.TemporaryDirectory() as out:
        source = f"lean:{folder}?symbols=IBM"
        printed = tapeline("run", "--data", out, "--source", source)
        query = "SELECT count() AS bars, sum(volume) AS shares FROM bars_1m"
        row = json.loads(tapeline("query", query, "--data", out, "--format", "json"))
    found = SUMMARY.search(printed)
    assert found, printed
    events, wall, cpu = int(found[1].replace(",", "")), float(found[2]), float(found[3])
    note = f"IBM, 7–11 Oct 2013: {events:,} events in {wall} s, all sinks; {row['bars']:,} one-minute bars"
    return events / cpu, note


def tapeline(*arguments: str) -> str:
    command = [sys.executable, "-P", "-c", "from jobs.cli import main; main()", *arguments]
    return subprocess.run(command, cwd=TREE, capture_output=True, text=True, check=True).stdout

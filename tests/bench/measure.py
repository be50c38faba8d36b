"""How the benchmarks measure: CPU seconds of this process, the best of interleaved runs beside all of them."""

from __future__ import annotations

import gc
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dataflow.model


@dataclass
class Figure:
    """One measured figure with its runs."""

    unit: str
    target: str
    runs: list[float] = field(default_factory=list)
    note: str = ""

    @property
    def value(self) -> float:
        """The median run."""
        return statistics.median(self.runs)

    def plain(self) -> dict[str, Any]:
        return {"value": self.value, "unit": self.unit, "runs": self.runs, "target": self.target, "note": self.note}


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU time of one call, with the garbage collector off as in the engine's loop."""
    gc.collect()
    gc.freeze()
    gc.disable()
    began = time.process_time()
    try:
        work()
        return time.process_time() - began
    finally:
        gc.enable()
        gc.unfreeze()


def percentile(ordered: Sequence[float], share: float) -> float:
    """Of ascending values: one of them."""
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def number(value: float) -> str:
    """As people read it: three digits, or all before the point."""
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3g}"


def machine() -> str:
    """What measures."""
    mode = "interpreted" if str(dataflow.model.__file__).endswith(".py") else "compiled"
    return f"{platform.machine()}, {os.cpu_count()} cores, CPython {platform.python_version()}, {mode}"


def join_figures(path: Path, figures: dict[str, Figure]) -> None:
    """Put these figures into the file beside its others."""
    found: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {}
    found |= {name: figure.plain() for name, figure in figures.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, indent=2) + "\n")

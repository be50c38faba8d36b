"""`tapeline top`: what a running job does, redrawn in place. It reads DATA/live.json, which the run writes."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from dataflow.ports import InputFault
from jobs.data_option import DATA_OPTION
from jobs.live_figures import LIVE_FILE, RUNNING, STANDING_BY

STALE_S: Final = 5.0
SHORT: Final = "%m-%d %H:%M:%S"
"""Of times in a table that eighty columns must hold."""
REDRAW_S: Final = 0.5
STYLES: Final = {RUNNING: "bold green", STANDING_BY: "bold cyan"}
"""Of what goes on."""
NOTHING: Final = "-"


@click.command()
@DATA_OPTION
@click.option("--once", is_flag=True, help="Print the figures once instead of redrawing them.")
def top(data: Path, once: bool) -> None:
    """Watch a running job: rates, watermarks, lag, commits, checkpoints. Ctrl-C ends it, not the job."""
    console = Console()
    if once:
        console.print(_frame(data))
        return
    with Live(_frame(data), console=console, auto_refresh=False, screen=console.is_terminal) as live:
        try:
            while True:
                time.sleep(REDRAW_S)
                live.update(_frame(data), refresh=True)
        except KeyboardInterrupt:
            return


def _frame(data: Path) -> RenderableType:
    """Raises InputFault where there are no figures."""
    path = data / LIVE_FILE
    try:
        return _drawn(json.loads(path.read_bytes()))
    except FileNotFoundError:
        raise InputFault(f"no job has run in {data}\n    --data names the directory that `tapeline run` has") from None
    except OSError as error:
        raise InputFault(f"cannot read {path}: {(error.strerror or '').lower()}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputFault(
            f"{path} is damaged, or of another version of tapeline; a running job writes it anew each second"
        ) from None


def _drawn(figures: dict[str, Any]) -> RenderableType:
    return Group(_headline(figures), "", _totals(figures), "", _sources(figures), "", _operators(figures))


def _headline(figures: dict[str, Any]) -> Text:
    state, at, process = figures["state"], figures["at"], figures["process"]
    line = Text(f"{', '.join(figures['jobs'])}  ", style="bold")
    if state in STYLES and time.time() - at > STALE_S:
        line.append(f"no figures since {_clock(at)}: the process {process['pid']} is gone, or hangs", "bold red")
    elif state in STYLES:
        line.append(f"{state} for {_duration(at - figures['began_at'])}, process {process['pid']}", STYLES[state])
    else:
        line.append(f"{state} at {_clock(at)} after {_duration(at - figures['began_at'])}", "bold yellow")
    return line


def _totals(figures: dict[str, Any]) -> Table:
    """What there is one of."""
    process, checkpoint, done = figures["process"], figures["checkpoint"], figures["transactions"]
    memory = process["memory_bytes"]
    grid = Table.grid(padding=(0, 2))
    grid.add_row("[dim]events", f"{sum(item['rate'] for item in figures['sources']):,.0f}/s, "
                 f"{sum(item['records'] for item in figures['sources']):,} in all")  # fmt: skip
    grid.add_row("[dim]watermark", _moment(figures["watermark_ns"]))
    resident = "" if memory is None else f", {memory / 2**20:,.0f} MiB"
    grid.add_row("[dim]process", f"{process['cpu']:.0%} of a core{resident}")
    told = NOTHING if checkpoint is None else f"number {checkpoint['number']:,}, {checkpoint['age_s']:.1f} s old"
    grid.add_row("[dim]checkpoint", told)
    if done is not None:
        grid.add_row("[dim]transactions", f"{done['rate']:,.1f}/s, {done['count']:,} in all; {_commits(done)}")
        grid.add_row("[dim]turns waiting", f"{done['turns_waiting']:,} of {done['turns_waiting_max']:,}; "
                     "at the last one the job waits for Kafka")  # fmt: skip
        lingering = done["lingering"]
        if lingering is not None:
            grid.add_row("[dim]lingering", f"{lingering['records_waiting']:,} records of "
                         f"{lingering['records_waiting_max']:,}; {_commits(lingering)}")  # fmt: skip
    return grid


def _commits(done: dict[str, Any]) -> str:
    return f"commit p50 {_ms(done['commit_p50_ms'])}, p99 {_ms(done['commit_p99_ms'])}"


def _sources(figures: dict[str, Any]) -> Table:
    table = _table("source", "parts", "idle", "records", "records/s", "lag", "watermark", "held by")
    for item in figures["sources"]:
        lag = NOTHING if item["lag"] is None else f"{item['lag']:,}"
        worst = item["worst"].rpartition("/")[2] if item["partitions"] > 1 and item["watermark_ns"] else ""
        table.add_row(
            item["name"], f"{item['partitions']:,}", f"{item['idle']:,}", f"{item['records']:,}",
            f"{item['rate']:,.0f}", lag, _moment(item["watermark_ns"], SHORT), worst,
        )  # fmt: skip
    return table


def _operators(figures: dict[str, Any]) -> Table:
    table = _table("operator", "records", "records/s", "timers", "late")
    for item in figures["operators"]:
        late = f"[yellow]{item['late']:,}[/]" if item["late"] else "0"
        table.add_row(item["uid"], f"{item['records']:,}", f"{item['rate']:,.0f}", f"{item['timers']:,}", late)
    return table


def _table(*columns: str) -> Table:
    table = Table(*columns, box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for column in table.columns:
        column.no_wrap = True
    for column in table.columns[1:]:
        column.justify = "right"
    return table


def _moment(at_ns: int | None, pattern: str = "%Y-%m-%d %H:%M:%S") -> str:
    return NOTHING if at_ns is None else datetime.fromtimestamp(at_ns / 1e9, UTC).strftime(pattern)


def _clock(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _duration(seconds: float) -> str:
    minutes, left = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {left} s" if minutes else f"{left} s"


def _ms(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.1f} ms"

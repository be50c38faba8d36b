"""Decides what each source reads: as pipelines.yaml declares it, or as the user says instead.

Theory of operation. Alert rules, reference data, accounts and orders go with the simulated market: they are drawn from
its seed and priced by its prices. So where the user reads another simulated market, those that pipelines.yaml declares
follow it; where the market is not simulated they read nothing (`none`), for orders of one market make no sense in
another. What the user names is read as named, and so are files that pipelines.yaml names; only seed, symbols, events
and date are always those of the simulated market beside it (`matching_rules`).
"""

from __future__ import annotations

from typing import Any, Final

from dataflow.graph import Graph
from dataflow.ports import Batch, InputFault, Source
from jobs.feeds.open_source import SIMULATED, matching_rules, open_source, specification_for, specification_of

NONE: Final = "none"
"""The specification of a source that reads nothing."""
MARKET: Final = "simulator"


class NoSource:
    """A source without records. See `dataflow.ports.Source`."""

    def open(self, position: Any | None) -> None:
        del position

    def read(self) -> Batch | None:
        return None

    def expected_records(self) -> int | None:
        return 0

    def close(self) -> None:
        return


def open_matched(specification: str, name: str) -> Source:
    """The source, not yet opened. Raises InputFault."""
    return NoSource() if specification == NONE else open_source(specification, name)


def matched_specifications(graph: Graph, names: tuple[str, ...], given: tuple[str, ...]) -> dict[str, str]:
    """What the sources of these names read. `given` is what the user says: `[NAME=]SPEC` each; without a name the first
    source is meant. Raises InputFault for a source that is not there."""
    chosen = dict(_named(text, names) for text in given)
    found = {name: chosen.get(name) or specification_of(graph.sources[name]) for name in names}
    if not any(kind_of(text) == MARKET for text in found.values()):
        declared = {name: specification_for(graph.sources[name]) for name in names if name not in chosen}
        follow = [name for name, each in declared.items() if each.kind in SIMULATED and not each.place]
        found |= dict.fromkeys(follow, NONE)
    reading = matching_rules({name: text for name, text in found.items() if text != NONE})
    return {name: reading.get(name, NONE) for name in names}


def _named(text: str, names: tuple[str, ...]) -> tuple[str, str]:
    name, separator, specification = text.partition("=")
    if not separator or ":" in name:
        return names[0], text
    if name not in names:
        raise InputFault(f"--source {text}: there is no source {name!r}\n    sources: {', '.join(names)}")
    return name, specification


def kind_of(specification: str) -> str:
    return specification.partition(":")[0]

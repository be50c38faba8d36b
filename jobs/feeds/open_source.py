"""Opens a source by what the user asked for. The one way in to the feeds.

| specification | |
|---|---|
| `simulator`, `simulator:seed=7,symbols=50,events=1000000,date=2026-11-20` | the built-in market |
| `lean:FOLDER`, `lean:FOLDER?symbols=IBM,BAC&days=20131007` | equity ticks in Lean's folders |
| `lobster:FOLDER`, `lobster:FOLDER?symbols=AAPL` | LOBSTER's message and book files |
| `csv:FILE`, `csv:FILE?zone=America/New_York` | quotes and trades (columns: see `csv_quotes`) |
| `alert_rules:FILE`, `alert_rules`, `alert_rules:none` | price alerts of users (fields: see `alert_rule`) |
| `reference_data:seed=7,symbols=50,date=2026-11-20` | instruments and halts of the market with these options |
| `accounts:seed=7,accounts=1000,switches=2` | accounts with money, locates, kill switches |
| `order_flow:seed=7,symbols=50,accounts=1000,orders=100000` | orders, cancels, replaces (options: see `order_flow`) |
| `lobster_orders:FOLDER?symbols=AAPL` | LOBSTER's messages as the orders that made them |
| `lobster_instruments:FOLDER`, `lobster_accounts:FOLDER` | what goes with these orders |
| `reference_data:FILE`, `accounts:FILE`, `order_flow:FILE` | the same from YAML files (see `stated_records`) |

A feed is imported when it is asked for: the simulator's trading calendar alone takes seconds.
"""

from __future__ import annotations

from importlib import import_module
from typing import Final, cast

from dataflow import graph
from dataflow.ports import InputFault, Source
from jobs.feeds.specification import Specification, declared_specification, parse_specification, suggestion

FEEDS: Final[tuple[str, ...]] = (
    "simulator",
    "lean",
    "lobster",
    "csv",
    "alert_rules",
    "reference_data",
    "accounts",
    "order_flow",
    "lobster_orders",
    "lobster_instruments",
    "lobster_accounts",
)
MODULES: Final = {
    "simulator": "jobs.feeds.simulator",
    "lean": "jobs.feeds.lean",
    "lobster": "jobs.feeds.lobster",
    "csv": "jobs.feeds.csv_quotes",
    "alert_rules": "jobs.feeds.alert_rules",
    "reference_data": "jobs.feeds.reference_data",
    "accounts": "jobs.feeds.accounts",
    "order_flow": "jobs.feeds.order_flow",
    "lobster_orders": "jobs.feeds.lobster_orders",
    "lobster_instruments": "jobs.feeds.lobster_terms",
    "lobster_accounts": "jobs.feeds.lobster_terms",
}
SIMULATED: Final[tuple[str, ...]] = ("reference_data", "accounts", "order_flow")
"""Sources that go with the simulated market; or each reads a file of records (see `stated_records`)."""
PLACELESS: Final[tuple[str, ...]] = ("simulator", *SIMULATED)


def open_source(specification: str | graph.Source, name: str) -> Source:
    """The source, not yet opened: call its `open`. `name` goes into its event ids. Raises InputFault."""
    wanted = specification_for(specification)
    if wanted.kind not in MODULES:
        fact = f"no source is called '{wanted.kind}'"
        raise InputFault(f"{fact}\n    {suggestion(wanted.kind, FEEDS)}")
    return cast("Source", import_module(MODULES[wanted.kind]).open_feed(wanted, name))


def specification_for(specification: str | graph.Source) -> Specification:
    if isinstance(specification, str):
        return _parsed(specification)
    declared = declared_specification(specification.uses, specification.parameters)
    return Specification(declared.kind, declared.place) if declared.kind in SIMULATED and declared.place else declared


def _parsed(text: str) -> Specification:
    """A simulated source has a place only where that is a file: it has no `=`."""
    kind, _, rest = text.partition(":")
    if kind in SIMULATED and rest and "=" not in rest:
        return Specification(kind, rest)
    return parse_specification(text, PLACELESS)


def specification_of(declared: graph.Source) -> str:
    """The specification that opens the same source as this declaration."""
    return text_of(specification_for(declared))


def text_of(specification: Specification) -> str:
    placeless = specification.kind in PLACELESS and not specification.place
    options = ("," if placeless else "&").join([f"{name}={value}" for name, value in specification.options.items()])
    if placeless:
        return f"{specification.kind}:{options}" if options else specification.kind
    return f"{specification.kind}:{specification.place}" + (f"?{options}" if options else "")


def matching_rules(specifications: dict[str, str]) -> dict[str, str]:
    """The same sources, where those that go with the simulated market are about the one among the sources.

    Alert rules without a file are those of the simulated market, or none where the market is not simulated: other
    prices would make no sense of them. Reference data, accounts and orders are of the market's seed, symbols, events
    and date; accounts have money for the orders there are."""
    wanted = {name: _parsed(text) for name, text in specifications.items()}
    markets = [each for each in wanted.values() if each.kind == "simulator"]
    flows = [each for each in wanted.values() if each.kind == "order_flow" and not each.place]
    matched = dict(specifications)
    for name, each in wanted.items():
        if each.kind == "alert_rules" and not each.place and not each.options:
            options = markets[0].options if markets else {}
            matched[name] = text_of(Specification("alert_rules", "" if markets else "none", options))
        elif each.kind in SIMULATED and not each.place:
            options = _taken(each.options, markets, ("seed", "symbols", "events", "date"))
            if each.kind == "accounts":
                options = _taken(options, flows, ("accounts", "orders"))
            matched[name] = text_of(Specification(each.kind, "", options))
    return matched


def _taken(options: dict[str, str], others: list[Specification], names: tuple[str, ...]) -> dict[str, str]:
    """The options, where those of these names are the other source's, if there is one: what that leaves open too."""
    if not others:
        return options
    theirs = {name: value for name, value in others[0].options.items() if name in names}
    return theirs | {name: value for name, value in options.items() if name not in names}

"""A graph without fault: what is built of it, and how it is drawn."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from rich.console import Console

from dataflow.graph import topology_hash
from dataflow.plan import EngineFacts, plan
from dataflow.render import render
from tests.graph.loading import changed, load
from tests.graph.small_catalog import GOOD, LOOP, BarParameters

ENGINE = EngineFacts("paper", "in a drawer", (("results", "at least once"),))


def planned(folder: Path, text: str) -> str:
    console = Console(width=160, record=True, file=(folder / "plan.txt").open("w"))
    console.print(plan(load(folder, text), None, ENGINE))
    console.file.close()
    return console.export_text()


def test_streams_carry_what_topics_need(tmp_path: Path) -> None:
    stream = load(tmp_path, GOOD).streams["prices"]
    assert [record.name for record in stream.schemas] == ["Price"]
    assert (stream.key, stream.partitions, stream.compression, stream.min_insync_replicas) == ("symbol", 4, "lz4", 1)


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [("500ms", 500), ("90s", 90_000), ("5m", 300_000), ("24h", 86_400_000), ("30d", 2_592_000_000),
     ("2w", 1_209_600_000), ("1y", 31_536_000_000)],
)  # fmt: skip
def test_a_duration_is_a_number_and_a_unit(tmp_path: Path, text: str, milliseconds: int) -> None:
    assert load(tmp_path, changed("24h", text)).streams["prices"].retention_ms == milliseconds


def test_sources_have_every_parameter_of_their_connector(tmp_path: Path) -> None:
    source = load(tmp_path, GOOD).sources["ticks"]
    assert source.parameters == {"folder": "ticks", "password": "", "url": "", "connections": 1}
    assert (source.stream, source.out_of_orderness_ms, source.idle_after_ms) == ("prices", 500, 60_000)


def test_operators_have_typed_parameters(tmp_path: Path) -> None:
    text = changed(
        "late: late}", "late: late, parameters: {periods: [5, 20], weight: 1, partial: true, length_ms: 1_000}}"
    )
    assert load(tmp_path, text).operators["bars"].parameters == BarParameters(1_000, (5, 20), 1.0, True)


def test_a_number_with_an_exponent_is_a_number(tmp_path: Path) -> None:
    text = changed("late: late}", "late: late, parameters: {weight: 1e-3}}")
    assert load(tmp_path, text).operators["bars"].parameters.weight == 0.001


def test_a_name_alone_is_a_list_of_one(tmp_path: Path) -> None:
    assert load(tmp_path, changed("inputs: [prices]", "inputs: prices")).operators["bars"].inputs == ("prices",)


def test_a_sink_of_everything_takes_all_that_operators_write(tmp_path: Path) -> None:
    assert load(tmp_path, GOOD).sinks["log"].streams == ("bars", "late", "alerts", "dead")


def test_a_reader_may_leave_out_some_of_a_streams_types(tmp_path: Path) -> None:
    graph = load(tmp_path, changed("schema: Bar,", "schema: [Bar, Price],"))
    assert [record.name for record in graph.streams["bars"].schemas] == ["Bar", "Price"]


def test_a_job_has_the_sources_that_feed_its_operators(tmp_path: Path) -> None:
    text = changed(
        "main: {operators: [bars, alerts]", "second: {operators: [bars]}\n  main: {operators: [alerts, bars]"
    )
    graph = load(tmp_path, text)
    assert graph.jobs["second"].sources == ("ticks",)
    assert graph.jobs["main"].sources == ("ticks", "rules")
    assert graph.jobs["main"].operators == ("bars", "alerts")


def test_a_declared_cycle_is_no_fault(tmp_path: Path) -> None:
    assert load(tmp_path, LOOP).operators["risk"].feedback == ("fills",)


def test_a_cycle_may_be_declared_at_any_of_its_inputs(tmp_path: Path) -> None:
    text = changed(", feedback: [fills]", "", LOOP)
    graph = load(tmp_path, changed("outputs: [fills],", "outputs: [fills], feedback: [orders],", text))
    assert graph.operators["execution"].feedback == ("orders",)


def test_a_planned_stream_needs_neither_producer_nor_consumer(tmp_path: Path) -> None:
    text = changed(
        "\nsources:", "\n  orders: {schema: Order, key: account, partitions: 1, retention: 1d, planned: true}\nsources:"
    )
    graph = load(tmp_path, text)
    assert graph.streams["orders"].planned
    assert graph.sinks["log"].streams == ("bars", "late", "alerts", "dead")


def test_the_topology_does_not_depend_on_how_it_is_written(tmp_path: Path) -> None:
    uids = ("bars", "alerts")
    written_out = changed("late: late}", "late: late, parameters: {length_ms: 60000}}").replace("doc: x", "")
    one, other = load(tmp_path, GOOD), load(tmp_path, written_out)
    assert topology_hash(one.topology(uids)) == topology_hash(other.topology(uids))


def test_another_parameter_is_another_topology(tmp_path: Path) -> None:
    uids = ("bars", "alerts")
    other = load(tmp_path, changed("late: late}", "late: late, parameters: {length_ms: 60001}}"))
    assert topology_hash(load(tmp_path, GOOD).topology(uids)) != topology_hash(other.topology(uids))


def test_mermaid_shows_every_part_and_dashes_feedback(tmp_path: Path) -> None:
    drawn = render(load(tmp_path, LOOP), "mermaid")
    assert drawn.startswith("flowchart LR\n")
    assert '    source_ticks[/"ticks<br>feed"/]:::source' in drawn
    assert '    operator_risk["risk<br>per account"]:::operator' in drawn
    assert '    stream_fills -.->|"feedback"| operator_risk' in drawn
    assert "    operator_execution --> stream_fills" in drawn


def test_every_arrow_of_mermaid_joins_boxes_that_are_there(tmp_path: Path) -> None:
    drawn = render(load(tmp_path, GOOD), "mermaid")
    boxes = set(re.findall(r"^    (\w+)[\[(]", drawn, re.MULTILINE))
    ends = re.findall(r'^    (\w+) -\.?->?-?>?(?:\|"\w+"\|)? (\w+)$', drawn, re.MULTILINE)
    assert len(ends) == 14
    assert {end for pair in ends for end in pair} == boxes


def test_names_that_mermaid_cannot_tell_apart_get_a_number(tmp_path: Path) -> None:
    text = (
        GOOD.replace("alerts:", "a.b:", 1)
        .replace("rules: {schema", "a-b: {schema")
        .replace("stream: rules", "stream: a-b")
    )
    graph = load(tmp_path, text.replace("[bars, rules], outputs: [alerts]", "[bars, a-b], outputs: [a.b]"))
    assert len(set(re.findall(r"stream_a_b\w*", render(graph, "mermaid")))) == 2


def test_dot_shows_late_records_and_dashes_feedback(tmp_path: Path) -> None:
    assert '"operator:bars" -> "stream:late" [label="late"];' in render(load(tmp_path, GOOD), "dot")
    looped = render(load(tmp_path, LOOP), "dot")
    assert '"stream:fills" -> "operator:risk" [label="feedback", style=dashed, constraint=false];' in looped


def test_json_holds_every_declaration(tmp_path: Path) -> None:
    drawn = json.loads(render(load(tmp_path, GOOD), "json"))
    assert [operator["uid"] for operator in drawn["operators"]] == ["bars", "alerts"]
    assert drawn["operators"][0]["parameters"]["periods"] == [14]
    assert {"from": "operator:bars", "to": "stream:late", "kind": "late"} in drawn["edges"]
    assert len(drawn["streams"]) == 6


def test_one_job_is_drawn_without_the_others(tmp_path: Path) -> None:
    text = changed(
        "main: {operators: [bars, alerts]", "second: {operators: [bars]}\n  main: {operators: [bars, alerts]"
    )
    drawn = json.loads(render(load(tmp_path, text), "json", "second"))
    assert [operator["uid"] for operator in drawn["operators"]] == ["bars"]
    assert [source["name"] for source in drawn["sources"]] == ["ticks"]
    assert [stream["name"] for stream in drawn["streams"]] == ["prices", "bars", "late", "dead"]


def test_a_plan_says_what_would_run(tmp_path: Path) -> None:
    shown = planned(tmp_path, LOOP)
    assert "Job main on the paper engine" in shown
    assert "fills (feedback)" in shown
    assert "prices (re-keyed from symbol)" in shown
    assert "state: RiskState" in shown
    assert "in a drawer" in shown


def test_a_plan_says_which_input_of_an_operator_nothing_feeds(tmp_path: Path) -> None:
    text = changed("inputs: [bars, rules]", "inputs: [bars]").replace(
        " rules: {schema: Rule, key: symbol, partitions: 4,",
        " rules: {schema: Rule, key: symbol, partitions: 4, planned: true,",
    )
    shown = planned(tmp_path, text.replace("  rules: {uses: anything, stream: rules}\n", ""))
    assert "(nothing feeds Rule)" in shown
    assert "Planned streams (declared, not yet wired): rules" in shown

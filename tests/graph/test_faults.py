"""Every fault a graph can have: where it is shown, what it says, what it advises. One change to a good graph each."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from dataflow.errors import GraphFaults
from dataflow.load import load_graph
from tests.graph.loading import changed, faults, load
from tests.graph.small_catalog import CATALOG, GOOD, LOOP, BarParameters, Silent

CASES = {
    "an unknown operator": (
        "bar_builder", "bar_bulder",
        "14:23: operators.bars.uses: no operator is called 'bar_bulder' / did you mean 'bar_builder'?",
    ),
    "an unknown input stream": (
        "inputs: [prices]", "inputs: [price]",
        "14:45: operators.bars.inputs: no stream is called 'price' / did you mean 'prices'?",
    ),
    "an unknown late stream": (
        "late: late}", "late: lat}",
        "14:92: operators.bars.late: no stream is called 'lat' / did you mean 'late'?",
    ),
    "an unknown schema": (
        "schema: Alert,", "schema: Alarm,",
        "7:20: streams.alerts.schema: no schema is called 'Alarm' / did you mean 'Alert'?",
    ),
    "an unknown source connector": (
        "uses: feed", "uses: fed",
        "11:17: sources.ticks.uses: no source connector is called 'fed' / did you mean 'feed'?",
    ),
    "an unknown sink connector": (
        "uses: log", "uses: influx",
        "17:15: sinks.log.uses: no sink connector is called 'influx' / known: log, table",
    ),
    "a source of an unknown stream": (
        "stream: prices", "stream: pricess",
        "11:31: sources.ticks.stream: no stream is called 'pricess' / did you mean 'prices'?",
    ),
    "a sink of an unknown stream": (
        'streams: "*"', "streams: [bars, alerts, late, daed]",
        "17:50: sinks.log.streams: no stream is called 'daed' / did you mean 'dead'?",
    ),
    "a job of an unknown operator": (
        "operators: [bars, alerts]", "operators: [bras, alerts]",
        "19:22: jobs.main.operators: no operator is called 'bras' / did you mean 'bars'?",
    ),
    "a job of an unknown sink": (
        "sinks: [log]", "sinks: [logs]",
        "19:45: jobs.main.sinks: no sink is called 'logs' / did you mean 'log'?",
    ),
    "dead letters to an unknown stream": (
        "dead_letters: dead", "dead_letters: ded",
        "2:15: dead_letters: no stream is called 'ded' / did you mean 'dead'?",
    ),
    "a stream that holds nothing its consumer takes": (
        "inputs: [prices]", "inputs: [prices, rules]",
        "14:53: operators.bars.inputs: the stream 'rules' holds Rule, which bar_builder does not take / it takes Price",
    ),
    "an output stream that holds nothing the operator emits": (
        "outputs: [bars]", "outputs: [bars, rules]",
        "14:70: operators.bars.outputs: bar_builder emits nothing that the stream 'rules' holds (Rule) / it emits Bar",
    ),
    "a late stream of another schema": (
        "late: late}", "late: dead}",
        ("14:92: operators.bars.late: the stream 'dead' holds DeadLetter, and late records are LateEvent"
        " / name a stream with schema LateEvent"),
    ),
    "dead letters of another schema": (
        "dead_letters: dead", "dead_letters: late",
        ("2:15: dead_letters: the stream 'late' holds LateEvent, and dead letters are DeadLetter"
        " / name a stream with schema DeadLetter"),
    ),
    "a source that cannot fill its stream": (
        "uses: anything", "uses: feed, parameters: {folder: x}",
        "12:56: sources.rules.stream: the stream 'rules' holds Rule / feed reads Price",
    ),
    "a stream keyed by no key field": (
        "schema: Bar, key: symbol", "schema: Bar, key: symbl",
        "5:28: streams.bars.key: 'symbl' is no key field of Bar / did you mean 'symbol'?",
    ),
    "an operator with another key than it needs": (
        "outputs: [alerts], key: [symbol]", "outputs: [alerts], key: [symbol, account]",
        "15:82: operators.alerts.key: the key is [symbol, account] / alerter is keyed by [symbol]",
    ),
    "an input keyed otherwise": (
        "schema: Rule, key: symbol", "schema: Rule, key: account",
        ("15:49: operators.alerts.inputs: the stream 'rules' is keyed by 'account', the operator by 'symbol'"
        " / say `rekey: true` if that is meant"),
    ),
    "a needless rekey": (
        "late: late}", "late: late, rekey: true}",
        "14:105: operators.bars.rekey: every input is keyed by 'symbol' already / remove `rekey`",
    ),
    "a missing uid": (
        "uid: alerts, ", "",
        "15:5: operators[1].uid: is missing / give it a stable uid: checkpoints find its state by it",
    ),
    "an unknown parameter": (
        "late: late}", "late: late, parameters: {lenth_ms: 1000}}",
        "14:111: operators.bars.parameters.lenth_ms: there is no such parameter / did you mean 'length_ms'?",
    ),
    "a parameter where there are none": (
        "inputs: [bars, rules],", "inputs: [bars, rules], parameters: {x: 1},",
        "15:70: operators.alerts.parameters.x: there is no such parameter / it takes no parameters",
    ),
    "a parameter of the wrong type": (
        "late: late}", "late: late, parameters: {length_ms: soon}}",
        "14:122: operators.bars.parameters.length_ms: is 'soon' / write a whole number",
    ),
    "a number in quotes": (
        "late: late}", 'late: late, parameters: {length_ms: "2000"}}',
        "14:122: operators.bars.parameters.length_ms: is '2000' / write a whole number",
    ),
    "a parameter below its range": (
        "late: late}", "late: late, parameters: {length_ms: 999}}",
        "14:122: operators.bars.parameters.length_ms: is '999' / write at least 1000",
    ),
    "a parameter above its range": (
        "late: late}", "late: late, parameters: {length_ms: 3_600_001}}",
        "14:122: operators.bars.parameters.length_ms: is '3_600_001' / write at most 3600000",
    ),
    "an item of a list out of its range": (
        "late: late}", "late: late, parameters: {periods: [14, 1]}}",
        "14:125: operators.bars.parameters.periods: is '1' / write at least 2",
    ),
    "a single value for a list": (
        "late: late}", "late: late, parameters: {periods: 14}}",
        "14:120: operators.bars.parameters.periods: is '14' / write a list: [a, b]",
    ),
    "a parameter that is none of its choices": (
        "late: late}", "late: late, parameters: {basis: trade}}",
        "14:118: operators.bars.parameters.basis: is 'trade' / did you mean 'trades'?",
    ),
    "a number that is not finite": (
        "late: late}", "late: late, parameters: {weight: .inf}}",
        "14:119: operators.bars.parameters.weight: is '.inf' / write a number",
    ),
    "yes for a truth value": (
        "late: late}", "late: late, parameters: {partial: yes}}",
        "14:120: operators.bars.parameters.partial: is 'yes' / write true or false",
    ),
    "parameters that contradict each other": (
        "late: late}", "late: late, parameters: {partial: true, basis: quotes}}",
        ("14:11: operators.bars.parameters: bars of quotes cannot be partial"
        " / change the parameters so that they fit together"),
    ),
    "a connector without a parameter it needs": (
        "parameters: {folder: ticks}", "parameters: {}",
        ("11:3: sources.ticks.parameters.folder: is missing"
        " / write text; in quotes, if it looks like a number or true/false"),
    ),
    "an operator in no job": (
        "operators: [bars, alerts]", "operators: [bars]",
        "15:11: operators.alerts: the operator 'alerts' is in no job / list it under the operators of a job",
    ),
    "a sink in no job": (
        "sinks: [log]", "sinks: []",
        "17:3: sinks.log: the sink 'log' is in no job / list it under the sinks of a job",
    ),
    "a stream that nothing reads": (
        'streams: "*"', "streams: [alerts, dead]",
        "8:3: streams.late: no operator and no sink reads this stream / read it, or remove it",
    ),
    "a planned stream that is used": (
        "schema: Bar,", "planned: true, schema: Bar,",
        "5:3: streams.bars: is planned, and yet something uses it / remove `planned`",
    ),
    "no partitions": (
        "schema: Price, key: symbol, partitions: 4", "schema: Price, key: symbol, partitions: 0",
        "4:52: streams.prices.partitions: is '0' / write a whole number of at least 1",
    ),
    "a number beyond 64 bits": (
        "late: late}", "late: late, parameters: {length_ms: 9223372036854775808}}",
        "14:122: operators.bars.parameters.length_ms: is '9223372036854775808' / write a whole number",
    ),
    "a number with leading zeros, which YAML reads as octal": (
        "schema: Price, key: symbol, partitions: 4", "schema: Price, key: symbol, partitions: 010",
        "4:52: streams.prices.partitions: is '010' / write a whole number of at least 1",
    ),
    "an unknown compression": (
        "compression: lz4", "compression: lzma",
        "4:84: streams.prices.compression: is 'lzma' / choose one of none, lz4, snappy, zstd, gzip",
    ),
    "a retention without unit": (
        "retention: 24h", "retention: 24",
        ("4:66: streams.prices.retention: is '24' / write a whole number and a unit (ms, s, m, h, d, w, y),"
        " for example 24h"),
    ),
    "a retention of nothing": (
        "retention: 24h", "retention: 0d",
        "4:66: streams.prices.retention: is '0d' / write a duration of at least 1 ms",
    ),
    "a field that does not exist": (
        "compression: lz4", "compresion: lz4",
        "4:71: streams.prices.compresion: there is no such field / did you mean 'compression'?",
    ),
    "a misspelt field that must be there": (
        "schema: Price, key: symbol, partitions: 4", "schema: Price, key: symbol, partitons: 4",
        "4:40: streams.prices.partitons: there is no such field / did you mean 'partitions'?",
    ),
    "a top-level field that does not exist": (
        "version: 1", "version: 1\nverion: 2",
        "2:1: verion: there is no such field / did you mean 'version'?",
    ),
    "another version": ("version: 1", "version: 2", "1:10: version: is 2 / this release reads version 1"),
    "no version": ("version: 1\n", "", "1:1: version: is missing / write a whole number of at least 0"),
    "no dead letters": (
        "dead_letters: dead", "dead_letters:",
        "2:14: dead_letters: is empty / name the stream for input that cannot be read",
    ),
    "an input listed twice": (
        "inputs: [prices]", "inputs: [prices, prices]",
        "14:53: operators.bars.inputs: 'prices' is listed twice / keep one of them",
    ),
    "feedback that is no input": (
        "late: late}", "late: late, feedback: [bars]}",
        "14:109: operators.bars.feedback: 'bars' is none of its inputs / known: prices",
    ),
    "feedback that closes no cycle": (
        "late: late}", "late: late, feedback: [prices]}",
        ("14:109: operators.bars.feedback: the input 'prices' does not descend from this operator's output:"
        " it closes no cycle / remove it from `feedback`"),
    ),
    "a stream whose name is no name": (
        "\njobs:", "\n  ../log: {uses: log, streams: [bars]}\njobs:",
        "18:3: sinks.../log: '../log' is no name / use letters, digits, '-', '_' and '.'",
    ),
    "a stream that is no mapping": (
        "\nsources:", "\n  other: 5\nsources:",
        "10:10: streams.other: is '5' / write a mapping: `name: value`",
    ),
    "an operator that is no mapping": (
        "\nsinks:", "\n  - bars\nsinks:",
        "16:5: operators[2]: is 'bars' / write a mapping: `uid: …, uses: …`",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "fault"), CASES.values(), ids=CASES.keys())
def test_a_fault_is_shown_with_place_fact_and_remedy(tmp_path: Path, old: str, new: str, fault: str) -> None:
    assert fault in faults(tmp_path, changed(old, new))


class Strict(Silent):
    """Checks its parameters when it is made, as operators do."""

    def __init__(self, parameters: BarParameters) -> None:
        raise ValueError(f"weight is {parameters.weight}; it lies between 0 and 1")


ALONE = [name for name in CASES if name not in {
    "an unknown source connector", "a job of an unknown sink", "an output stream that holds nothing the operator emits",
    "dead letters of another schema", "a late stream of another schema", "a sink in no job",
    "a stream whose name is no name", "dead letters to an unknown stream", "no dead letters", "a missing uid",
    "a stream that is no mapping", "an operator with another key than it needs",
}]  # fmt: skip


@pytest.mark.parametrize("name", ALONE)
def test_one_mistake_is_one_fault(tmp_path: Path, name: str) -> None:
    old, new, fault = CASES[name]
    assert faults(tmp_path, changed(old, new)) == [fault]


def test_faults_are_printed_as_an_editor_reads_them(tmp_path: Path) -> None:
    with pytest.raises(GraphFaults) as caught:
        load(tmp_path, changed("bar_builder", "bar_bulder"))
    assert caught.value.lines() == (
        f"{tmp_path}/pipelines.yaml:14:23: operators.bars.uses: no operator is called 'bar_bulder'\n"
        "    did you mean 'bar_builder'?"
    )


def test_every_fault_is_shown_at_once_in_the_order_of_the_lines(tmp_path: Path) -> None:
    text = GOOD.replace("bar_builder", "bar_bulder").replace("lz4", "rar").replace("version: 1", "version: 3")
    found = faults(tmp_path, text.replace("[log]", "[lgo]"))
    assert [fault.partition(":")[0] for fault in found] == ["1", "4", "14", "19"]


def test_a_uid_that_is_taken_is_shown_at_the_second_operator(tmp_path: Path) -> None:
    fault = "15:11: operators.bars.uid: the uid 'bars' is taken by the operator on line 14"
    assert f"{fault} / give each operator a uid of its own" in faults(tmp_path, changed("uid: alerts", "uid: bars"))


def test_an_operator_out_of_reach_of_every_source_is_a_fault(tmp_path: Path) -> None:
    text = changed("  ticks: {uses: feed, stream: prices, out_of_orderness: 500ms, parameters: {folder: ticks}}\n", "")
    assert faults(tmp_path, text) == [
        "4:3: streams.prices: nothing writes this stream / feed it, remove it, or mark it `planned: true`",
        (
            "13:45: operators.bars.inputs: no source feeds this operator"
            " / read a stream that a source, or an operator fed by one, writes"
        ),
    ]


def test_an_emitted_type_without_a_stream_is_a_fault(tmp_path: Path) -> None:
    text = changed("uses: bar_builder", "uses: splitter")
    assert faults(tmp_path, text) == [
        "14:61: operators.bars.outputs: splitter emits Alert, and no output stream holds it / add alerts"
    ]


def test_an_emitted_type_with_two_streams_is_a_fault(tmp_path: Path) -> None:
    text = changed("uses: bar_builder", "uses: splitter").replace("schema: Bar,", "schema: [Bar, Alert],")
    found = faults(tmp_path, text.replace("outputs: [bars]", "outputs: [bars, alerts]"))
    assert (
        "14:67: operators.bars.outputs: both 'bars' and 'alerts' hold Alert: where does it go?"
        " / let one output stream hold each record type"
    ) in found


def test_an_undeclared_cycle_is_a_fault(tmp_path: Path) -> None:
    assert faults(tmp_path, changed(", feedback: [fills]", "", LOOP)) == [
        (
            "11:46: operators.risk.inputs: the stream 'fills' descends from this operator's own output:"
            " an undeclared cycle / if it is meant, list the input under `feedback: [fills]`"
        )
    ]


def test_a_stream_of_an_operator_back_into_itself_is_a_cycle(tmp_path: Path) -> None:
    text = changed("inputs: [orders], outputs: [fills]", "inputs: [orders, fills], outputs: [fills]", LOOP)
    found = faults(tmp_path, text)
    assert any("operators.execution.inputs: the stream 'fills' descends" in fault for fault in found)


def test_a_key_that_a_record_does_not_carry_is_a_fault(tmp_path: Path) -> None:
    lone = dataclasses.replace(CATALOG.operators["alerter"], key=("account",))
    catalog = dataclasses.replace(CATALOG, operators={**CATALOG.operators, "alerter": lone})
    (tmp_path / "pipelines.yaml").write_text(
        changed("[alerts], key: [symbol]", "[alerts], key: [account], rekey: true")
    )
    with pytest.raises(GraphFaults) as caught:
        load_graph(tmp_path / "pipelines.yaml", catalog)
    assert [fault.fact for fault in caught.value.faults] == [
        "alerter is keyed by 'account', which is no key field of Bar"
    ]


def test_an_operator_that_refuses_its_parameters_is_a_fault_at_the_parameter_it_names(tmp_path: Path) -> None:
    strict = dataclasses.replace(CATALOG.operators["bar_builder"], operator=Strict)
    catalog = dataclasses.replace(CATALOG, operators={**CATALOG.operators, "bar_builder": strict})
    (tmp_path / "pipelines.yaml").write_text(changed("late: late}", "late: late, parameters: {weight: 7}}"))
    with pytest.raises(GraphFaults) as caught:
        load_graph(tmp_path / "pipelines.yaml", catalog)
    assert [(fault.column, fault.place, fault.fact) for fault in caught.value.faults] == [
        (119, "operators.bars.parameters.weight", "weight is 7.0; it lies between 0 and 1")
    ]


def test_operators_as_a_mapping_are_told_to_be_a_list(tmp_path: Path) -> None:
    text = GOOD[: GOOD.index("operators:")] + "operators: {bars: {uses: bar_builder}}\njobs: {}\n"
    assert "13:12: operators: is a mapping / write a list: `- {uid: …, uses: …}`" in faults(tmp_path, text)

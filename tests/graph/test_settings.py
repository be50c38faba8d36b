"""Environments, variables and secrets."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dataflow.document.settings import is_secret_name, resolve, without_secrets
from dataflow.document.yaml_tree import Mapping, Scalar, read_tree
from dataflow.errors import TOP, FaultList
from dataflow.load import load_settings
from dataflow.render import render
from tests.graph.loading import changed, faults, load
from tests.graph.small_catalog import GOOD

FOLDER = "{folder: ticks}"
OVERLAY = """\
environments:
  small:
    streams:
      prices: {partitions: 1, compression: null}
    operators:
      - {uid: bars, parameters: {length_ms: 5000}}
    sources:
      ticks: {parameters: {folder: "${SMALL_FOLDER}"}}
  empty:
"""
TABLE = "\njobs:\n  main: {operators: [bars, alerts], sinks: [log, table]}\n"


def with_table(parameters: str) -> str:
    """The good graph with a sink that takes these parameters, on line 18."""
    table = f"\n  table: {{uses: table, streams: [bars], parameters: {parameters}}}"
    return GOOD[: GOOD.index("\njobs:")] + table + TABLE


def echoed(folder: Path, text: str, environment: str = "default", **variables: str) -> str:
    path = folder / "pipelines.yaml"
    path.write_text(text)
    return str(yaml.serialize(without_secrets(load_settings(path, environment, variables))))


def test_a_variable_is_replaced_by_its_value(tmp_path: Path) -> None:
    graph = load(
        tmp_path, changed(FOLDER, '{folder: "${HOME_OF_TICKS}/${DAY:1}"}'), variables={"HOME_OF_TICKS": "/ticks"}
    )
    assert graph.sources["ticks"].parameters["folder"] == "/ticks/1"


def test_a_variable_that_is_set_wins_over_its_default(tmp_path: Path) -> None:
    graph = load(tmp_path, changed(FOLDER, '{folder: "${A:b:c}"}'), variables={"A": "x"})
    assert graph.sources["ticks"].parameters["folder"] == "x"


def test_a_default_may_hold_a_colon(tmp_path: Path) -> None:
    graph = load(tmp_path, changed(FOLDER, '{folder: "${BROKER:localhost:9092}"}'))
    assert graph.sources["ticks"].parameters["folder"] == "localhost:9092"


def test_an_empty_variable_gives_the_default(tmp_path: Path) -> None:
    graph = load(tmp_path, changed(FOLDER, '{folder: "${A:b}"}'), variables={"A": ""})
    assert graph.sources["ticks"].parameters["folder"] == "b"


def test_a_value_from_a_variable_is_read_as_its_place_asks(tmp_path: Path) -> None:
    text = changed(FOLDER, '{folder: "${F:2026}", connections: "${C:7}"}').replace(
        "partitions: 4,", 'partitions: "${P:8}",'
    )
    graph = load(tmp_path, text)
    assert graph.sources["ticks"].parameters["folder"] == "2026"
    assert graph.sources["ticks"].parameters["connections"] == 7
    assert graph.streams["prices"].partitions == 8


def test_a_value_from_a_variable_that_does_not_fit_is_a_fault(tmp_path: Path) -> None:
    text = changed(FOLDER, '{folder: a, connections: "${C}"}')
    assert faults(tmp_path, text, variables={"C": "many"}) == [
        "11:101: sources.ticks.parameters.connections: is 'many' / write a whole number"
    ]


def test_a_variable_that_is_not_set_is_a_fault_at_its_line(tmp_path: Path) -> None:
    assert faults(tmp_path, changed(FOLDER, '{folder: "${NOWHERE}"}')) == [
        (
            "11:85: sources.ticks.parameters.folder: the environment variable NOWHERE is not set"
            " / set it, or give a default: ${NOWHERE:default}"
        )
    ]


def test_a_reference_that_does_not_end_is_a_fault(tmp_path: Path) -> None:
    found = faults(tmp_path, changed(FOLDER, '{folder: "${NOWHERE"}'))
    assert found[0].startswith("11:85: sources.ticks.parameters.folder: '${' begins no reference to a variable")


def test_two_dollars_stand_for_the_characters_themselves(tmp_path: Path) -> None:
    graph = load(tmp_path, changed(FOLDER, '{folder: "$${A} $5"}'))
    assert graph.sources["ticks"].parameters["folder"] == "${A} $5"


def test_an_environment_is_laid_over_the_document(tmp_path: Path) -> None:
    graph = load(tmp_path, GOOD + OVERLAY, "small", {"SMALL_FOLDER": "few"})
    assert graph.environment == "small"
    assert (graph.streams["prices"].partitions, graph.streams["prices"].compression) == (1, "none")
    assert graph.streams["bars"].partitions == 4
    assert graph.operators["bars"].parameters.length_ms == 5_000
    assert graph.operators["bars"].inputs == ("prices",)
    assert graph.sources["ticks"].parameters["folder"] == "few"


def test_without_an_environment_its_overlay_is_not_read(tmp_path: Path) -> None:
    graph = load(tmp_path, GOOD + OVERLAY)
    assert (graph.streams["prices"].partitions, graph.streams["prices"].compression) == (4, "lz4")


def test_an_empty_environment_changes_nothing(tmp_path: Path) -> None:
    assert load(tmp_path, GOOD + OVERLAY, "empty").streams == load(tmp_path, GOOD + OVERLAY).streams


def test_an_unknown_environment_is_a_fault(tmp_path: Path) -> None:
    assert faults(tmp_path, GOOD + OVERLAY, "smal") == [
        "20:1: environments: no environment is called 'smal' / did you mean 'small'?"
    ]


def test_a_fault_of_an_overlay_is_shown_in_the_overlay(tmp_path: Path) -> None:
    text = GOOD + OVERLAY.replace("partitions: 1", "partitions: none")
    assert faults(tmp_path, text, "small", {"SMALL_FOLDER": "few"}) == [
        "23:28: streams.prices.partitions: is 'none' / write a whole number of at least 1"
    ]


def test_an_environment_cannot_change_the_version(tmp_path: Path) -> None:
    assert faults(tmp_path, GOOD + "environments:\n  new: {version: 2}\n") == [
        "21:9: environments.new.version: an environment cannot change this / remove it"
    ]


def test_environments_that_are_no_mapping_are_a_fault(tmp_path: Path) -> None:
    assert faults(tmp_path, GOOD + "environments: [a]\n")[0].startswith("20:15: environments: is a list")


@pytest.mark.parametrize(
    "name",
    ["password", "CLICKHOUSE_PASSWORD", "db_passwd", "client_secret", "API_KEY", "apikey", "auth_token", "private_pem"],
)
def test_a_name_that_suggests_a_secret_is_one(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name", ["key", "routing_key", "symbol", "password_file", "secret_path", "TAPELINE_SEED", "monkey", "tokens_per_s"]
)
def test_a_name_that_does_not_is_none(name: str) -> None:
    assert not is_secret_name(name)


def test_a_secret_in_the_file_is_a_fault_that_does_not_show_it(tmp_path: Path) -> None:
    assert faults(tmp_path, with_table("{folder: a, password: hunter2}")) == [
        (
            "18:75: sinks.table.parameters.password: a secret stands in the file"
            " / take it from the environment: ${SINKS_TABLE_PASSWORD}"
        )
    ]


@pytest.mark.parametrize("value", ['"${PASSWORD:hunter2}"', '"x${PASSWORD:}"', '"12345"'])
def test_a_secret_in_a_default_or_beside_a_variable_is_a_fault(tmp_path: Path, value: str) -> None:
    found = faults(tmp_path, with_table(f"{{folder: a, password: {value}}}"))
    assert [fault.partition(" / ")[0] for fault in found] == [
        "18:75: sinks.table.parameters.password: a secret stands in the file"
    ]


def test_a_password_inside_an_address_is_a_fault(tmp_path: Path) -> None:
    found = faults(tmp_path, with_table('{folder: a, url: "http://user:hunter2@host/"}'))
    assert len(found) == 1
    assert "a secret stands in the file" in found[0]


def test_an_empty_secret_is_no_fault(tmp_path: Path) -> None:
    graph = load(tmp_path, with_table('{folder: a, password: "${PASSWORD:}"}'))
    assert graph.sinks["table"].parameters["password"] == ""


def test_a_secret_reaches_the_connector_and_no_drawing(tmp_path: Path) -> None:
    text = with_table('{folder: "${MY_TOKEN}", password: "${PASSWORD}", url: "${DATABASE}"}')
    variables = {"MY_TOKEN": "abc1", "PASSWORD": "hunter2", "DATABASE": "http://user:pass3@host/"}
    graph = load(tmp_path, text, variables=variables)
    assert graph.sinks["table"].parameters["password"] == "hunter2"
    drawn = render(graph, "json")
    assert [secret for secret in ("abc1", "hunter2", "pass3") if secret in drawn] == []
    assert "http://***@host/" in drawn


def test_a_fault_does_not_show_a_secret(tmp_path: Path) -> None:
    text = changed(FOLDER, '{folder: a, connections: "${TICKS_TOKEN}"}')
    assert faults(tmp_path, text, variables={"TICKS_TOKEN": "abc1"}) == [
        "11:101: sources.ticks.parameters.connections: is *** / write a whole number"
    ]


def test_echo_shows_the_resolved_document_without_secrets(tmp_path: Path) -> None:
    text = with_table('{folder: "${F:tables}", password: "${PASSWORD}", url: "${DATABASE}", connections: "${C:3}"}')
    shown = echoed(tmp_path, text, PASSWORD="hunter2", DATABASE="http://user:pass3@host/")
    parameters = yaml.safe_load(shown)["sinks"]["table"]["parameters"]
    assert parameters == {"folder": "tables", "password": "***", "url": "http://***@host/", "connections": 3}


def test_what_echo_prints_is_the_same_graph(tmp_path: Path) -> None:
    shown = echoed(tmp_path, GOOD + OVERLAY, "small", SMALL_FOLDER="few")
    again = load(tmp_path, shown)
    assert again.streams == load(tmp_path, GOOD + OVERLAY, "small", {"SMALL_FOLDER": "few"}).streams
    assert "environments" not in yaml.safe_load(shown)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C"])))
def test_echo_keeps_any_text(text: str) -> None:
    tree = Mapping(TOP, {"x": Scalar(TOP, text, "str", substituted=False)}, {"x": TOP})
    assert yaml.safe_load(yaml.serialize(without_secrets(tree))) == {"x": text}


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C"])))
def test_a_variable_may_hold_any_text(value: str) -> None:
    found = FaultList(Path("x"))
    tree = Mapping(TOP, {"x": Scalar(TOP, "<${V:}>", "str")}, {"x": TOP})
    resolved = resolve(tree, "default", {"V": value}, found)
    assert resolved.entries["x"] == Scalar(TOP, f"<{value}>", "str", substituted=True)
    assert found.found == []


def test_the_tree_is_read_once_and_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "pipelines.yaml"
    path.write_text(GOOD + OVERLAY)
    tree = read_tree(path)
    resolve(tree, "small", {"SMALL_FOLDER": "few"}, FaultList(path))
    assert tree == read_tree(path)

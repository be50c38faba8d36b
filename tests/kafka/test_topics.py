"""`tapeline topics plan|apply|check|list` on a real broker: nothing is silent, nothing is lost."""

from __future__ import annotations

import json

from dataflow.connectors.kafka.clients import open_admin
from dataflow.connectors.kafka.topics import check_topics, read_topics, topic_names
from dataflow.graph import KafkaSettings
from tests.kafka.small_pipelines import STREAMS, Terminal, rows

TOPICS = STREAMS + 1
"""And that of the turns."""


def partitions(settings: KafkaSettings, stream: str) -> int:
    name = settings.topic(stream)
    return read_topics(open_admin(settings), [name])[name].partitions


def config(settings: KafkaSettings, stream: str, setting: str) -> str:
    name = settings.topic(stream)
    return read_topics(open_admin(settings), [name])[name].config[setting]


def test_plan_says_what_is_missing_and_changes_nothing(terminal: Terminal) -> None:
    planned = terminal.run("topics", "plan")
    assert planned.exit_code == 0
    assert f"{TOPICS} topics declared, {TOPICS} differences at {terminal.settings.brokers}" in planned.output
    prefix = terminal.settings.prefix
    assert [prefix + "orders", "topic", "3", "partitions", "missing", "apply", "creates", "it"] in rows(planned)
    assert (
        f"apply would create {prefix}raw-market-data: 4 partitions, 1 copy, retention.ms=86400000,"
        " compression.type=lz4, min.insync.replicas=1, cleanup.policy=delete"
    ) in planned.output
    assert topic_names(open_admin(terminal.settings), prefix) == []


def test_check_is_for_scripts(terminal: Terminal) -> None:
    missing = terminal.run("topics", "check", "--json")
    terminal.run("topics", "apply")
    there = terminal.run("topics", "check", "--json")

    assert (missing.exit_code, there.exit_code) == (1, 0)
    assert {item["setting"] for item in json.loads(missing.output)} == {"topic"}
    assert json.loads(there.output) == []


def test_apply_creates_topics_as_they_are_declared(terminal: Terminal) -> None:
    applied = terminal.run("topics", "apply", "--application", "desk")
    settings = terminal.settings
    found = read_topics(open_admin(settings), topic_names(open_admin(settings), settings.prefix))

    assert applied.exit_code == 0
    assert applied.output.endswith(f"{TOPICS} topics declared, 0 differences at {settings.brokers}\n")
    assert {name.removeprefix(settings.prefix): topic.partitions for name, topic in found.items()} == {
        "raw-market-data": 4, "market-data": 2, "market-data-rejects": 1, "dead-letters": 1, "orders": 3,
        "tapeline-desk-turns": 1,
    }  # fmt: skip
    assert config(settings, "orders", "retention.ms") == str(365 * 86_400_000)
    assert config(settings, "dead-letters", "compression.type") == "zstd"
    assert config(settings, "orders", "compression.type") == "uncompressed"
    assert int(config(settings, "dead-letters", "max.message.bytes")) > int(
        config(settings, "orders", "max.message.bytes")
    )
    assert config(settings, "tapeline-desk-turns", "retention.ms") == str(7 * 86_400_000)


def test_a_second_apply_does_nothing(terminal: Terminal) -> None:
    terminal.run("topics", "apply")
    again = terminal.run("topics", "apply")
    assert (again.exit_code, len(again.output.splitlines())) == (0, 1)


def test_changed_settings_are_shown_and_set(terminal: Terminal) -> None:
    terminal.run("topics", "apply")
    terminal.change("retention: 24h, compression: lz4", "retention: 7d, compression: zstd, min_insync_replicas: 1")
    checked = terminal.run("topics", "check")
    applied = terminal.run("topics", "apply")

    name = terminal.settings.topic("raw-market-data")
    assert checked.exit_code == 1
    assert [name, "retention.ms", "7d", "1d", "apply", "sets", "it"] in rows(checked)
    assert [name, "compression.type", "zstd", "lz4", "apply", "sets", "it"] in rows(checked)
    assert applied.output.splitlines()[0] == f"set retention.ms=604800000, compression.type=zstd on {name}"
    assert applied.exit_code == 0
    assert config(terminal.settings, "raw-market-data", "retention.ms") == "604800000"


def test_a_topic_is_made_wider_only_when_it_is_named(terminal: Terminal) -> None:
    terminal.run("topics", "apply")
    terminal.change("partitions: 3", "partitions: 5")
    unasked = terminal.run("topics", "apply")
    before = partitions(terminal.settings, "orders")
    asked = terminal.run("topics", "apply", "--widen", "orders")

    name = terminal.settings.topic("orders")
    assert (unasked.exit_code, before) == (1, 3)
    assert [name, "partitions", "5", "3", "apply", "--widen", "widens", "it;", "keys", "move"] in rows(unasked)
    assert asked.output.splitlines()[:2] == [
        f"widen {name} to 5 partitions",
        "    keys move: what comes now of a key may lie in another partition than what came before",
    ]
    assert (asked.exit_code, partitions(terminal.settings, "orders")) == (0, 5)


def test_no_topic_is_made_narrower(terminal: Terminal) -> None:
    terminal.run("topics", "apply")
    terminal.change("partitions: 3", "partitions: 2")
    applied = terminal.run("topics", "apply")
    named = terminal.run("topics", "apply", "--widen", "orders")

    assert (applied.exit_code, named.exit_code) == (1, 1)
    assert "declare as many: no topic can be made narrower" in applied.output
    assert named.output == (
        "tapeline: --widen orders: the topic has as many partitions as declared, or more, or is missing\n"
    )
    assert partitions(terminal.settings, "orders") == 3


def test_widening_what_is_not_declared_is_a_fault_with_a_suggestion(terminal: Terminal) -> None:
    assert terminal.run("topics", "apply", "--widen", "order").output == (
        "tapeline: --widen order: no such topic is declared\n    did you mean 'orders'?\n"
    )


def test_more_copies_than_brokers_is_one_line_for_each_topic(terminal: Terminal) -> None:
    terminal.change("kafka:\n", "kafka:\n  replication: 3\n")
    applied = terminal.run("topics", "apply")
    faults = [text for text in applied.output.splitlines() if text.startswith("tapeline: cannot create the topic ")]
    assert (applied.exit_code, len(faults)) == (1, TOPICS)
    assert "The target replication factor of 3 cannot be reached because only 1 broker(s) are registered" in faults[0]


def test_another_number_of_copies_is_shown_and_left_to_kafkas_tools(terminal: Terminal) -> None:
    terminal.run("topics", "apply")
    terminal.change("kafka:\n", "kafka:\n  replication: 2\n")
    applied = terminal.run("topics", "apply")
    name = terminal.settings.topic("orders")
    assert applied.exit_code == 1
    assert [name, "replication", "2", "1", "Kafka's", "own", "tools", "add", "and", "remove", "copies"] in rows(applied)


def test_a_topic_that_nothing_declares_is_a_difference_under_a_prefix_and_never_deleted(terminal: Terminal) -> None:
    terminal.run("topics", "apply")
    terminal.change("  orders:", "  requests:")
    applied = terminal.run("topics", "apply")
    name = terminal.settings.topic("orders")
    assert applied.exit_code == 1
    assert [name, "topic", "nothing", "there", "declare", "it,"] in [row[:6] for row in rows(applied)]
    assert name in topic_names(open_admin(terminal.settings), terminal.settings.prefix)


def test_turns_of_other_applications_are_no_difference(terminal: Terminal) -> None:
    terminal.run("topics", "apply", "--application", "desk")
    terminal.run("topics", "apply", "--application", "other")
    assert terminal.run("topics", "check", "--application", "desk").exit_code == 0


def test_list_shows_topics_with_their_settings(terminal: Terminal) -> None:
    terminal.run("topics", "apply")
    name = terminal.settings.topic("market-data")
    listed = json.loads(terminal.run("topics", "list", "--json").output)
    assert [name, "0", "2", "1", "1", "30d", "snappy", "delete"] in rows(terminal.run("topics", "list"))
    assert {item["topic"]: item["partitions"] for item in listed}[name] == 2


def test_a_job_cannot_start_on_a_topic_that_is_missing_or_has_other_partitions(terminal: Terminal) -> None:
    settings, graph = terminal.settings, terminal.graph()
    orders = graph.streams["orders"]
    missing = check_topics(settings, [orders])
    terminal.run("topics", "apply")
    there = check_topics(settings, graph.streams.values())
    terminal.change("partitions: 3", "partitions: 5")
    narrow = check_topics(settings, [terminal.graph().streams["orders"]])
    terminal.change("partitions: 5", "partitions: 2")
    wide = check_topics(settings, [terminal.graph().streams["orders"]])

    name = settings.topic("orders")
    assert missing == [f"there is no topic {name}; `tapeline topics apply` makes it"]
    assert there == []
    assert narrow == [f"the topic {name} has 3 partitions, and 5 are declared; `tapeline topics apply --widen {name}`"]
    assert wide == [f"the topic {name} has 3 partitions, and 2 are declared; declare as many"]

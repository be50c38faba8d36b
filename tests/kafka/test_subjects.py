"""Schemas in a real registry: registered under <topic>-value, old data always readable, the field named where not."""

from __future__ import annotations

import copy
import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from typing import Any

import fastavro
import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from dataflow.connectors.kafka.registry import open_registry
from dataflow.connectors.kafka.subjects import (
    LEVEL,
    REGISTER,
    Subject,
    SubjectDifference,
    check_subjects,
    declared_subjects,
    differences,
    judged,
    read_subject,
    register,
    register_or_look_up,
    set_level,
)
from dataflow.connectors.kafka.values import ValueReader
from dataflow.graph import KafkaSettings, Stream
from dataflow.model import RecordType
from dataflow.ports import InputFault
from jobs.kafka_start import checked_schemas, opened_schemas
from jobs.schema_comparison import incompatibilities
from schemas.confluent import frame
from schemas.generated.events import RECORD_TYPES, OrderCancelRequested, PriceUpdated
from tests.kafka.small_pipelines import STREAMS, Terminal, rows

TYPES = {item.name: item for item in RECORD_TYPES}
PRICE = json.loads(TYPES["PriceUpdated"].schema_json)
NEW_FIELD: dict[str, Any] = {"name": "venue_group", "type": "string"}
PRICES = Stream("prices", (TYPES["PriceUpdated"],), "symbol", 1, 1, "none")


def changed_type(schema: Any) -> RecordType:
    return RecordType(schema["name"], 0, json.dumps(schema), ("symbol",))


def with_field(schema: Any, **more: Any) -> Any:
    """The schema of a later program."""
    later = copy.deepcopy(schema)
    later["fields"].append(NEW_FIELD | more)
    return later


def prices_of(schema: Any) -> Stream:
    return replace(PRICES, schemas=(changed_type(schema),))


def framed(schema_id: int, schema: Any, datum: Any) -> bytes:
    buffer = BytesIO(b"\0" + schema_id.to_bytes(4, "big"))
    buffer.seek(0, 2)
    fastavro.schemaless_writer(buffer, fastavro.parse_schema(schema), datum)
    return buffer.getvalue()


def read_as(registry: SchemaRegistryClient, reader: Any, message: bytes) -> Any:
    """As a consumer reads that none of our code is in: the writer's schema by its id, resolved to its own."""
    writer = json.loads(registry.get_schema(int.from_bytes(message[1:5], "big")).schema_str or "")
    return fastavro.schemaless_reader(
        BytesIO(message[5:]), fastavro.parse_schema(writer), fastavro.parse_schema(reader), return_record_name=True
    )


@pytest.fixture
def registry(cluster: KafkaSettings) -> Iterator[SchemaRegistryClient]:
    with open_registry(cluster) as found:
        yield found


def declared(cluster: KafkaSettings, stream: Stream) -> Subject:
    return declared_subjects([stream], cluster)["prices"]


def facts(subject: Subject, registry: SchemaRegistryClient) -> list[str]:
    return [item.fact for item in differences(subject, read_subject(registry, subject.name), incompatibilities)]


def test_schemas_are_registered_under_their_topics_and_guarded(terminal: Terminal) -> None:
    planned = terminal.run("schemas", "plan")
    applied = terminal.run("schemas", "apply")
    checked = terminal.run("schemas", "check")

    prefix, registry = terminal.settings.prefix, terminal.settings.registry
    assert (planned.exit_code, applied.exit_code, checked.exit_code) == (0, 0, 0)
    assert [f"{prefix}orders-value", "not", "registered", "apply", "registers", "it"] in rows(planned)
    assert f"apply would register {prefix}orders-value, BACKWARD_TRANSITIVE" in planned.output
    assert f"{STREAMS} subjects declared, {STREAMS} differences at {registry}" in planned.output
    assert checked.output == f"{STREAMS} subjects declared, 0 differences at {registry}\n"


def test_check_is_for_scripts(terminal: Terminal) -> None:
    missing = terminal.run("schemas", "check", "--json")
    assert missing.exit_code == 1
    assert {item["fact"] for item in json.loads(missing.output)} == {"not registered"}


def test_a_second_apply_does_nothing(terminal: Terminal) -> None:
    terminal.run("schemas", "apply")
    again = terminal.run("schemas", "apply")
    assert (again.exit_code, len(again.output.splitlines())) == (0, 1)


def test_list_shows_versions_keys_and_records(terminal: Terminal) -> None:
    terminal.run("schemas", "apply")
    listed = {item["subject"]: item for item in json.loads(terminal.run("schemas", "list", "--json").output)}
    orders = listed[f"{terminal.settings.prefix}orders-value"]
    assert (orders["versions"], orders["compatibility"], orders["key"]) == (1, LEVEL, "account")
    assert orders["records"] == ["OrderPlaced", "OrderCancelRequested"]


def test_a_subject_that_no_stream_has_is_a_difference_under_a_prefix(terminal: Terminal) -> None:
    terminal.run("schemas", "apply")
    terminal.change("  orders:", "  requests:")
    checked = terminal.run("schemas", "check")
    assert checked.exit_code == 1
    assert [f"{terminal.settings.prefix}orders-value", "is", "registered,"] in [row[:3] for row in rows(checked)]


def test_a_change_that_cannot_read_old_data_is_refused_and_names_the_field(
    cluster: KafkaSettings, registry: SchemaRegistryClient
) -> None:
    register(registry, declared(cluster, PRICES))
    broken = declared(cluster, prices_of(with_field(PRICE)))
    fact = "cannot read version 1: PriceUpdated.venue_group: added without a default"

    assert facts(broken, registry) == [fact]
    assert check_subjects(registry, {"prices": broken}, incompatibilities) == [f"{broken.name}: {fact}"]
    with pytest.raises(InputFault, match=r"PriceUpdated\.venue_group: added without a default"):
        register_or_look_up(registry, {"prices": broken}, incompatibilities)


def test_the_registry_itself_refuses_it_too(cluster: KafkaSettings, registry: SchemaRegistryClient) -> None:
    register(registry, declared(cluster, PRICES))
    with pytest.raises(InputFault, match=r"cannot register the schema of .*prices-value: .*[Ii]ncompatible"):
        register(registry, declared(cluster, prices_of(with_field(PRICE))))


def test_the_verdict_of_the_registry_counts_beside_ours(cluster: KafkaSettings, registry: SchemaRegistryClient) -> None:
    register(registry, declared(cluster, PRICES))
    broken, sound = (declared(cluster, prices_of(with_field(PRICE, **more))) for more in ({}, {"default": ""}))
    unseen = [SubjectDifference(broken.name, "has changed", "apply registers it", REGISTER)]
    assert [item.fact for item in judged(registry, broken, unseen)] == [
        "the registry says that it cannot read what is there"
    ]
    assert judged(registry, sound, unseen) == unseen


def test_every_old_version_counts_not_the_last_alone(cluster: KafkaSettings, registry: SchemaRegistryClient) -> None:
    first = with_field(PRICE, type="int", default=0)
    register(registry, declared(cluster, prices_of(first)))
    register(registry, declared(cluster, PRICES))
    back = declared(cluster, prices_of(with_field(PRICE, default="")))
    assert facts(back, registry) == [
        "cannot read version 1: PriceUpdated.venue_group: the type changed from int to string"
    ]


def test_another_key_is_another_topic(cluster: KafkaSettings, registry: SchemaRegistryClient) -> None:
    register(registry, declared(cluster, PRICES))
    rekeyed = declared(cluster, replace(PRICES, key="venue"))
    assert facts(rekeyed, registry) == ["is keyed by symbol, and by venue in pipelines.yaml"]


def test_a_record_taken_out_of_a_stream_is_refused_and_one_added_is_not(
    cluster: KafkaSettings, registry: SchemaRegistryClient
) -> None:
    both = replace(PRICES, schemas=(TYPES["OrderPlaced"], TYPES["OrderCancelRequested"]), key="account")
    register(registry, declared(cluster, both))
    more = declared(cluster, replace(both, schemas=(*both.schemas, TYPES["OrderReplaceRequested"])))
    fewer = declared(cluster, replace(both, schemas=both.schemas[:1]))

    assert facts(more, registry) == ["has changed since version 1; old data can be read"]
    assert facts(fewer, registry) == [
        "cannot read version 1: value: the type changed from record OrderCancelRequested to record OrderPlaced"
    ]


def test_a_subject_that_is_not_guarded_is_a_difference(cluster: KafkaSettings, registry: SchemaRegistryClient) -> None:
    subject = declared(cluster, PRICES)
    register(registry, subject)
    registry.set_compatibility(subject.name, "NONE")
    loose = facts(subject, registry)
    set_level(registry, subject.name)
    assert loose == ["asks for NONE, not BACKWARD_TRANSITIVE"]
    assert facts(subject, registry) == []


def test_a_level_that_somebody_sets_at_the_same_moment_is_set(
    registry: SchemaRegistryClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_compatibility = registry.set_compatibility
    name, answers = f"both-{uuid.uuid4().hex}-value", [SchemaRegistryError(409, 409, "A rule already exists.")]

    def slow(subject: str, level: str) -> object:
        found = set_compatibility(subject, level)
        if answers:
            raise answers.pop()
        return found

    registry.register_schema(name, Schema('"string"', "AVRO"))
    monkeypatch.setattr(registry, "set_compatibility", slow)
    set_level(registry, name)
    assert (registry.get_compatibility(name), answers) == ("BACKWARD_TRANSITIVE", [])


def test_an_older_program_is_told_that_a_newer_one_has_been_here(
    cluster: KafkaSettings, registry: SchemaRegistryClient
) -> None:
    old, new = declared(cluster, PRICES), declared(cluster, prices_of(with_field(PRICE, default="")))
    first = register(registry, old)
    register(registry, new)
    found = differences(old, read_subject(registry, old.name), incompatibilities)
    assert [(item.fact, item.note) for item in found] == [("is version 1 of 2: a newer program has been here", True)]
    assert register_or_look_up(registry, {"prices": old}, incompatibilities) == {"prices": first}


def test_what_is_missing_is_registered_and_guarded_when_a_run_starts(
    cluster: KafkaSettings, registry: SchemaRegistryClient
) -> None:
    subjects = declared_subjects([PRICES], cluster)
    ids = register_or_look_up(registry, subjects, incompatibilities)
    found = read_subject(registry, subjects["prices"].name)
    assert found is not None
    assert ([item.schema_id for item in found.versions], found.level) == ([ids["prices"]], LEVEL)
    assert register_or_look_up(registry, subjects, incompatibilities) == ids


def test_a_run_that_could_not_read_the_topic_does_not_start(
    terminal: Terminal, cluster: KafkaSettings, registry: SchemaRegistryClient
) -> None:
    terminal.run("topics", "apply")
    stream = terminal.graph().streams["market-data"]
    newer = replace(stream, schemas=(changed_type(with_field(PRICE, type="int", default=0)),))
    subject = declared_subjects([newer], cluster)["market-data"]
    register(registry, subject)
    other = replace(stream, schemas=(changed_type(with_field(PRICE, type="string", default="")),))
    checked_schemas(cluster, [stream]).close()
    fact = "cannot read version 1: PriceUpdated.venue_group: the type changed from int to string"
    with pytest.raises(InputFault, match=f"{subject.name}: {fact}"):
        checked_schemas(cluster, [other])


def test_an_older_consumer_reads_newer_data_and_the_newer_one_old_data(
    cluster: KafkaSettings, registry: SchemaRegistryClient
) -> None:
    newer = with_field(PRICE, default="none")
    old_id = register(registry, declared(cluster, PRICES))
    new_id = register(registry, declared(cluster, prices_of(newer)))
    record = PriceUpdated(symbol="AAPL", event_time_ns=7, bid_price_e8=18_745_000_000)
    old_data = frame(old_id, record)
    new_data = framed(new_id, newer, record.to_dict() | {"venue_group": "lit"})

    assert read_as(registry, PRICE, new_data) == read_as(registry, PRICE, old_data) == record.to_dict()
    assert read_as(registry, newer, old_data) == record.to_dict() | {"venue_group": "none"}
    assert read_as(registry, newer, new_data)["venue_group"] == "lit"


def test_the_same_holds_in_a_stream_of_several_records(cluster: KafkaSettings, registry: SchemaRegistryClient) -> None:
    older = [TYPES["OrderPlaced"], TYPES["OrderCancelRequested"]]
    cancel = with_field(json.loads(older[1].schema_json), default="none")
    old_stream = replace(PRICES, schemas=tuple(older), key="account")
    new_stream = replace(old_stream, schemas=(older[0], changed_type(cancel)))
    old_subject, new_subject = declared(cluster, old_stream), declared(cluster, new_stream)
    old_id, new_id = register(registry, old_subject), register(registry, new_subject)
    old_schema, new_schema = json.loads(old_subject.schema_json), json.loads(new_subject.schema_json)
    fields = OrderCancelRequested(account="A1", order_id="7").to_dict()
    name = "tapeline.OrderCancelRequested"
    old_data = framed(old_id, old_schema, (name, fields))
    new_data = framed(new_id, new_schema, (name, fields | {"venue_group": "lit"}))

    assert read_as(registry, old_schema, new_data) == (name, fields)
    assert read_as(registry, new_schema, old_data) == (name, fields | {"venue_group": "none"})
    assert ValueReader(lambda _: old_subject.schema_json).read(old_data) == ("OrderCancelRequested", fields)


def test_a_run_knows_the_schemas_of_its_streams_without_asking_again(terminal: Terminal) -> None:
    schemas = opened_schemas(terminal.settings, terminal.graph().streams.values())
    schemas.register()
    schemas.close()
    found = json.loads(schemas.schema(schemas.ids["market-data"]))
    assert (found["name"], found["tapeline.key"]) == ("PriceUpdated", "symbol")
    assert len(set(schemas.ids.values())) == STREAMS

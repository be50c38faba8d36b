"""What the Schema Registry knows of the streams' values: subjects declared, subjects there, and ids of schemas.

Theory of operation. A stream's subject is `<topic>-value`; its schema is the record's, or the union of its records in
their declared order. Each record of it says in `tapeline.key` which field the stream is keyed by, so that a topic keyed
by another field is another schema. A change must let new readers read all old data (BACKWARD_TRANSITIVE): the registry
checks it, and so do we, since we name the field. How two schemas compare is given from outside (`Comparison`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from dataflow.connectors.kafka.registry import as_registry_faults
from dataflow.connectors.kafka.value_schemas import key_of, value_schema
from dataflow.graph import KafkaSettings, Stream
from dataflow.ports import InputFault

Comparison = Callable[[str, str], list[str]]
"""(schema that data was written with, schema to read them with) → why that fails, a line for each field."""

LEVEL: Final = "BACKWARD_TRANSITIVE"
AVRO: Final = "AVRO"
UNKNOWN: Final = 404
IN_THE_MIDDLE: Final = 409
"""Somebody sets the subject's first level at the same moment: another job, or we, whom a slow registry has not answered
in time and whose client asked again. Then it is there, and can be set."""

REGISTER, SET_LEVEL, NOTHING = "register", "set level", ""


@dataclass(frozen=True)
class Subject:
    """What a stream asks the registry to know."""

    name: str
    stream: str
    key: str
    schema_json: str


@dataclass(frozen=True)
class Version:
    number: int
    """From 1, within its subject."""
    schema_id: int
    schema_json: str
    kind: str = AVRO


@dataclass(frozen=True)
class Registered:
    """What the registry knows under a subject."""

    versions: tuple[Version, ...]
    level: str
    """Compatibility it asks for; empty: the registry's default."""


@dataclass(frozen=True)
class SubjectDifference:
    """One thing that is not as declared."""

    subject: str
    fact: str
    remedy: str
    mended_by: str = NOTHING
    """REGISTER, SET_LEVEL, or NOTHING that is done here."""
    note: bool = False
    """Worth knowing, and no fault."""


def declared_subjects(streams: Iterable[Stream], settings: KafkaSettings) -> dict[str, Subject]:
    """By name of the stream."""
    return {
        stream.name: Subject(settings.subject(stream.name), stream.name, stream.key, value_schema(stream))
        for stream in streams
    }


def read_subject(registry: SchemaRegistryClient, name: str) -> Registered | None:
    """All versions of a subject; None where there is none. Raises InputFault."""
    with as_registry_faults(f"read the subject {name}"):
        numbers = _or_none(lambda: registry.get_versions(name))
        if numbers is None:
            return None
        level = _or_none(lambda: registry.get_compatibility(name)) or ""
        found = [registry.get_version(name, number) for number in numbers]
    versions = [
        Version(item.version or 0, item.schema_id or 0, item.schema.schema_str or "", item.schema.schema_type or AVRO)
        for item in found
    ]
    return Registered(tuple(versions), level)


def _or_none(call: Callable[[], Any]) -> Any:
    """What the registry answers; None where it knows no such thing."""
    try:
        return call()
    except SchemaRegistryError as error:
        if error.http_status_code != UNKNOWN:
            raise
        return None


def look_up(registry: SchemaRegistryClient, subject: Subject) -> int | None:
    """The id of exactly this schema under its subject. Raises InputFault."""
    with as_registry_faults(f"look up the schema of {subject.name}"):
        found = _or_none(lambda: registry.lookup_schema(subject.name, Schema(subject.schema_json, AVRO)))
    return None if found is None else int(found.schema_id)


def differences(subject: Subject, registered: Registered | None, compare: Comparison) -> list[SubjectDifference]:
    """What of a subject is not as declared. A schema that cannot read what is there says each field."""
    name = subject.name
    if registered is None:
        return [SubjectDifference(name, "not registered", "apply registers it", REGISTER)]
    found = []
    if registered.level != LEVEL:
        fact = f"asks for {registered.level or 'the default of the registry'}, not {LEVEL}"
        found.append(SubjectDifference(name, fact, "apply sets it", SET_LEVEL))
    same = [item for item in registered.versions if _equal(item.schema_json, subject.schema_json)]
    if same:
        if same[-1] != registered.versions[-1]:
            fact = f"is version {same[-1].number} of {len(registered.versions)}: a newer program has been here"
            found.append(SubjectDifference(name, fact, "update this program", note=True))
        return found
    faults = _faults(subject, registered, compare)
    if faults:
        return found + [SubjectDifference(name, fact, "undo it, or give the stream another name") for fact in faults]
    fact = f"has changed since version {registered.versions[-1].number}; old data can be read"
    return [*found, SubjectDifference(name, fact, "apply registers it", REGISTER)]


def _equal(one: str, other: str) -> bool:
    return one == other or json.loads(one) == json.loads(other)


def _faults(subject: Subject, registered: Registered, compare: Comparison) -> list[str]:
    """Why the declared schema cannot follow those that are there, oldest version first, each reason once."""
    found: dict[str, str] = {}
    for version in registered.versions:
        if version.kind != AVRO:
            found["kind"] = f"version {version.number} is a schema of {version.kind}, not of Avro"
            continue
        for fact in compare(version.schema_json, subject.schema_json):
            found.setdefault(fact, f"cannot read version {version.number}: {fact}")
    latest = registered.versions[-1]
    key = key_of(latest.schema_json) if latest.kind == AVRO else ""
    if key and key != subject.key:
        found["key"] = f"is keyed by {key}, and by {subject.key} in pipelines.yaml"
    return list(found.values())


def judged(registry: SchemaRegistryClient, subject: Subject, found: list[SubjectDifference]) -> list[SubjectDifference]:
    """The same after the registry's own verdict on a schema that would be registered. Raises InputFault."""
    if not any(item.mended_by == REGISTER for item in found):
        return found
    with as_registry_faults(f"have the registry check {subject.name}"):
        accepted = _or_none(lambda: registry.test_compatibility(subject.name, Schema(subject.schema_json, AVRO)))
    if accepted in (True, None):
        return found
    refused = SubjectDifference(subject.name, "the registry says that it cannot read what is there", "undo it")
    return [refused if item.mended_by == REGISTER else item for item in found]


def register(registry: SchemaRegistryClient, subject: Subject) -> int:
    """Register the schema, and ask for compatibility first. Returns its id. Raises InputFault."""
    set_level(registry, subject.name)
    with as_registry_faults(f"register the schema of {subject.name}"):
        return registry.register_schema(subject.name, Schema(subject.schema_json, AVRO))


def set_level(registry: SchemaRegistryClient, name: str) -> None:
    """Have the registry refuse what cannot read all old data. Raises InputFault."""
    with as_registry_faults(f"set the compatibility of {name}"):
        try:
            registry.set_compatibility(name, LEVEL)
        except SchemaRegistryError as error:
            if error.http_status_code != IN_THE_MIDDLE:
                raise
            registry.set_compatibility(name, LEVEL)


def subject_names(registry: SchemaRegistryClient, prefix: str) -> list[str]:
    with as_registry_faults("list the subjects"):
        return sorted(name for name in registry.get_subjects() if name.startswith(prefix))


def check_subjects(registry: SchemaRegistryClient, subjects: dict[str, Subject], compare: Comparison) -> list[str]:
    """Why a job cannot start with these schemas, a line each; none where it can. What is only missing is no fault:
    `register_or_look_up` registers it. Raises InputFault."""
    lines = []
    for subject in subjects.values():
        if look_up(registry, subject) is None:
            registered = read_subject(registry, subject.name)
            faults = [] if registered is None else _faults(subject, registered, compare)
            lines += [f"{subject.name}: {fault}" for fault in faults]
    return lines


def register_or_look_up(
    registry: SchemaRegistryClient, subjects: dict[str, Subject], compare: Comparison
) -> dict[str, int]:
    """The schema id of each stream; what is missing is registered, if it can read what is there. Raises InputFault."""
    ids = {}
    for stream, subject in subjects.items():
        known = look_up(registry, subject)
        if known is None:
            faults = check_subjects(registry, {stream: subject}, compare)
            if faults:
                raise InputFault("\n".join(faults))
            known = register(registry, subject)
        ids[stream] = known
    return ids

"""The section `kafka` of a document: where the cluster and the Schema Registry are, and how to get in."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from dataflow.document.section import Section, integer_of
from dataflow.document.yaml_tree import Mapping, Scalar
from dataflow.graph import KafkaSecurity, KafkaSettings

PROTOCOLS: Final = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS: Final = ("SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN")
BROKER: Final = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})")
PORT_MAX: Final = 65_535
URL: Final = re.compile(r"https?://[^\s/,]+[^\s,]*")
PREFIX: Final = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9._-]{0,99})?")
TOPIC_CHARACTERS_MAX: Final = 249
BROKERS_REMEDY: Final = "write host:port, several separated by commas, for example broker1:9092,broker2:9092"
REGISTRY_REMEDY: Final = "write the URL of a Schema Registry, for example http://localhost:8081"
FILES: Final = ("ca", "certificate", "key")


def are_brokers(text: str) -> bool:
    """Whether this is host:port, or several separated by commas."""
    matches = [BROKER.fullmatch(part.strip()) for part in text.split(",")]
    return all(match is not None and 0 < int(match[1]) <= PORT_MAX for match in matches)


def is_registry(text: str) -> bool:
    """Whether this is a URL of a registry, or several separated by commas: then each is a copy of the others."""
    return all(URL.fullmatch(part.strip()) is not None for part in text.split(","))


def read_kafka(part: Section) -> KafkaSettings:
    """Adds a fault for everything that does not fit; without a section, there is no cluster."""
    brokers, registry, prefix = (part.text(name) or "" for name in ("brokers", "registry", "prefix"))
    if brokers and not are_brokers(brokers):
        part.wrong("brokers", part.node.entries["brokers"], BROKERS_REMEDY)
    if registry and not is_registry(registry):
        part.faults.add(part.mark("registry"), part.inside("registry"), "is no URL", REGISTRY_REMEDY)
    if not PREFIX.fullmatch(prefix):
        remedy = "use letters, digits, '-', '_' and '.', at most 100 of them"
        part.wrong("prefix", part.node.entries["prefix"], remedy)
    found = KafkaSettings(
        brokers=brokers,
        registry=registry,
        security=_security(part.section("security")),
        replication=part.integer("replication", 1, 1),
        prefix=prefix,
    )
    part.finish()
    return found


def _security(part: Section) -> KafkaSecurity:
    found = KafkaSecurity(
        protocol=part.choice("protocol", PROTOCOLS, KafkaSecurity.protocol),
        mechanism=part.choice("mechanism", MECHANISMS, KafkaSecurity.mechanism),
        user=part.text("user") or "",
        password=part.text("password") or "",
        **{name: _file(part, name) for name in FILES},
    )
    part.finish()
    _check_login(part, found)
    _check_encryption(part, found)
    return found


def _file(part: Section, name: str) -> str:
    """Relative paths start from the file that says them."""
    text = part.text(name)
    return str(part.faults.path.parent / Path(text).expanduser()) if text else ""


def _check_login(part: Section, found: KafkaSecurity) -> None:
    logs_in = found.protocol.startswith("SASL")
    for name, value in (("user", found.user), ("password", found.password)):
        if logs_in and not value:
            remedy = "take it from the environment: ${NAME}" if name == "password" else "name the user to log in as"
            part.faults.add(part.mark(name), part.inside(name), f"is missing: {found.protocol} logs in", remedy)
        if value and not logs_in:
            fact = f"is given, but the protocol {found.protocol} logs nobody in"
            part.faults.add(part.mark(name), part.inside(name), fact, "choose SASL_SSL, or remove it")


def _check_encryption(part: Section, found: KafkaSecurity) -> None:
    if not found.protocol.endswith("SSL"):
        for name in FILES:
            if getattr(found, name):
                fact = f"is given, but the protocol {found.protocol} does not encrypt"
                part.faults.add(part.mark(name), part.inside(name), fact, "choose SSL or SASL_SSL, or remove it")
    if bool(found.certificate) != bool(found.key):
        given, missing = ("certificate", "key") if found.certificate else ("key", "certificate")
        fact = f"is missing, while the {given} is there"
        part.faults.add(part.mark(missing), part.inside(missing), fact, "a certificate and its private key go together")


def check_streams(streams: Section, kafka: KafkaSettings) -> None:
    """What Kafka would refuse of a stream: more copies to wait for than there are, or a name that is too long."""
    for name, node in streams.node.entries.items():
        wanted = node.entries.get("min_insync_replicas") if isinstance(node, Mapping) else None
        count = integer_of(wanted) if isinstance(wanted, Scalar) else None
        if wanted is not None and count is not None and count > kafka.replication:
            place = f"{streams.inside(name)}.min_insync_replicas"
            fact = f"is {count}, and topics have {kafka.replication} {'copy' if kafka.replication == 1 else 'copies'}"
            streams.faults.add(wanted.mark, place, fact, "raise kafka.replication, or lower this")
        length = len(kafka.topic(name))
        if length > TOPIC_CHARACTERS_MAX:
            fact = f"its topic, prefix included, has {length} characters, and Kafka takes {TOPIC_CHARACTERS_MAX}"
            streams.faults.add(streams.node.keys[name], streams.inside(name), fact, "choose a shorter name or prefix")

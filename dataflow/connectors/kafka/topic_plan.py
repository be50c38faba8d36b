"""Topics as pipelines.yaml declares them, against those that are there: what differs, and what can be mended.

Nothing is ever deleted or made smaller. Widening a topic is asked for by name: a key's records then go to another
partition than those before, so that their order is lost once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Final

from dataflow.graph import KafkaSettings, Stream

DAY_MS: Final = 86_400_000
TURNS_RETENTION_MS: Final = 7 * DAY_MS
LETTER_BYTES_MAX: Final = 2 << 20
"""A dead letter holds a message whole, which may be as large as Kafka's default limit, and says why."""
RETENTION: Final = "retention.ms"
MESSAGE_BYTES: Final = "max.message.bytes"
COMPRESSIONS: Final = {"none": "uncompressed"}
"""Our word → Kafka's, where they differ."""

CREATE, ALTER, WIDEN, NOTHING = "create", "alter", "widen", ""


@dataclass(frozen=True)
class Topic:
    name: str
    partitions: int
    replication: int
    config: dict[str, str] = field(default_factory=dict)
    """Settings by Kafka's names: of a declared topic those that count, of one in the cluster all."""


@dataclass(frozen=True)
class Difference:
    """One thing that is not as declared."""

    topic: str
    setting: str
    """topic (it is there or not), partitions, replication, or a setting by Kafka's name."""
    declared: str
    present: str
    mended_by: str = NOTHING
    """CREATE, ALTER, WIDEN, or NOTHING that is done here."""
    foreign: bool = False
    """A topic that may be somebody else's: shown, but no fault."""


@dataclass(frozen=True)
class Change:
    """One step towards what is declared."""

    action: str
    """CREATE, ALTER or WIDEN."""
    topic: Topic
    """As declared."""
    config: dict[str, str] = field(default_factory=dict)
    """Settings to set on a topic that is there."""

    def __str__(self) -> str:
        topic = self.topic
        if self.action == CREATE:
            copies = f"{topic.replication} {'copy' if topic.replication == 1 else 'copies'}"
            return f"create {topic.name}: {counted(topic.partitions)}, {copies}, {_listed(topic.config)}"
        if self.action == WIDEN:
            return f"widen {topic.name} to {counted(topic.partitions)}"
        return f"set {_listed(self.config)} on {topic.name}"


def counted(partitions: int) -> str:
    return f"{partitions} partition{'' if partitions == 1 else 's'}"


def _listed(config: dict[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in config.items())


def declared_topics(
    streams: Iterable[Stream], settings: KafkaSettings, dead_letters: str, application: str = ""
) -> dict[str, Topic]:
    """Every stream's topic by name, and that in which the application keeps its turns, if one is named."""
    found = [_topic(stream, settings, stream.name == dead_letters) for stream in streams]
    if application:
        found.append(_turns(settings, application))
    return {topic.name: topic for topic in found}


def _topic(stream: Stream, settings: KafkaSettings, is_letters: bool) -> Topic:
    config = {
        RETENTION: str(stream.retention_ms),
        "compression.type": COMPRESSIONS.get(stream.compression, stream.compression),
        "min.insync.replicas": str(stream.min_insync_replicas),
        "cleanup.policy": "delete",
    }
    if is_letters:
        config[MESSAGE_BYTES] = str(LETTER_BYTES_MAX)
    return Topic(settings.topic(stream.name), stream.partitions, settings.replication, config)


def _turns(settings: KafkaSettings, application: str) -> Topic:
    config = {
        RETENTION: str(TURNS_RETENTION_MS),
        "min.insync.replicas": str(max(1, settings.replication - 1)),
        "cleanup.policy": "delete",
    }
    return Topic(settings.turns_topic(application), 1, settings.replication, config)


def differences(declared: dict[str, Topic], present: dict[str, Topic]) -> list[Difference]:
    """What of the declared topics is not as declared."""
    found: list[Difference] = []
    for name, topic in declared.items():
        if name in present:
            found += _compared(topic, present[name])
        else:
            found.append(Difference(name, "topic", counted(topic.partitions), "missing", CREATE))
    return found


def _compared(declared: Topic, present: Topic) -> list[Difference]:
    name = declared.name
    found = []
    if declared.partitions != present.partitions:
        mended_by = WIDEN if declared.partitions > present.partitions else NOTHING
        found.append(Difference(name, "partitions", str(declared.partitions), str(present.partitions), mended_by))
    if declared.replication != present.replication:
        found.append(Difference(name, "replication", str(declared.replication), str(present.replication)))
    for setting, value in declared.config.items():
        if present.config.get(setting) != value:
            found.append(Difference(name, setting, value, present.config.get(setting, ""), ALTER))
    return found


def undeclared(names: Iterable[str], declared: Collection[str], settings: KafkaSettings) -> list[Difference]:
    """Topics that nothing declares. Without a prefix they may be another program's, and are no fault. What running
    applications keep their turns in is never one."""
    start, end = settings.turns_topic("\0").split("\0")
    strange = [name for name in names if name not in declared and not (name.startswith(start) and name.endswith(end))]
    return [Difference(name, "topic", "nothing", "there", foreign=not settings.prefix) for name in strange]


def changes(
    declared: dict[str, Topic], found: Iterable[Difference], widened: Collection[str] = frozenset()
) -> list[Change]:
    """The steps that mend these differences; topics are made wider only if they are in `widened`."""
    missing = list(found)
    steps = [Change(CREATE, declared[item.topic]) for item in missing if item.mended_by == CREATE]
    steps += [
        Change(WIDEN, declared[item.topic]) for item in missing if item.mended_by == WIDEN and item.topic in widened
    ]
    settings: dict[str, dict[str, str]] = {}
    for item in missing:
        if item.mended_by == ALTER:
            settings.setdefault(item.topic, {})[item.setting] = item.declared
    return steps + [Change(ALTER, declared[name], config) for name, config in settings.items()]


def widened_by(steps: Iterable[Change]) -> set[str]:
    """Topics that these steps make wider."""
    return {step.topic.name for step in steps if step.action == WIDEN}

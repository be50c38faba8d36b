"""`tapeline dlq`: what could not be read, why, and once more after a fix."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click
from librt.strings import BytesWriter
from rich.box import SIMPLE
from rich.table import Table

from dataflow.connectors.kafka.clients import open_admin
from dataflow.connectors.kafka.replay import Letter, Original, Originals, Replay
from dataflow.connectors.kafka.topic_tail import TopicTail
from dataflow.connectors.kafka.topics import read_topics
from dataflow.connectors.log.reader import LogReader
from dataflow.engines.embedded.outbox import hexadecimal
from dataflow.graph import Graph, KafkaSettings
from dataflow.load import load_graph
from dataflow.ports import InputFault
from dataflow.storage import DirectoryStorage
from jobs.catalog import catalog
from jobs.kafka_options import kafka_options, kafka_settings, need_brokers
from jobs.plain_values import iso_time, plain
from jobs.record_lines import console
from schemas.generated.events import DEAD_LETTER, DeadLetter

FRAME_BYTES: Final = 5
TOMBSTONE: Final = "Tombstone"
SHOWN_BYTES: Final = 512
ROW_BYTES: Final = 16
NEWEST: Final = 20


@dataclass(frozen=True)
class Wanted:
    """Which letters."""

    ids: tuple[str, ...]
    """First digits of their event ids; none: all."""
    source: str
    error: str

    def takes(self, letter: DeadLetter) -> bool:
        if self.ids and not event_id(letter).startswith(self.ids):
            return False
        return self.source in ("", letter.source) and self.error in ("", letter.error)


def event_id(letter: DeadLetter) -> str:
    """32 hexadecimal digits, as in the message's header."""
    return hexadecimal(BytesWriter(), letter.event_id_hi, letter.event_id_lo)


@click.group()
def dlq() -> None:
    """Dead letters: what could not be read, and why."""


def dlq_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Where letters are, and which."""
    options = (
        click.option("--pipelines", type=click.Path(path_type=Path), default=Path("pipelines.yaml"), show_default=True),
        click.option(
            "--environment", default="default", envvar="TAPELINE_ENVIRONMENT", help="Overlay of pipelines.yaml."
        ),
        click.option(
            "--data", type=click.Path(path_type=Path), help="Those of the local topic logs in this directory."
        ),
        click.option("--source", default="", help="Of this source only."),
        click.option("--error", default="", help="With this class of error only."),
    )
    for option in reversed(options):
        command = option(command)
    return kafka_options(command)


@dlq.command("list")
@dlq_options
@click.option("--json", "as_json", is_flag=True, help="Every letter, a line of JSON each.")
def list_letters(as_json: bool, source: str, error: str, **where: Any) -> None:
    """How many letters there are of which kind, and the newest."""
    letters = [letter for letter in _letters(**where) if Wanted((), source, error).takes(letter)]
    if as_json:
        for letter in letters:
            click.echo(json.dumps(_told(letter)))
        return
    counts = Counter((letter.source, letter.operator_uid, letter.error) for letter in letters)
    table = Table("source", "operator", "error", "letters", box=SIMPLE, show_edge=False, pad_edge=False)
    for kind, count in counts.most_common():
        table.add_row(*kind, f"{count:,}")
    console().print(table if counts else "no dead letters")
    if letters:
        _print_newest(letters)


def _print_newest(letters: list[DeadLetter]) -> None:
    table = Table("id", "from", "error", "message", box=SIMPLE, show_edge=False, pad_edge=False, title="Newest")
    for letter in letters[-NEWEST:]:
        table.add_row(event_id(letter), letter.place, letter.error, letter.message)
    console().print(table)


@dlq.command()
@click.argument("identity", metavar="ID")
@dlq_options
def show(identity: str, source: str, error: str, **where: Any) -> None:
    """One letter, whole. ID is its event id, or the first digits of it."""
    for letter in _found((identity,), source, error, where):
        for name, value in _told(letter).items():
            if name != "raw":
                click.echo(f"{name:14} {value}")
        click.echo(f"{'bytes':14} {len(letter.raw):,}")
        for line in dump(letter.raw[:SHOWN_BYTES]):
            click.echo(f"  {line}")
        if len(letter.raw) > SHOWN_BYTES:
            click.echo(f"  … {len(letter.raw) - SHOWN_BYTES:,} more: `tapeline dlq export` has them all")


@dlq.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@dlq_options
def export(file: Path, source: str, error: str, **where: Any) -> None:
    """Write letters to FILE, a line of JSON each, the message's bytes in base 64."""
    letters = _found((), source, error, where)
    with file.open("w") as out:
        out.writelines(json.dumps(_told(letter)) + "\n" for letter in letters)
    click.echo(f"{len(letters):,} letters in {file}")


@dlq.command()
@click.argument("identities", metavar="[ID]...", nargs=-1)
@dlq_options
@click.option("--again", is_flag=True, help="Also those that were sent before.")
def replay(identities: tuple[str, ...], again: bool, source: str, error: str, **where: Any) -> None:
    """Send letters' messages once more to where they came from: the original bytes and key, each once."""
    _, settings = _graph(**where)
    need_brokers(settings)
    chosen = _found(identities, source, error, where)
    work = Replay(settings)
    fresh = [letter for letter in chosen if again or event_id(letter) not in work.done]
    ready: list[Original] = []
    with closing(Originals(settings)) as originals:
        for letter in fresh:
            _prepare(letter, originals, ready)
    work.send(ready)
    click.echo(f"{len(ready):,} sent, {len(chosen) - len(fresh):,} had been sent before")
    if len(ready) < len(fresh):
        raise InputFault(f"{len(fresh) - len(ready):,} letters could not be sent, see above")


def _prepare(letter: DeadLetter, originals: Originals, ready: list[Original]) -> None:
    try:
        ready.append(originals.read(_of_kafka(letter)))
    except InputFault as fault:
        click.echo(f"{event_id(letter)}: {fault}", err=True)


def _of_kafka(letter: DeadLetter) -> Letter:
    topic, _, rest = letter.place.rpartition("/")
    topic, _, partition = topic.rpartition("/")
    if not topic or not partition.isdecimal() or not rest.isdecimal():
        raise InputFault(f"it came from {letter.place}, which is no place in Kafka")
    raw = None if letter.error == TOMBSTONE else letter.raw
    return Letter(event_id(letter), topic, int(partition), int(rest), raw)


def _found(ids: tuple[str, ...], source: str, error: str, where: dict[str, Any]) -> list[DeadLetter]:
    """The letters asked for. Raises InputFault where one is named that is not there."""
    letters = list(_letters(**where))
    for name in ids:
        if not any(event_id(letter).startswith(name) for letter in letters):
            raise InputFault(f"there is no dead letter {name}\n    `tapeline dlq list` shows those there are")
    wanted = Wanted(ids, source, error)
    return [letter for letter in letters if wanted.takes(letter)]


def _graph(
    pipelines: Path, environment: str, kafka: str | None, registry: str | None, **_: Any
) -> tuple[Graph, KafkaSettings]:
    graph = load_graph(pipelines, catalog(), environment)
    return graph, kafka_settings(graph, kafka, registry)


def _letters(data: Path | None, **where: Any) -> Iterator[DeadLetter]:
    """All there are: of the cluster, or of local logs where a directory or no cluster is named."""
    graph, settings = _graph(**where)
    if data is not None or not settings.brokers:
        storage = DirectoryStorage(data or Path("data"))
        for entry in LogReader(storage, graph.dead_letters).read(0):
            yield _letter(entry.fields)
        return
    topic = settings.topic(graph.dead_letters)
    present = read_topics(open_admin(settings), [topic])
    if topic not in present:
        raise InputFault(f"there is no topic {topic}\n    `tapeline topics apply` makes it")
    with closing(TopicTail(settings, topic, present[topic].partitions)) as tail:
        for message in tail.since(0, lambda _: True, None):
            try:
                letter = DEAD_LETTER.decode_whole(message.value() or b"", FRAME_BYTES)
            except ValueError as error:
                click.echo(f"{topic}/{message.partition()}/{message.offset()} is no dead letter: {error}", err=True)
            else:
                assert isinstance(letter, DeadLetter)
                yield letter


def _letter(fields: dict[str, Any]) -> DeadLetter:
    letter = DEAD_LETTER.from_dict(fields)
    assert isinstance(letter, DeadLetter)
    return letter


def _told(letter: DeadLetter) -> dict[str, Any]:
    return {
        "event_id": event_id(letter),
        "time": iso_time(letter.event_time_ns),
        "source": letter.source,
        "place": letter.place,
        "operator": letter.operator_uid,
        "error": letter.error,
        "message": letter.message,
        "schema_id": plain(letter.schema_id),
        "raw": base64.b64encode(letter.raw).decode(),
    }


def dump(data: bytes) -> Iterator[str]:
    """Bytes as people read them: place, hexadecimal, text."""
    for start in range(0, len(data), ROW_BYTES):
        row = data[start : start + ROW_BYTES]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        yield f"{start:06x}  {row.hex(' '):<{3 * ROW_BYTES}} {text}"

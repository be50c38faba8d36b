"""What is no record becomes a dead letter with its reason, whoever is killed; what stands beside it comes out as if it
were not there. What is gone stops a run."""

from __future__ import annotations

import signal
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import TopicPartition

from dataflow.connectors.kafka.clients import open_admin
from dataflow.graph import KafkaSettings
from tests.kafka.bad_messages import STREAM, Bad, Copy, bad_messages
from tests.kafka.whole_jobs import PARTITIONS, PATIENCE_S, WholeJobs

MARKET = ("--job", "market-data")
ARRIVAL = (*MARKET, "--order", "arrival")
OUTPUTS = ("market-data", "market-data-rejects", "analytics", "alerts", "late-events")
LETTERS = ("dead-letters",)


@pytest.fixture
def clean(tmp_path: Path, cluster: KafkaSettings) -> WholeJobs:
    """Only good messages."""
    made = WholeJobs(tmp_path, cluster)
    made.make_topics()
    made.do("schemas", "apply")
    made.feed()
    return made


@pytest.fixture
def bad(clean: WholeJobs) -> list[Bad]:
    value = clean.messages(STREAM)[0].value()
    return bad_messages(clean.settings, int.from_bytes(value[1:5], "big"))


@pytest.fixture
def spoilt(tmp_path: Path, clean: WholeJobs, bad: list[Bad]) -> WholeJobs:
    """The same on topics of its own, with bad ones between."""
    (tmp_path / "spoilt").mkdir()
    made = WholeJobs(tmp_path / "spoilt", replace(clean.settings, prefix=f"spoilt-{clean.settings.prefix}"))
    made.make_topics()
    copy = Copy(made.settings)
    copy.permit(STREAM)
    copy.put("alert-rules", clean.messages("alert-rules"), [])
    copy.put(STREAM, clean.messages(STREAM), bad)
    return made


def letters(jobs: WholeJobs) -> list[dict[str, Any]]:
    return [letter for found in jobs.on_topics(LETTERS).values() for own in found.values() for letter in own]


def test_each_is_a_letter_and_what_stands_beside_it_is_as_without_it(
    clean: WholeJobs, spoilt: WholeJobs, bad: list[Bad]
) -> None:
    clean.finish("data", *MARKET)
    spoilt.finish("data", *MARKET)
    assert spoilt.on_topics(OUTPUTS) == clean.on_topics(OUTPUTS)
    found = letters(spoilt)
    assert Counter(letter["error"] for letter in found) == Counter(
        item.error for item in (*bad, bad[0]) for _ in range(PARTITIONS)
    )
    assert Counter(letter["raw"] for letter in found) == Counter(
        item.value or b"" for item in (*bad, bad[0]) for _ in range(PARTITIONS)
    )


def test_they_are_letters_once_whoever_is_killed_and_the_same_when_all_is_done_again(
    spoilt: WholeJobs, bad: list[Bad]
) -> None:
    for place, resume in (("between-produces:4", ()), ("after-offsets:2", ("--resume",))):
        process = spoilt.run("killed", *ARRIVAL, *resume, "--checkpoint-ms", "200", TAPELINE_KILL_AT=place)
        process.communicate(timeout=PATIENCE_S)
        assert process.returncode == -signal.SIGKILL
    spoilt.finish("killed", *ARRIVAL, "--resume")
    spoilt.finish("again", *ARRIVAL, "--resume", "--with-logs")
    assert spoilt.on_topics(LETTERS) == spoilt.in_logs("again", LETTERS)
    assert spoilt.on_topics(OUTPUTS) == spoilt.in_logs("again", OUTPUTS)
    places = [letter["place"] for letter in letters(spoilt)]
    assert len(places) == len(set(places)) == PARTITIONS * (len(bad) + 1)


def test_what_retention_has_removed_stops_a_run_and_nothing_is_passed_over(clean: WholeJobs) -> None:
    clean.finish("data", *ARRIVAL)
    end = 1 + max(message.offset() for message in clean.messages(STREAM) if message.partition() == 1)
    clean.feed("--application", "more", "--data", str(clean.folder / "more"))
    topic, admin = clean.settings.topic(STREAM), open_admin(clean.settings)
    gone = TopicPartition(topic, 1, end + 50)
    admin.delete_records([gone])[gone].result()
    process = clean.run("data", "--until", "latest", *ARRIVAL, "--resume")
    _, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert f"tapeline: {topic}/1: offset " in errors
    assert f" was to be read next and is gone: the topic begins at {end + 50} now" in errors
    assert "Traceback" not in errors
    clean.finish("other", *ARRIVAL, "--application", "other")

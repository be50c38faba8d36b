"""What could not be read is listed with its reason, shown byte for byte, and sent once more, once."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
from confluent_kafka import Producer

from dataflow.graph import KafkaSettings
from jobs.dlq_commands import dump
from tests.kafka.bad_messages import Bad, Copy
from tests.kafka.whole_jobs import PATIENCE_S, WholeJobs

NOISE = b"{this is no record}"
KEY = b"S0"
MARKET = ("--job", "market-data", "--order", "arrival")


@pytest.fixture
def jobs(tmp_path: Path, cluster: KafkaSettings) -> WholeJobs:
    """A cluster on which the market's job has met three messages that are none."""
    made = WholeJobs(tmp_path, cluster)
    made.make_topics()
    producer = Producer({"bootstrap.servers": cluster.brokers})
    for value in (NOISE, None, bytes(2_000)):
        producer.produce(cluster.topic("raw-market-data"), value, KEY, partition=1)
    producer.flush()
    made.finish("data", *MARKET)
    return made


def listed(jobs: WholeJobs, *options: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in jobs.do("dlq", "list", "--json", *options).splitlines()]


def test_letters_are_told_with_place_and_reason(jobs: WholeJobs) -> None:
    topic = jobs.settings.topic("raw-market-data")
    letters = sorted(listed(jobs), key=lambda letter: letter["place"])
    assert [letter["place"] for letter in letters] == [f"{topic}/1/{offset}" for offset in range(3)]
    assert [letter["error"] for letter in letters] == ["NoFrame", "Tombstone", "UnknownSchemaId"]
    assert "looks like JSON" in jobs.do("dlq", "list", "--error", "NoFrame")
    shown = jobs.do("dlq", "show", letters[0]["event_id"][:20])
    assert "7b 74 68 69 73" in shown
    assert "{this is no reco" in shown
    Copy(jobs.settings).put("dead-letters", [], [Bad(None, b"noise", "")])
    told = jobs.do("dlq", "export", str(jobs.folder / "letters.jsonl"))
    assert told.startswith("3 letters in ")


def test_a_letter_is_sent_once_however_often_and_whoever_asks(jobs: WholeJobs) -> None:
    name = listed(jobs, "--error", "NoFrame")[0]["event_id"]
    killed = jobs.begin("dlq", "replay", name, TAPELINE_KILL_AT="replay-before-commit:1")
    killed.communicate(timeout=PATIENCE_S)
    assert killed.returncode == -signal.SIGKILL
    assert jobs.do("dlq", "replay", name) == "1 sent, 0 had been sent before\n"
    assert jobs.do("dlq", "replay", name) == "0 sent, 1 had been sent before\n"
    messages = [message for message in jobs.messages("raw-market-data") if message.value() == NOISE]
    assert [(message.key(), message.partition()) for message in messages] == [(KEY, 1), (KEY, 1)]
    assert dict(messages[1].headers())["dead_letter"].decode() == name


def test_a_replay_that_is_killed_once_it_has_committed_has_sent_all(jobs: WholeJobs) -> None:
    for place, left in (("replay-after-commit:1", 3), ("replay-before-commit:1", 3)):
        killed = jobs.begin("dlq", "replay", "--again", TAPELINE_KILL_AT=place)
        killed.communicate(timeout=PATIENCE_S)
        assert killed.returncode == -signal.SIGKILL
        assert jobs.do("dlq", "replay") == f"0 sent, {left} had been sent before\n"
    assert len(jobs.messages("raw-market-data")) == 2 * 3


def test_a_long_message_is_sent_whole_though_its_letter_holds_the_beginning(jobs: WholeJobs) -> None:
    copy, noise = Copy(jobs.settings), b"noise" * 250_000
    copy.permit("raw-market-data")
    copy.put_bad(jobs.settings.topic("raw-market-data"), 2, [Bad(b"long", noise, "NoFrame")])
    copy.producer.flush()
    jobs.finish("data", *MARKET, "--resume")
    (letter,) = [letter for letter in listed(jobs) if letter["place"].endswith("/2/0")]
    assert letter["message"].endswith("(of 1,250,000 bytes the letter holds the first 1,048,576)")
    assert jobs.do("dlq", "replay", letter["event_id"]) == "1 sent, 0 had been sent before\n"
    assert [message.key() for message in jobs.messages("raw-market-data") if message.value() == noise] == [b"long"] * 2


def test_what_is_still_wrong_becomes_a_letter_again(jobs: WholeJobs) -> None:
    jobs.do("dlq", "replay", "--error", "Tombstone")
    jobs.finish("data", *MARKET, "--resume")
    places = [letter["place"] for letter in listed(jobs, "--error", "Tombstone")]
    assert len(set(places)) == 2


def test_bytes_are_shown_in_rows_of_sixteen() -> None:
    assert list(dump(bytes(range(60, 77)))) == [
        "000000  3c 3d 3e 3f 40 41 42 43 44 45 46 47 48 49 4a 4b  <=>?@ABCDEFGHIJK",
        "000010  4c                                               L",
    ]

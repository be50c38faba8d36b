from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from dataflow.ports import InputFault
from jobs.feeds.open_source import matching_rules, open_source
from schemas.generated.events import ALERT_KIND_SYMBOLS, ALERT_RULE_ACTION_SYMBOLS, DeadLetter
from tests.feeds.reading import data_of, read, rests_differ, write_text

HEADER = "time,symbol,rule_id,account,action,kind,threshold_price,move_bps,hysteresis_bps"
NOON_NS = 1_795_194_000_000_000_000


def told(rule: Any) -> tuple[Any, ...]:
    action, kind = ALERT_RULE_ACTION_SYMBOLS[rule.action], ALERT_KIND_SYMBOLS[rule.kind]
    whose = (rule.event_time_ns, rule.symbol, rule.rule_id, rule.account)
    return (*whose, action, kind, rule.threshold_price_e8, rule.move_bps, rule.hysteresis_bps)


def csv_file(folder: Path, *lines: str) -> str:
    return f"alert_rules:{write_text(folder / 'rules.csv', chr(10).join([HEADER, *lines]))}"


def yaml_file(folder: Path, text: str) -> str:
    return f"alert_rules:{write_text(folder / 'rules.yaml', text)}"


CREATED = (NOON_NS, "IBM", "r1", "A1", "CREATE", "CROSSING_UP", 18_200_000_001, 0, 20)
DELETED = (NOON_NS, "IBM", "r1", "A1", "DELETE", "CROSSING_UP", 0, 0, 0)


def test_rules_are_read_from_csv(tmp_path: Path) -> None:
    lines = ("2026-11-20T17:00:00Z,IBM,r1,A1,create,crossing_up,182.00000001,,20", "1795194000,IBM,r1,A1,DELETE,,,,")
    assert [told(rule) for rule in read(csv_file(tmp_path, *lines))] == [CREATED, DELETED]


def test_rules_are_read_from_yaml_and_prices_never_go_through_a_float(tmp_path: Path) -> None:
    text = """
    - time: 2026-11-20T12:00:00-05:00
      symbol: IBM
      rule_id: r1
      account: A1
      kind: crossing_up
      threshold_price: 182.00000001
      hysteresis_bps: 20
    - {time: 2026-11-20T17:00:00Z, symbol: IBM, rule_id: r1, account: A1, action: delete, move_bps: }
    """
    assert [told(rule) for rule in read(yaml_file(tmp_path, text))] == [CREATED, DELETED]


@pytest.mark.parametrize(
    ("entry", "fact"),
    [
        ("{symbol: IBM, rule_id: r1, account: A1}", "the rule has no time"),
        ("{time: 1795194000, symbol: '', rule_id: r1, account: A1}", "the rule has no symbol"),
        ("{time: 1795194000, symbol: IBM, rule_id: r1, account: A1, knd: x}", "did you mean 'kind'"),
        ("{time: 1795194000, symbol: IBM, rule_id: r1, account: A1, kind: up}", "no kind is called 'up'"),
        ("{time: 1795194000, symbol: IBM, rule_id: r1, account: A1, action: delet}", "did you mean 'delete'"),
        ("{time: 1795194000, symbol: IBM, rule_id: r1, account: A1, move_bps: 1.5}", "'1.5' is no whole number"),
        ("{time: 2026-11-20T12:00:00, symbol: IBM, rule_id: r1, account: A1}", "has no zone"),
        ("{time: [1], symbol: IBM, rule_id: r1, account: A1}", "no name and single value"),
        ("{[1]: x}", "no name and single value"),
        ("{time: 1, time: 2}", "is there twice"),
        ("just words", "a rule is a mapping"),
    ],
)
def test_a_malformed_entry_becomes_a_dead_letter_with_its_line(tmp_path: Path, entry: str, fact: str) -> None:
    good = "- {time: 1795194000, symbol: IBM, rule_id: r1, account: A1}\n"
    first, letter, last = read(yaml_file(tmp_path, f"{good}- {entry}\n{good}"))
    assert (letter.place, letter.raw, letter.event_time_ns) == ("rules.yaml:2", entry.encode(), NOON_NS)
    assert fact in letter.message
    assert (first.sequence, letter.sequence, last.sequence) == (1, 2, 3)


def test_a_malformed_line_becomes_a_dead_letter(tmp_path: Path) -> None:
    [letter] = read(csv_file(tmp_path, "soon,IBM,r1,A1,create,crossing_up,182,,20"))
    assert isinstance(letter, DeadLetter)
    assert (letter.source, letter.place) == ("market", "rules.csv:2")


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("- {time: ", r"rules\.yaml:\d+:\d+: is no YAML"),
        ("time: 7", r"rules\.yaml:1: is no list of rules"),
        ("[" * 5000, "nested too deeply|is no YAML"),
    ],
)
def test_a_file_that_is_no_list_is_refused(tmp_path: Path, text: str, fact: str) -> None:
    with pytest.raises(InputFault, match=fact):
        read(yaml_file(tmp_path, text))


def test_an_empty_file_has_no_rules(tmp_path: Path) -> None:
    assert read(yaml_file(tmp_path, "# none yet\n")) == []


def test_other_endings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputFault, match=r"neither \.csv nor \.yaml"):
        open_source(f"alert_rules:{tmp_path}/rules.txt", "alert-rules")


def test_the_built_in_rules_are_around_the_opening_prices_and_spread_over_the_day() -> None:
    rules = read("alert_rules:?seed=5&symbols=30&events=5000")
    opening = {r.symbol: r.price_e8 for r in read("simulator:seed=5,symbols=30,events=5000") if r.conditions == "O"}
    priced = [rule for rule in rules if rule.threshold_price_e8 > 0]
    assert [rule for rule in priced if not 0.98 < rule.threshold_price_e8 / opening[rule.symbol] < 1.02] == []
    assert Counter(rule.symbol for rule in rules) == dict.fromkeys(opening, 7)
    times = [rule.event_time_ns for rule in rules]
    assert times == sorted(times)
    assert times[-1] - times[0] > 5 * 3600 * 1_000_000_000
    assert open_source("alert_rules:?symbols=30", "alert-rules").expected_records() == len(rules) == 210


def test_the_built_in_rules_are_always_the_same() -> None:
    assert data_of(read("alert_rules")) == data_of(read("alert_rules:"))


def test_any_position_gives_the_same_rest(tmp_path: Path) -> None:
    lines = ["1795194000,IBM,r1,A1,create,crossing_up,182,,20", "noise"] * 5_000
    assert rests_differ("alert_rules:?symbols=400") == []
    assert rests_differ(csv_file(tmp_path, *lines)) == []


def test_a_position_is_refused_once_the_rules_have_changed(tmp_path: Path) -> None:
    source = open_source(yaml_file(tmp_path, "- {time: 1}\n"), "alert-rules")
    source.open(None)
    batch = source.read()
    assert batch is not None
    write_text(tmp_path / "rules.yaml", "- {time: 1}\n- {time: 2}\n")
    with pytest.raises(InputFault, match="has 2 rules, not 1"):
        source.open(batch.position)


@pytest.mark.parametrize(
    ("market", "rules"),
    [
        ("simulator:seed=4,symbols=9", "alert_rules:?seed=4&symbols=9"),
        ("simulator", "alert_rules:"),
        ("lean:data", "alert_rules:none"),
    ],
)
def test_rules_follow_the_market_that_is_read(market: str, rules: str) -> None:
    matched = matching_rules({"market": market, "alert-rules": "alert_rules:"})
    assert matched == {"market": market, "alert-rules": rules}


def test_rules_of_a_file_stay_as_they_are() -> None:
    given = {"market": "lean:data", "alert-rules": "alert_rules:rules.csv"}
    assert matching_rules(given) == given


def test_without_a_market_there_are_no_rules() -> None:
    assert read("alert_rules:none") == []
    assert open_source("alert_rules:none", "alert-rules").expected_records() == 0

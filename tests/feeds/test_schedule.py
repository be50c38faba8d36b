from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.feeds.activity import REGULAR, Activity
from jobs.feeds.price_path import Noise
from jobs.feeds.schedule import Schedule

SCHEDULE = Schedule(7, 40)
CYCLES = 2 * SCHEDULE.size + 1000
OWNERS = [SCHEDULE.symbol(episode) for episode in range(CYCLES)]


@given(st.integers(0, CYCLES - 1))
def test_the_ordinal_is_how_often_the_symbol_came_before(episode: int) -> None:
    assert SCHEDULE.ordinal(episode) == OWNERS[:episode].count(OWNERS[episode])


@given(st.integers(0, CYCLES - 1))
def test_the_previous_episode_is_the_symbols_last_before_this_one(episode: int) -> None:
    earlier = [each for each in range(episode) if OWNERS[each] == OWNERS[episode]]
    assert SCHEDULE.previous_episode(episode) == (earlier or [episode])[-1]


@given(st.integers(0, CYCLES))
def test_the_ordinals_of_all_symbols_are_known_at_any_episode(episode: int) -> None:
    assert SCHEDULE.ordinals_at(episode) == [OWNERS[:episode].count(symbol) for symbol in range(40)]


@pytest.mark.parametrize("symbols", [1, 2, 1000, 5000])
def test_every_symbol_has_a_slot_and_the_first_has_most(symbols: int) -> None:
    schedule = Schedule(7, symbols)
    assert sum(schedule.counts) == schedule.size
    assert min(schedule.counts) > 0
    assert max(schedule.counts) == schedule.counts[0]


@given(st.integers(0, 1 << 61), st.integers(1, 3_000), st.integers(1, 1 << 46))
def test_times_never_decrease_and_stay_within_the_session(key: int, count: int, width: int) -> None:
    activity = Activity(key, REGULAR, count, 1000, 1000 + width)
    times = [activity.time_ns(episode) for episode in range(count + 1)]
    assert times == sorted(times)
    assert times[0] >= 1000
    assert times[-1] == 1000 + width


@given(st.integers(0, 1 << 61), st.integers(0, 22), st.integers(-5, 1 << 22))
def test_a_price_path_makes_no_jump_between_neighbours(key: int, octaves: int, point: int) -> None:
    noise = Noise(key, octaves, 0, 1_000_000)
    assert abs(noise.at(point) - noise.at(point + 1)) < 2 * 2.5 * 1_000_000 * 3.5 / 2 ** (octaves / 2) + 2 * octaves


@given(st.integers(0, 1 << 61), st.lists(st.integers(0, 1 << 20), min_size=2, max_size=9))
def test_a_price_does_not_depend_on_what_was_asked_before(key: int, points: list[int]) -> None:
    noise = Noise(key, 20, 0, 1_000_000)
    asked = [noise.at(point) for point in points]
    assert asked == [Noise(key, 20, 0, 1_000_000).at(point) for point in points]

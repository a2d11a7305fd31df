"""The bot does not storm a gateway that throws it out: real sockets, a real discord.py client, real seconds."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from bot.discord_bot.pace import FIRST_SECONDS, IDENTIFIES_AN_HOUR, SECONDS_MAX, STEADY_SECONDS, Pace
from tests.fake_discord import FakeDiscord
from tests.fake_discord_bot import echoing, serving

pytestmark = pytest.mark.slow

STORM_SECONDS, WINDOW_SECONDS, TRIES_MOST, BACK_SECONDS = 12.0, 10.0, 3, 10.0


def busiest(moments: list[float]) -> int:
    """The most moments in any window of ten seconds."""
    return max(sum(begin <= each < begin + WINDOW_SECONDS for each in moments) for begin in moments)


async def weathered(folder: Path, manner: str, *, from_the_start: bool) -> tuple[int, float]:
    """The busiest ten seconds of a storm, and the seconds from its end until the bot is back."""
    async with FakeDiscord() as fake:

        def storm(on: bool) -> None:
            fake.gateway.refuse_handshakes = 10_000 if on and manner == "503" else 0
            fake.gateway.turn_away = {"1001": 1001, "4000": 4000, "cut": 0}.get(manner) if on else None

        storm(from_the_start)
        async with serving(echoing(fake, folder, first_seconds=FIRST_SECONDS)):
            if not from_the_start:
                await fake.connected()
                storm(True)
                await fake.gateway.drop(4000)
            begin = len(fake.gateway.tried)
            await asyncio.sleep(STORM_SECONDS)
            tried = fake.gateway.tried[begin:]
            storm(False)
            ended = time.monotonic()
            await fake.connected(seconds=30)
            return busiest(tried), time.monotonic() - ended


async def test_a_gateway_that_lets_nobody_stay_is_tried_three_times_in_ten_seconds(tmp_path: Path) -> None:
    cases = [(manner, start) for manner in ("1001", "4000", "cut", "503") for start in (False, True)]
    found = await asyncio.gather(
        *(weathered(tmp_path / f"{manner}{start}", manner, from_the_start=start) for manner, start in cases)
    )
    for case, (count, back) in zip(cases, found, strict=True):
        assert 1 <= count <= TRIES_MOST, f"{case}: {count} connections in ten seconds"
        assert back <= BACK_SECONDS, f"{case}: back after {back:.1f} s"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_pauses_grow_and_end_with_a_steady_connection() -> None:
    clock = Clock()
    pace = Pace(3.0, clock)
    assert pace.wait() == 0.0
    pauses = []
    for _ in range(4):
        await pace.turn()
        pace.lost()
        pauses.append(pace.wait())
        clock.now += pauses[-1]
    assert pauses == [3.0, 6.0, SECONDS_MAX, SECONDS_MAX]
    for _ in range(2000):  # hours without a gateway
        pace.lost()
    assert pace.pause == SECONDS_MAX
    assert pace.wait(shards=4) < SECONDS_MAX / 4
    await pace.turn()
    pace.settled()
    clock.now += STEADY_SECONDS
    pace.lost()
    assert pace.wait() == 0.0, "a connection that held is replaced at once"
    await pace.turn()
    pace.settled()
    clock.now += STEADY_SECONDS / 2
    pace.lost()
    assert pace.wait() == 0.0
    await pace.turn()
    pace.lost()
    assert pace.wait() > 0.0


def test_sessions_are_begun_less_often_than_discord_allows_a_day() -> None:
    clock = Clock()
    pace = Pace(0.0, clock)
    for _ in range(IDENTIFIES_AN_HOUR):
        assert pace.wait() == 0.0
        pace.identified()
    assert pace.wait() == 3600.0
    assert pace.wait(shards=2) == 0.0
    clock.now += 3600
    assert pace.wait() == 0.0

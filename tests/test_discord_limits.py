"""Rates, the fair queue and its draining."""

from __future__ import annotations

import asyncio

import pytest

from bot.fair_queue import PERSON_MOST, Busy, FairQueue, Ticket
from bot.rates import Rate, Rates

MINUTE_HOUR = (Rate(5, 60), Rate(60, 3600))


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_five_a_minute_and_sixty_an_hour() -> None:
    clock = Clock()
    rates = Rates(clock)
    assert [rates.take([("a", MINUTE_HOUR)]) for _ in range(5)] == [0.0] * 5
    assert rates.take([("a", MINUTE_HOUR)]) == 60.0
    clock.now += 59
    assert rates.take([("a", MINUTE_HOUR)]) == 1.0
    assert rates.take([("b", MINUTE_HOUR)]) == 0.0, "somebody else"
    taken = 5
    for _ in range(100):
        clock.now += 20
        taken += rates.take([("a", MINUTE_HOUR)]) == 0.0
    assert taken == 60
    clock.now += 3600
    assert rates.take([("a", MINUTE_HOUR)]) == 0.0


def test_no_stretch_of_a_minute_has_more_than_its_rate() -> None:
    clock, taken = Clock(), []
    rates = Rates(clock)
    for _ in range(400):
        clock.now += 1.5
        if rates.take([("a", (Rate(5, 60),))]) == 0.0:
            taken.append(clock.now)
    assert len(taken) == 50, "as many as are allowed"
    assert all(later - sooner >= 60 for sooner, later in zip(taken, taken[5:], strict=False))


def test_what_is_refused_by_one_key_is_counted_by_none() -> None:
    rates = Rates(Clock())
    assert rates.take([("user", [Rate(1, 60)]), ("server", [Rate(5, 60)])]) == 0.0
    for _ in range(10):
        assert rates.take([("user", [Rate(1, 60)]), ("server", [Rate(5, 60)])]) > 0
    assert [rates.take([("server", [Rate(5, 60)])]) for _ in range(5)] == [0.0, 0.0, 0.0, 0.0, 60.0]


def test_zero_is_no_limit() -> None:
    rates = Rates(Clock())
    assert all(rates.take([("a", [Rate(0, 60)])]) == 0.0 for _ in range(100))


async def turns(tickets: dict[str, Ticket], order: list[str]) -> None:
    async def one(name: str, ticket: Ticket) -> None:
        async with ticket:
            order.append(name)
            await asyncio.sleep(0)

    await asyncio.gather(*(one(name, ticket) for name, ticket in tickets.items()))


async def test_each_persons_first_question_comes_before_anybodys_second() -> None:
    queue = FairQueue(1)
    tickets = {f"a{n}": queue.enter(1, 9, 50) for n in range(3)}
    tickets |= {"b0": queue.enter(2, 9, 50), "c0": queue.enter(3, 9, 50), "b1": queue.enter(2, 9, 50)}
    assert {name: ticket.position for name, ticket in tickets.items()} == {
        "a0": 0, "b0": 1, "c0": 2, "a1": 3, "b1": 4, "a2": 5,
    }  # fmt: skip
    order: list[str] = []
    await turns(tickets, order)
    assert order == ["a0", "b0", "c0", "a1", "b1", "a2"]
    assert queue.running == queue.waiting == 0


async def test_nobody_fills_the_queue_alone() -> None:
    queue = FairQueue(1)
    for _ in range(PERSON_MOST):
        queue.enter(1, 9, 50)
    with pytest.raises(Busy, match="5 questions in the queue already"):
        queue.enter(1, 9, 50)
    assert queue.enter(2, 9, 50).position == 1


async def test_a_full_queue_says_so_and_takes_others_servers() -> None:
    queue = FairQueue(1)
    queue.enter(0, 9, 2)
    for user in (1, 2):
        queue.enter(user, 9, 2)
    with pytest.raises(Busy, match="2 questions are waiting"):
        queue.enter(3, 9, 2)
    assert queue.enter(3, 8, 2).position == 3


async def test_a_place_is_free_while_an_answer_is_shown_and_when_somebody_gives_up() -> None:
    queue = FairQueue(1)
    first, second, third = (queue.enter(user, None, 50) for user in (1, 2, 3))
    async with first:
        assert not second.ready.is_set()
        first.answered()
        assert second.ready.is_set()
        assert queue.running == 2
    waiting = asyncio.create_task(third.__aenter__())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert queue.waiting == 0


async def test_draining_waits_for_what_runs_and_tells_who_waits() -> None:
    queue = FairQueue(1)
    done: list[str] = []

    async def work(ticket: Ticket, name: str, seconds: float) -> None:
        try:
            async with ticket:
                await asyncio.sleep(seconds)
                done.append(name)
        except Busy as busy:
            done.append(f"{name}: {busy}")

    first = asyncio.create_task(work(queue.enter(1, None, 9), "quick", 0.02))
    assert await queue.drain(5.0)
    assert done == ["quick"]
    await first
    with pytest.raises(Busy, match="restarted"):
        queue.enter(2, None, 9)

    queue = FairQueue(1)
    long = asyncio.create_task(work(queue.enter(1, None, 9), "long", 60))
    late = asyncio.create_task(work(queue.enter(2, None, 9), "late", 0))
    assert not await queue.drain(0.1)
    assert done[1].startswith("late: I am being restarted; the answer comes here")
    long.cancel()
    await asyncio.gather(long, late, return_exceptions=True)
    assert queue.running == 0

"""How many questions are answered at once; the others wait in a queue that is fair to each person."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Literal

from bot.errors import NewsbotError

PERSON_MOST = 5
"""Questions of one person that are waiting or being answered: nobody fills the queue alone."""
WAITING_MOST = 500
"""Questions of all groups that wait."""
GOODBYE_SECONDS = 2.0
"""Seconds at the end of draining that are kept to tell those who still wait."""


class Busy(NewsbotError):
    """No further question is taken now; the text says when to try again."""


@dataclass(eq=False)
class Ticket:
    """A place in the queue. `async with` waits for the turn; `answered` gives the place to the next one early.

    `turn` is how many questions of the same person were in the queue before it.
    """

    queue: FairQueue
    person: Hashable
    group: Hashable
    turn: int
    state: Literal["waiting", "running", "showing"] = "waiting"
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    refused: str = ""

    @property
    def position(self) -> int:
        """Its place among those who wait, from 1; 0 where it does not wait."""
        return self.queue.of("waiting").index(self) + 1 if self.state == "waiting" else 0

    async def __aenter__(self) -> Ticket:
        try:
            await self.ready.wait()
            if self.refused:
                raise Busy(self.refused)
        except BaseException:
            self.queue.leave(self)
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self.queue.leave(self)

    def answered(self) -> None:
        """The answer is made and is now shown. The next question may begin."""
        self.state = "showing"
        self.queue.advance()


class FairQueue:
    """Takes questions in turns: each person's first before anybody's second. For one event loop."""

    def __init__(self, at_once: int) -> None:
        self.at_once = at_once
        self._tickets: list[Ticket] = []
        self._closing = self._given_up = False
        self._empty = asyncio.Event()
        self._empty.set()

    def of(self, state: str) -> list[Ticket]:
        """Those in a state, in the order of their turns."""
        return [ticket for ticket in self._tickets if ticket.state == state]

    @property
    def waiting(self) -> int:
        """Questions that wait for their turn."""
        return len(self.of("waiting"))

    @property
    def running(self) -> int:
        """Questions that are being answered, and answers that are being shown."""
        return len(self._tickets) - self.waiting

    def enter(self, person: Hashable, group: Hashable, waiting_most: int) -> Ticket:
        """A place for a question; `waiting_most` of a group may wait. Raises Busy where there is none."""
        if self._closing:
            raise Busy("I am being restarted. Ask again in a minute.")
        own = sum(ticket.person == person for ticket in self._tickets)
        if own >= PERSON_MOST:
            raise Busy(f"You have {own} questions in the queue already. Ask again when one is answered.")
        waiting = self.of("waiting")
        of_group = sum(ticket.group == group for ticket in waiting)
        full = len(self.of("running")) >= self.at_once
        if full and (of_group >= waiting_most or len(waiting) >= WAITING_MOST):
            raise Busy(f"Busy: {max(of_group, 1)} questions are waiting. Ask again in a minute.")
        ticket = Ticket(self, person, group, own)
        self._tickets.append(ticket)
        self._tickets.sort(key=lambda each: each.turn)  # who came first stays first
        self._empty.clear()
        self.advance()
        return ticket

    def is_abandoned(self, ticket: Ticket) -> bool:
        """Whether the bot leaves without having answered: the question is taken up after the restart."""
        return bool(ticket.refused) or (self._closing and self._given_up)

    def leave(self, ticket: Ticket) -> None:
        """The ticket is done with, wherever it was."""
        with contextlib.suppress(ValueError):
            self._tickets.remove(ticket)
        self.advance()
        if not self._tickets:
            self._empty.set()

    def advance(self) -> None:
        """Let those begin for whom there is room."""
        for ticket in self.of("waiting")[: max(0, self.at_once - len(self.of("running")))]:
            ticket.state = "running"
            ticket.ready.set()

    async def drain(self, seconds: float) -> bool:
        """Take nothing more and wait until all is answered, at most so long; whether it was.

        Who still waits near the end is told that the answer comes after the restart.
        """
        self._closing = True
        goodbye = min(GOODBYE_SECONDS, seconds / 2)
        if await self.idle(seconds - goodbye):
            return True
        for ticket in self.of("waiting"):
            ticket.refused = "I am being restarted; the answer comes here afterwards."
            ticket.ready.set()
        self._given_up = not await self.idle(goodbye)
        return not self._given_up

    async def idle(self, seconds: float) -> bool:
        """Wait until nothing is answered or waits, at most so long; whether it is so."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._empty.wait(), seconds)
        return self._empty.is_set()

"""How many questions are answered at once; the others wait in a fair queue."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from types import TracebackType

from bot.errors import NewsbotError

USER_AT_ONCE = 5
"""Questions of one person that are waiting or being answered: nobody fills the queue alone."""
WAITING_MOST = 500
"""Questions that wait in all servers together."""
GOODBYE_SECONDS = 2.0
"""Kept at the end of draining to tell those who still wait."""


class Busy(NewsbotError):
    """No further question is taken now; the text says when to try again."""


@dataclass(eq=False)
class Ticket:
    """A place in the queue. `async with` waits for the turn; `answered` gives the place to the next one early."""

    queue: Queue
    user: int
    guild: int | None
    turn: int
    arrival: int
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    refused: str = ""

    @property
    def position(self) -> int:
        """0 where it is being answered, else its place among those who wait, from 1."""
        return self.queue.position(self)

    async def __aenter__(self) -> Ticket:
        try:
            await self.ready.wait()
        except BaseException:
            self.queue.leave(self)
            raise
        if self.refused:
            self.queue.leave(self)
            raise Busy(self.refused)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.queue.leave(self)

    def answered(self) -> None:
        """What is left is to show the answer: somebody else's may begin."""
        self.queue.free(self)


class Queue:
    """Takes questions in turns: each person's first before anybody's second. For one event loop."""

    def __init__(self, at_once: int) -> None:
        self.at_once = at_once
        self._waiting: list[Ticket] = []
        self._running: set[Ticket] = set()
        self._showing: set[Ticket] = set()
        self._arrivals = 0
        self._closing = self._given_up = False
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def waiting(self) -> int:
        """Questions that wait for their turn."""
        return len(self._waiting)

    @property
    def running(self) -> int:
        """Questions that are being answered, and answers that are being shown."""
        return len(self._running) + len(self._showing)

    def enter(self, user: int, guild: int | None, waiting_most: int) -> Ticket:
        """A place for a question. Raises Busy where the queue is full, or the person has too many in it."""
        if self._closing:
            raise Busy("I am being restarted. Ask again in a minute.")
        tickets = [*self._waiting, *self._running, *self._showing]
        own = Counter(ticket.user for ticket in tickets)[user]
        if own >= USER_AT_ONCE:
            raise Busy(f"You have {own} questions in the queue already. Ask again when one is answered.")
        full = len(self._running) >= self.at_once
        of_guild = sum(ticket.guild == guild for ticket in self._waiting)
        if full and (of_guild >= waiting_most or len(self._waiting) >= WAITING_MOST):
            raise Busy(f"Busy: {max(of_guild, 1)} questions are waiting, more are not taken. Ask again in a minute.")
        self._arrivals += 1
        ticket = Ticket(self, user, guild, own, self._arrivals)
        self._waiting.append(ticket)
        self._waiting.sort(key=_order)
        self._empty.clear()
        self._next()
        return ticket

    def is_abandoned(self, ticket: Ticket) -> bool:
        """Whether the bot leaves without having answered: the question is taken up after the restart."""
        return bool(ticket.refused) or (self._closing and self._given_up)

    def position(self, ticket: Ticket) -> int:
        """The ticket's place among those who wait, from 1; 0 where it does not wait."""
        return self._waiting.index(ticket) + 1 if ticket in self._waiting else 0

    def free(self, ticket: Ticket) -> None:
        """The ticket's question is answered, but not shown yet."""
        if ticket in self._running:
            self._running.discard(ticket)
            self._showing.add(ticket)
            self._next()

    def leave(self, ticket: Ticket) -> None:
        """The ticket is done with, wherever it was."""
        if ticket in self._waiting:
            self._waiting.remove(ticket)
        self._running.discard(ticket)
        self._showing.discard(ticket)
        self._next()
        if not (self._waiting or self._running or self._showing):
            self._empty.set()

    async def drain(self, seconds: float) -> bool:
        """Take nothing more and wait until all is answered, at most so long; whether it was.

        Who still waits near the end is told that the answer comes after the restart.
        """
        self._closing = True
        goodbye = min(GOODBYE_SECONDS, seconds / 2)
        if await self.idle(seconds - goodbye):
            return True
        for ticket in self._waiting:
            ticket.refused = "I am being restarted; the answer comes here afterwards."
            ticket.ready.set()
        self._given_up = not await self.idle(goodbye)
        return not self._given_up

    async def idle(self, seconds: float) -> bool:
        """Wait until nothing is answered or waits, at most so long; whether it is so."""
        try:
            await asyncio.wait_for(self._empty.wait(), seconds)
        except TimeoutError:
            return False
        return True

    def _next(self) -> None:
        while self._waiting and len(self._running) < self.at_once:
            ticket = self._waiting.pop(0)
            self._running.add(ticket)
            ticket.ready.set()


def _order(ticket: Ticket) -> tuple[int, int]:
    return ticket.turn, ticket.arrival

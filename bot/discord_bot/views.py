"""Buttons under an answer that work after a restart: what they do is written in their custom_ids.

Knows nothing about how answers are made; what was given is read from the catalog.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any, Literal

import discord
from discord import ui

from bot.corpus.catalog_feedback import Given, Rating, Reason, given, rate
from bot.discord_bot.comparing import change_block, changes
from bot.discord_bot.days import day
from bot.discord_bot.desk import MISHAP, Desk, Person, as_of_today, desk_of, now, person_of, told
from bot.discord_bot.embeds import embed_of
from bot.discord_bot.escaping import one_line
from bot.discord_bot.logs import cause
from bot.discord_bot.quotes import source_page
from bot.discord_bot.spots import InteractionSpot, Spot, permissions_of, whisper
from bot.errors import NewsbotError, UsageError
from bot.schema import Answer

log = logging.getLogger(__name__)

Interaction = discord.Interaction[Any]

LABELS = {"sources": "Sources", "follow": "Follow up", "refresh": "Refresh", "up": None, "down": None}
EMOJI = {"sources": "📚", "follow": "💬", "refresh": "🔄", "up": "👍", "down": "👎"}
_ID = r"(?P<id>[0-9a-f]{12})"
GONE = "This answer is no longer known here. Ask again."
THREAD_NAME_CHARS = 90
THREAD_MINUTES: Literal[1440] = 1440
THREAD_EXISTS = 160004
CORRECTION_CHARS = 300


def answer_view(id_: str, answer: Answer, *, can_follow: bool) -> ui.View:
    """The buttons under an answer that is kept under `id_`."""
    view = ui.View(timeout=None)
    acts = ["sources"] if answer.citations else []
    acts += ["follow"] if can_follow else []
    for act in [*acts, "refresh", "up", "down"]:
        view.add_item(AnswerButton(act, id_))
    return view


def answer_buttons(spot: Spot) -> Callable[[str, Answer], ui.View]:
    """Makes the buttons of an answer that is shown at a spot."""
    return lambda id_, answer: answer_view(id_, answer, can_follow=spot.can_open_thread)


class AnswerButton(
    ui.DynamicItem[ui.Button[ui.View]], template=rf"newsbot:(?P<act>sources|follow|refresh|up|down):{_ID}"
):
    """One of the buttons under an answer."""

    def __init__(self, act: str, id_: str) -> None:
        super().__init__(
            ui.Button(
                label=LABELS[act],
                emoji=EMOJI[act],
                style=discord.ButtonStyle.secondary,
                custom_id=f"newsbot:{act}:{id_}",
            )
        )
        self.act = act
        self.id_ = id_

    @classmethod
    async def from_custom_id(
        cls, _interaction: Interaction, _item: ui.Item[Any], match: re.Match[str], /
    ) -> AnswerButton:
        """The button that was pressed, from what its custom_id says."""
        return cls(match["act"], match["id"])

    async def callback(self, interaction: Interaction) -> Any:
        """It was pressed."""
        await guarded(interaction, ACTS[self.act](interaction, self.id_))


class PageButton(ui.DynamicItem[ui.Button[ui.View]], template=rf"newsbot:page:{_ID}:(?P<number>\d{{1,4}})"):
    """Turns the page of the sources."""

    def __init__(self, id_: str, number: int, emoji: str = "➡️", *, disabled: bool = False) -> None:
        super().__init__(
            ui.Button(
                emoji=emoji,
                style=discord.ButtonStyle.secondary,
                custom_id=f"newsbot:page:{id_}:{number}",
                disabled=disabled,
            )
        )
        self.id_ = id_
        self.number = number

    @classmethod
    async def from_custom_id(
        cls, _interaction: Interaction, _item: ui.Item[Any], match: re.Match[str], /
    ) -> PageButton:
        """The button that was pressed, from what its custom_id says."""
        return cls(match["id"], int(match["number"]))

    async def callback(self, interaction: Interaction) -> Any:
        """It was pressed."""
        await guarded(interaction, _turn(interaction, self.id_, self.number))


class ReasonSelect(ui.DynamicItem[ui.Select[ui.View]], template=rf"newsbot:reason:{_ID}"):
    """What is amiss with an answer."""

    def __init__(self, id_: str) -> None:
        super().__init__(
            ui.Select(
                custom_id=f"newsbot:reason:{id_}",
                placeholder="What is amiss?",
                options=[discord.SelectOption(label=each.value.capitalize(), value=each.value) for each in Reason],
            )
        )
        self.id_ = id_

    @classmethod
    async def from_custom_id(
        cls, _interaction: Interaction, _item: ui.Item[Any], match: re.Match[str], /
    ) -> ReasonSelect:
        """The menu that was used, from what its custom_id says."""
        return cls(match["id"])

    async def callback(self, interaction: Interaction) -> Any:
        """A reason was chosen."""
        await guarded(interaction, _reasoned(interaction, self.id_, Reason(self.item.values[0])))


class CorrectButton(ui.DynamicItem[ui.Button[ui.View]], template=rf"newsbot:correct:{_ID}:(?P<reason>[a-z]+)"):
    """Opens the form in which somebody may say what is right."""

    def __init__(self, id_: str, reason: Reason) -> None:
        custom_id = f"newsbot:correct:{id_}:{reason.name.lower()}"
        super().__init__(ui.Button(label="Say what is right", style=discord.ButtonStyle.primary, custom_id=custom_id))
        self.id_ = id_
        self.reason = reason

    @classmethod
    async def from_custom_id(
        cls, _interaction: Interaction, _item: ui.Item[Any], match: re.Match[str], /
    ) -> CorrectButton:
        """The button that was pressed, from what its custom_id says."""
        name = match["reason"].upper()
        return cls(match["id"], Reason[name] if name in Reason.__members__ else Reason.WRONG)

    async def callback(self, interaction: Interaction) -> Any:
        """It was pressed."""
        await interaction.response.send_modal(CorrectForm(self.id_, self.reason))


class CorrectForm(ui.Modal, title="What is right?"):
    """A form with one line. It lives for as long as it is open."""

    right: ui.TextInput[CorrectForm] = ui.TextInput(
        label="The right answer, in a few words", max_length=CORRECTION_CHARS, custom_id="right"
    )

    def __init__(self, id_: str, reason: Reason) -> None:
        super().__init__(timeout=900, custom_id=f"newsbot:form:{id_}")
        self.id_ = id_
        self.reason = reason

    async def on_submit(self, interaction: Interaction, /) -> None:
        """It was sent."""
        await guarded(interaction, _corrected(interaction, self.id_, self.reason, self.right.value))


DYNAMIC = (AnswerButton, PageButton, ReasonSelect, CorrectButton)
"""What is added to the client, so that old messages' buttons find their way."""


async def guarded(interaction: Interaction, work: Awaitable[None]) -> None:
    """Do what a button is for; whatever goes wrong is said to the person alone, and logged without their words."""
    try:
        await work
    except NewsbotError as error:
        said = told(error)
    except discord.Forbidden as error:
        log.info("a button lacks a permission: %s", cause(error))
        said = "I lack a permission for this in this channel. An administrator can give it to me."
    except discord.HTTPException as error:
        log.warning("a button failed: %s", cause(error))
        said = MISHAP
    except Exception as error:  # the person must not see "interaction failed" without a word
        log.exception("a button failed: %s", type(error).__name__)
        said = MISHAP
    else:
        return
    with contextlib.suppress(discord.HTTPException, OSError):
        await whisper(interaction, said)


async def _known(interaction: Interaction, id_: str) -> Given:
    """The answer that a button belongs to. Raises UsageError where it is known no more."""
    found = await asyncio.to_thread(given, desk_of(interaction.client).house.corpus.catalog, id_)
    if found is None:
        raise UsageError(GONE)
    return found


async def _sources(interaction: Interaction, id_: str) -> None:
    embed, view = await _page(interaction, id_, 1)
    more: dict[str, Any] = {"view": view} if view is not None else {}
    await interaction.response.send_message(embed=embed, ephemeral=True, **more)


async def _turn(interaction: Interaction, id_: str, number: int) -> None:
    embed, view = await _page(interaction, id_, number)
    await interaction.response.edit_message(embed=embed, view=view)


async def _page(interaction: Interaction, id_: str, number: int) -> tuple[discord.Embed, ui.View | None]:
    desk = desk_of(interaction.client)
    settings = await desk.settings(person_of(interaction))
    found = await _known(interaction, id_)
    page = await asyncio.to_thread(source_page, desk.house.corpus.catalog, found, number, settings.language)
    count = len(found.citations)
    if count < 2:
        return embed_of(page), None
    view = ui.View(timeout=None)
    view.add_item(PageButton(id_, number - 1, "⬅️", disabled=number <= 1))
    view.add_item(PageButton(id_, number + 1, "➡️", disabled=number >= count))
    return embed_of(page), view


async def _follow(interaction: Interaction, id_: str) -> None:
    message, channel = interaction.message, interaction.channel
    if message is None or not isinstance(channel, discord.TextChannel) or message.flags.ephemeral:
        await whisper(interaction, "No thread can be opened here. Reply to the answer to ask on.")
        return
    if message.flags.has_thread:
        await whisper(interaction, f"The thread is open already: <#{message.id}>")
        return
    if not permissions_of(interaction).create_public_threads:
        await whisper(interaction, "I may not open threads here. Reply to the answer to ask on.")
        return
    found = await _known(interaction, id_)
    await interaction.response.defer(ephemeral=True, thinking=True)
    name = one_line(found.question.text, THREAD_NAME_CHARS) or "Follow up"
    try:
        thread = await message.create_thread(name=name, auto_archive_duration=THREAD_MINUTES)
    except discord.HTTPException as error:
        if error.code != THREAD_EXISTS:
            raise
        await whisper(interaction, f"The thread is open already: <#{message.id}>")
        return
    mention = "" if interaction.client.intents.message_content else " Mention me in each question."
    with contextlib.suppress(discord.Forbidden):
        await thread.send(f"Ask on here; I remember the answer above.{mention}")
    await whisper(interaction, f"Ask on in <#{thread.id}>.")


async def _refresh(interaction: Interaction, id_: str) -> None:
    desk, person = desk_of(interaction.client), person_of(interaction)
    if refusal := await desk.refusal(person):
        await whisper(interaction, refusal)
        return
    old = await _known(interaction, id_)
    language = (await desk.settings(person)).language
    message = interaction.message
    ephemeral = message is not None and message.flags.ephemeral
    can_follow = isinstance(interaction.channel, discord.TextChannel) and not ephemeral

    def remarks(answer: Answer) -> list[str]:
        lines = changes(old, answer, language)
        if lines:
            return [change_block(old, lines, language)]
        return [f"-# Asked again on {day(now().date(), language)}: nothing has changed."]

    fresh = await desk.ask(
        InteractionSpot(interaction, private=ephemeral, in_place=True),
        person,
        as_of_today(old.question),
        buttons=lambda new_id, answer: answer_view(new_id, answer, can_follow=can_follow),
        remarks=remarks,
        growing=False,
    )
    if fresh is not None and not ephemeral:
        await _take_away(interaction, old.messages[1:])


async def _take_away(interaction: Interaction, messages: tuple[int, ...]) -> None:
    """Further pages of the answer before: they do not belong to the new one."""
    channel = interaction.channel
    for id_ in messages:
        if isinstance(channel, discord.abc.Messageable):
            with contextlib.suppress(discord.HTTPException):
                await channel.get_partial_message(id_).delete()  # type: ignore[union-attr]


async def _up(interaction: Interaction, id_: str) -> None:
    await _known(interaction, id_)
    await _rate(interaction, id_, Rating.UP)
    await whisper(interaction, "Thank you. That helps to measure and improve the answers here.")


async def _down(interaction: Interaction, id_: str) -> None:
    await _known(interaction, id_)
    await _rate(interaction, id_, Rating.DOWN)
    view = ui.View(timeout=None)
    view.add_item(ReasonSelect(id_))
    await whisper(interaction, "Noted. What is amiss with this answer?", view=view)


async def _reasoned(interaction: Interaction, id_: str, reason: Reason) -> None:
    await _rate(interaction, id_, Rating.DOWN, reason)
    view = ui.View(timeout=None)
    view.add_item(CorrectButton(id_, reason))
    await interaction.response.edit_message(
        content=f"Thank you, noted: {reason.value}. You may also say what is right.", view=view
    )


async def _corrected(interaction: Interaction, id_: str, reason: Reason, right: str) -> None:
    await _rate(interaction, id_, Rating.DOWN, reason, one_line(right, CORRECTION_CHARS) or None)
    await interaction.response.edit_message(content="Thank you. What is right has been noted.", view=None)


async def _rate(
    interaction: Interaction, id_: str, rating: Rating, reason: Reason | None = None, right: str | None = None
) -> None:
    desk: Desk = desk_of(interaction.client)
    person: Person = person_of(interaction)
    await asyncio.to_thread(rate, desk.house.corpus.catalog, id_, person.user, rating, reason, right)


ACTS = {"sources": _sources, "follow": _follow, "refresh": _refresh, "up": _up, "down": _down}

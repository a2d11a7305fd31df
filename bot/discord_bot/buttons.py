"""Buttons under an answer that work after a restart: what they do is written in their custom_ids."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import discord
from discord import ui

from bot.corpus.catalog.feedback import Given, Rating, Reason, forget, given, rate, voter
from bot.corpus.corpus import Corpus
from bot.discord_bot.answer_service import AnswerService, tell_failure
from bot.discord_bot.browsing import latest_of
from bot.discord_bot.context import Interaction, Person, person_of
from bot.discord_bot.embeds import changes
from bot.discord_bot.forms import Form
from bot.discord_bot.guild_settings import now
from bot.discord_bot.quotes import source_page
from bot.discord_bot.targets import ReplacedTarget, permissions_of, think, whisper
from bot.errors import UsageError
from bot.retrieval.topic import articles_on
from bot.schema import Answer
from bot.wording.days import day
from bot.wording.markdown import one_line

SHOWN = {
    "sources": ("📚", "Sources"), "follow": ("💬", "Follow up"), "latest": ("🗞️", "Latest"), "more": (None, "⋯"),
    "up": ("👍", None), "down": ("👎", None), "refresh": ("🔄", "Ask again"),
    "bell": ("🔔", "Tell me when this changes"), "delete": ("🗑️", "Delete"), "back": ("⬅️", None), "page": ("➡️", None),
}  # fmt: skip
"""What each button does, with its emoji and its label."""
GONE = "This answer is no longer known here. Ask again."
THREAD_NAME_CHARS = 90
THREAD_MINUTES: Literal[1440] = 1440
THREAD_EXISTS = 160004
CORRECTION_CHARS = 300
BELLS_MOST = 10
"""Questions that one person may have asked again for them."""


class AnswerButton(
    ui.DynamicItem[ui.Button[ui.View]],
    template=r"newsbot:(?P<act>[a-z]+):(?P<id>[0-9a-f]{12})(?::(?P<number>[0-9]{1,4}))?",
):
    """A button that belongs to an answer: what it does, for which answer, with which number."""

    def __init__(self, act: str, id_: str, number: int | None = None, *, disabled: bool = False) -> None:
        emoji, label = SHOWN.get(act, ("❔", None))
        custom_id = f"newsbot:{act}:{id_}" + ("" if number is None else f":{number}")
        super().__init__(ui.Button(emoji=emoji, label=label, custom_id=custom_id, disabled=disabled))
        self.act, self.id_, self.number = act, id_, number

    @classmethod
    async def from_custom_id(
        cls, _interaction: Interaction, _item: ui.Item[Any], match: re.Match[str], /
    ) -> AnswerButton:
        return cls(match["act"], match["id"], int(match["number"]) if match["number"] else None)

    async def callback(self, interaction: Interaction) -> Any:
        service: AnswerService = interaction.client.service
        person = person_of(interaction)
        try:
            await service.require(person, looks=True)
            found = await asyncio.to_thread(given, service.context.corpus.catalog, self.id_)
            if found is None or self.act not in ACTS:
                raise UsageError(GONE)
            language = (await service.settings(person)).language
            await ACTS[self.act](Press(interaction, service, person, found, self.number, language))
        except Exception as error:  # the person must not see "interaction failed" without a word
            await tell_failure(interaction, error)


@dataclass(frozen=True, slots=True)
class Press:
    """A button that was pressed: by whom, the answer that it belongs to, its number if it has one, the language."""

    interaction: Interaction
    service: AnswerService
    person: Person
    found: Given
    number: int | None
    language: str

    @property
    def corpus(self) -> Corpus:
        """The corpus that was asked."""
        return self.service.context.corpus

    def may_delete(self) -> bool:
        """Whether who pressed asked for the answer, or manages the server. It blocks."""
        if self.person.manages:
            return True
        return self.service.store.asker_of(self.found.id) == voter(self.corpus.catalog, self.person.user)

    def message(self, id_: int) -> discord.PartialMessage | None:
        """A message of the channel; None where the bot is not in it."""
        channel: Any = self.interaction.channel
        return channel.get_partial_message(id_) if hasattr(channel, "get_partial_message") else None

    async def take_away(self, messages: Sequence[int]) -> None:
        """Delete messages of the channel."""
        for message in filter(None, map(self.message, messages)):
            with contextlib.suppress(discord.NotFound):
                await message.delete()

    async def rate(self, *rating: Any) -> None:
        """Keep what who pressed thinks of the answer."""
        await asyncio.to_thread(rate, self.corpus.catalog, self.found.id, self.person.user, *rating)


def buttons(*made: AnswerButton) -> ui.View:
    """A row of buttons that never time out."""
    view = ui.View(timeout=None)
    for each in made:
        view.add_item(each)
    return view


def answer_buttons(id_: str, answer: Answer, threads: bool) -> ui.View:
    """The buttons of an answer: few, so that it fits a phone. `threads`: a thread may be opened from it."""
    acts = ["latest", "bell", "more"]
    if answer.answered:
        acts = ["sources", *(["follow"] if threads else []), "up", "down", "more"]
    return buttons(*(AnswerButton(act, id_) for act in acts))


async def _sources(press: Press) -> None:
    """A source of the answer: the first one in a message of its own, others in place of the one before."""
    id_, number, count = press.found.id, press.number or 1, len(press.found.citations)
    page = await asyncio.to_thread(source_page, press.corpus.catalog, press.found, number, press.language)
    back = AnswerButton("back", id_, number - 1, disabled=number <= 1)
    view = buttons(*([back, AnswerButton("page", id_, number + 1, disabled=number >= count)] if count > 1 else []))
    if press.number is None:
        await press.interaction.response.send_message(embed=page, view=view, ephemeral=True)
    else:
        await press.interaction.response.edit_message(embed=page, view=view)


async def _follow(press: Press) -> None:
    interaction = press.interaction
    message, channel = interaction.message, interaction.channel
    if message is None or not isinstance(channel, discord.TextChannel) or message.flags.ephemeral:
        raise UsageError("No thread can be opened here. Reply to the answer to ask a follow-up.")
    if not permissions_of(interaction).create_public_threads:
        raise UsageError("I may not open threads here. Reply to the answer to ask a follow-up.")
    await think(interaction)
    name = one_line(press.found.question.text, THREAD_NAME_CHARS) or "Follow up"
    try:
        thread = await message.create_thread(name=name, auto_archive_duration=THREAD_MINUTES)
    except discord.HTTPException as error:
        if error.code != THREAD_EXISTS:
            raise
        raise UsageError(f"The thread is open already: <#{message.id}>") from error
    mention = "" if interaction.client.intents.message_content else " Mention me in each question."
    with contextlib.suppress(discord.Forbidden):
        await thread.send(f"Ask your follow-up here; I remember the answer above.{mention}")
    await whisper(interaction, f"Continue in <#{thread.id}>.")


async def _more(press: Press) -> None:
    acts = ["refresh", "bell"] if press.found.answered else ["refresh"]
    acts += ["delete"] if await asyncio.to_thread(press.may_delete) else []
    await whisper(press.interaction, "What else?", view=buttons(*(AnswerButton(act, press.found.id) for act in acts)))


async def _latest(press: Press) -> None:
    """The newest articles on what was asked, or of all."""

    def find() -> discord.Embed:
        asked = press.found.question.text
        return latest_of(press.corpus, asked if articles_on(press.corpus, asked) else None, press.language)[0]

    await whisper(press.interaction, "", embed=await asyncio.to_thread(find))


async def _refresh(press: Press) -> None:
    old, language = press.found, press.language
    message = press.message(old.messages[0]) if old.messages else None

    def remarks(answer: Answer) -> list[str]:
        nothing = f"-# Asked again on {day(now().date(), language)}: nothing has changed."
        return [changes(old, answer, language) or nothing]

    target, question = ReplacedTarget(press.interaction, message), replace(old.question, as_of=None)
    fresh = await press.service.ask(target, question, remarks=remarks, show_growing=False)
    if fresh is not None:  # pages of the answer before do not belong to the new one
        await press.take_away(old.messages[1:])


async def _delete(press: Press) -> None:
    if not await asyncio.to_thread(press.may_delete):
        raise UsageError("Only the person who asked, or somebody who manages the server, can delete an answer.")
    await press.take_away(press.found.messages)
    await asyncio.to_thread(forget, press.corpus.catalog, [press.found.id])
    await press.interaction.response.edit_message(content="Deleted, here and in my records.", view=None)


async def _bell(press: Press) -> None:
    """Ask again as the corpus grows, and tell the person when the answer changed."""
    store, person, asked = press.service.store, press.person, press.found.question.text
    bells = [each for each in await asyncio.to_thread(store.watches, "bell") if each.person == person.user]
    same = next((each for each in bells if each.topic == asked), None)
    if same is not None:
        await asyncio.to_thread(store.unwatch, same.id)
        await whisper(press.interaction, "I will no longer tell you when this answer changes.")
        return
    if len(bells) >= BELLS_MOST:
        raise UsageError(
            f"You are already watching {len(bells)} answers. Press 🔔 again at one of them to stop watching it."
        )
    seq = await asyncio.to_thread(press.corpus.catalog.seq)
    channel, body = press.interaction.channel_id or 0, {"answer": press.found.id}
    await asyncio.to_thread(store.watch, "bell", person.guild, channel, person.user, asked, seq, body)
    await whisper(press.interaction, "I will tell you when the answer changes. Press 🔔 again to stop that.")


async def _up(press: Press) -> None:
    await press.rate(Rating.UP)
    await whisper(press.interaction, "Thank you. That helps to measure and improve the answers here.")


async def _down(press: Press) -> None:
    """Ask once what is wrong with the answer, and what is right."""

    async def sent(interaction: Interaction, filled: Mapping[str, Any]) -> None:
        reason = Reason(filled["reason"][0])
        await press.rate(Rating.DOWN, reason, one_line(filled["right"] or "", CORRECTION_CHARS) or None)
        await whisper(interaction, f"Thank you, noted: {reason.value}.")

    options = [discord.SelectOption(label=each.value.capitalize(), value=each.value) for each in Reason]
    fields: dict[str, ui.Item[Any]] = {
        "What is wrong with this answer?": ui.Select(custom_id="reason", options=options),
        "The right answer, if you know it": ui.TextInput(
            custom_id="right", required=False, max_length=CORRECTION_CHARS
        ),
    }
    await press.interaction.response.send_modal(Form("What is wrong?", fields, sent))
    await press.rate(Rating.DOWN)


ACTS: dict[str, Callable[[Press], Awaitable[None]]] = {
    "sources": _sources, "follow": _follow, "latest": _latest, "more": _more, "up": _up, "down": _down,
    "refresh": _refresh, "bell": _bell, "delete": _delete, "back": _sources, "page": _sources,
}  # fmt: skip

"""Buttons under an answer that work after a restart: what they do is written in their custom_ids."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Literal

import discord
from discord import ui

from bot.corpus.catalog.feedback import Given, Rating, Reason, forget, given, rate, voter
from bot.discord_bot.answer_service import service_of, tell_failure
from bot.discord_bot.comparing import change_block, changes
from bot.discord_bot.context import person_of
from bot.discord_bot.embeds import embed_of
from bot.discord_bot.forms import Form
from bot.discord_bot.guild_settings import now
from bot.discord_bot.listings import latest_of
from bot.discord_bot.quotes import source_page
from bot.discord_bot.targets import ReplacedTarget, permissions_of, think, whisper
from bot.errors import UsageError
from bot.retrieval.topic import articles_on
from bot.schema import Answer
from bot.wording.days import day
from bot.wording.markdown import one_line

Interaction = discord.Interaction[Any]

SHOWN = {
    "sources": ("📚", "Sources"), "follow": ("💬", "Follow up"), "latest": ("🗞️", "Latest"), "more": ("⋯", None),
    "up": ("👍", None), "down": ("👎", None), "refresh": ("🔄", "Ask again"),
    "bell": ("🔔", "Tell me when this changes"), "delete": ("🗑️", "Delete"), "page": ("➡️", None),
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
    template=r"newsbot:(?P<act>[a-z]+):(?P<id>[0-9a-f]{12})(?::(?P<argument>[0-9]{1,4}))?",
):
    """A button that belongs to an answer: what it does, for which answer, with which number."""

    def __init__(
        self, act: str, id_: str, argument: int | None = None, *, emoji: str = "", disabled: bool = False
    ) -> None:
        own, label = SHOWN.get(act, ("❔", None))
        number = "" if argument is None else f":{argument}"
        super().__init__(
            ui.Button(
                emoji=None if act == "more" else emoji or own,
                label=own if act == "more" else label,
                custom_id=f"newsbot:{act}:{id_}{number}",
                disabled=disabled,
            )
        )
        self.act, self.id_, self.argument = act, id_, argument

    @classmethod
    async def from_custom_id(
        cls, _interaction: Interaction, _item: ui.Item[Any], match: re.Match[str], /
    ) -> AnswerButton:
        return cls(match["act"], match["id"], int(match["argument"]) if match["argument"] else None)

    async def callback(self, interaction: Interaction) -> Any:
        service, act = service_of(interaction), ACTS.get(self.act)
        try:
            await service.require(person_of(interaction), interaction.client, looks=True)
            if act is None:
                raise UsageError(GONE)
            await act(interaction, self.id_, self.argument or 1)
        except Exception as error:  # the person must not see "interaction failed" without a word
            await tell_failure(interaction, error)


def buttons(*made: AnswerButton) -> ui.View:
    """A row of buttons that never time out."""
    view = ui.View(timeout=None)
    for each in made:
        view.add_item(each)
    return view


def answer_buttons(*, threads: bool) -> Callable[[str, Answer], ui.View]:
    """Makes the buttons of an answer: few, so that it fits a phone. `threads`: a thread may be opened from it."""

    def made(id_: str, answer: Answer) -> ui.View:
        acts = ["latest", "bell", "more"]
        if answer.answered:
            acts = ["sources", *(["follow"] if threads else []), "up", "down", "more"]
        return buttons(*(AnswerButton(act, id_) for act in acts))

    return made


async def _known(interaction: Interaction, id_: str) -> Given:
    """The answer that a button belongs to. Raises UsageError where it is known no more."""
    found = await asyncio.to_thread(given, service_of(interaction).context.corpus.catalog, id_)
    if found is None:
        raise UsageError(GONE)
    return found


async def _sources(interaction: Interaction, id_: str, number: int) -> None:
    embed, view = await _page(interaction, id_, number)
    more: dict[str, Any] = {"view": view} if view is not None else {}
    await interaction.response.send_message(embed=embed, ephemeral=True, **more)


async def _turn(interaction: Interaction, id_: str, number: int) -> None:
    embed, view = await _page(interaction, id_, number)
    await interaction.response.edit_message(embed=embed, view=view)


async def _page(interaction: Interaction, id_: str, number: int) -> tuple[discord.Embed, ui.View | None]:
    service = service_of(interaction)
    settings = await service.settings(person_of(interaction))
    found = await _known(interaction, id_)
    page = await asyncio.to_thread(source_page, service.context.corpus.catalog, found, number, settings.language)
    count = len(found.citations)
    if count < 2:
        return embed_of(page), None
    back = AnswerButton("page", id_, number - 1, emoji="⬅️", disabled=number <= 1)
    return embed_of(page), buttons(back, AnswerButton("page", id_, number + 1, disabled=number >= count))


async def _follow(interaction: Interaction, id_: str, _: int) -> None:
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
    await think(interaction)
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


async def _more(interaction: Interaction, id_: str, _: int) -> None:
    service, person = service_of(interaction), person_of(interaction)
    found = await _known(interaction, id_)
    asker = await asyncio.to_thread(service.store.asker_of, id_)
    acts = ["refresh", "bell"] if found.answered else ["refresh"]
    if person.manages or asker == voter(service.context.corpus.catalog, person.user):
        acts.append("delete")
    await whisper(interaction, "What else?", view=buttons(*(AnswerButton(act, id_) for act in acts)))


async def _latest(interaction: Interaction, id_: str, _: int) -> None:
    """The newest articles on what was asked, or of all."""
    service = service_of(interaction)
    settings = await service.settings(person_of(interaction))
    found = await _known(interaction, id_)
    corpus = service.context.corpus

    def find() -> discord.Embed:
        topic = found.question.text if articles_on(corpus, found.question.text) else None
        return embed_of(latest_of(corpus, topic, settings.language)[0])

    await whisper(interaction, "", embed=await asyncio.to_thread(find))


async def _refresh(interaction: Interaction, id_: str, _: int) -> None:
    service, person = service_of(interaction), person_of(interaction)
    old = await _known(interaction, id_)
    language = (await service.settings(person)).language
    message = _partial(interaction, old.messages[0]) if old.messages else None

    def remarks(answer: Answer) -> list[str]:
        if lines := changes(old, answer, language):
            return [change_block(old, lines, language)]
        return [f"-# Asked again on {day(now().date(), language)}: nothing has changed."]

    target = ReplacedTarget(interaction, message)
    # A thread may be opened from the answer, not from the menu in which the button stands.
    made = answer_buttons(threads=isinstance(interaction.channel, discord.TextChannel) and message is not None)
    fresh = await service.ask(
        target, person, replace(old.question, as_of=None), buttons=made, remarks=remarks, growing=False
    )
    if fresh is not None:
        for further in old.messages[1:]:  # pages of the answer before do not belong to the new one
            await _take_away(interaction, further)


def _partial(interaction: Interaction, id_: int) -> discord.PartialMessage | None:
    channel: Any = interaction.channel
    return channel.get_partial_message(id_) if hasattr(channel, "get_partial_message") else None


async def _take_away(interaction: Interaction, id_: int) -> None:
    message = _partial(interaction, id_)
    if message is not None:
        with contextlib.suppress(discord.NotFound):
            await message.delete()


async def _delete(interaction: Interaction, id_: str, _: int) -> None:
    service, person = service_of(interaction), person_of(interaction)
    found = await _known(interaction, id_)
    catalog = service.context.corpus.catalog
    if not person.manages and await asyncio.to_thread(service.store.asker_of, id_) != voter(catalog, person.user):
        raise UsageError("Only who asked may delete an answer, and who manages the server.")
    for each in found.messages:
        await _take_away(interaction, each)
    await asyncio.to_thread(forget, catalog, [id_])
    await interaction.response.edit_message(content="Deleted, here and in what I keep.", view=None)


async def _bell(interaction: Interaction, id_: str, _: int) -> None:
    """Ask again as the corpus grows, and tell the person when the answer changed."""
    service, person = service_of(interaction), person_of(interaction)
    found = await _known(interaction, id_)
    bells = [each for each in await asyncio.to_thread(service.store.watches, "bell") if each.person == person.user]
    same = next((each for each in bells if each.topic == found.question.text), None)
    if same is not None:
        await asyncio.to_thread(service.store.unwatch, same.id)
        await whisper(interaction, "I shall not tell you of changes of this answer any more.")
        return
    if len(bells) >= BELLS_MOST:
        raise UsageError(f"You wait for {len(bells)} answers already; press 🔔 at one of them again to end that.")
    seq = await asyncio.to_thread(service.context.corpus.catalog.seq)
    await asyncio.to_thread(
        service.store.watch, "bell", person.guild, interaction.channel_id or 0, person.user, found.question.text, seq,
        {"answer": id_},
    )  # fmt: skip
    await whisper(interaction, "I shall tell you when the answer changes. Press 🔔 again to end that.")


async def _up(interaction: Interaction, id_: str, _: int) -> None:
    await _known(interaction, id_)
    await _rate(interaction, id_, Rating.UP)
    await whisper(interaction, "Thank you. That helps to measure and improve the answers here.")


async def _down(interaction: Interaction, id_: str, _: int) -> None:
    await _known(interaction, id_)
    await interaction.response.send_modal(_amiss(id_))
    await _rate(interaction, id_, Rating.DOWN)


def _amiss(id_: str) -> Form:
    """Asks once what is amiss with an answer, and what is right."""

    async def sent(interaction: Interaction, given: Mapping[str, Any]) -> None:
        reason = Reason(given["reason"][0])
        await _rate(interaction, id_, Rating.DOWN, reason, one_line(given["right"] or "", CORRECTION_CHARS) or None)
        await whisper(interaction, f"Thank you, noted: {reason.value}.")

    options = [discord.SelectOption(label=each.value.capitalize(), value=each.value) for each in Reason]
    fields: dict[str, ui.Item[Any]] = {
        "What is amiss with this answer?": ui.Select(custom_id="reason", options=options),
        "The right answer, if you know it": ui.TextInput(
            custom_id="right", required=False, max_length=CORRECTION_CHARS
        ),
    }
    return Form("What is amiss?", fields, sent)


async def _rate(
    interaction: Interaction, id_: str, rating: Rating, reason: Reason | None = None, right: str | None = None
) -> None:
    catalog = service_of(interaction).context.corpus.catalog
    await asyncio.to_thread(rate, catalog, id_, interaction.user.id, rating, reason, right)


ACTS: dict[str, Callable[[Interaction, str, int], Awaitable[None]]] = {
    "sources": _sources, "follow": _follow, "latest": _latest, "more": _more, "up": _up, "down": _down,
    "refresh": _refresh, "bell": _bell, "delete": _delete, "page": _turn,
}  # fmt: skip

"""The conversation is read from Discord: so many turns, in their order, whatever was deleted.

Answers are scripted. Real sockets, a fake Discord.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.asking import Asker
from bot.discord_bot.memory import TURNS_MOST
from bot.settings import Settings
from tests.discord_newsroom import Newsroom, Scripted, copied, newsroom
from tests.fake_discord import FakeDiscord
from tests.test_discord_answers import answer_of


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory, sample_settings: Settings) -> tuple[Path, Asker]:
    return copied(sample_settings.data_dir, tmp_path_factory.mktemp("memory") / "data", sample_settings)


@pytest.fixture
def asker(corpus: tuple[Path, Asker]) -> Scripted:
    made = Scripted(corpus[1])
    made.script = [answer_of("It *cost* [12] million_euros. [1]")]
    return made


@pytest.fixture
async def room(corpus: tuple[Path, Asker], asker: Scripted) -> AsyncIterator[Newsroom]:
    async with FakeDiscord() as fake, newsroom(fake, corpus[0], asker) as made:
        for each in range(9):
            fake.person(f"reader{each}")
        yield made


async def test_a_chain_of_replies_is_remembered_in_order_and_no_further_than_needed(
    room: Newsroom, asker: Scripted
) -> None:
    fake = room.fake
    said = await fake.say(f"<@{fake.bot['id']}> Who runs port *0* of <@{fake.bob['id']}>?")
    answer = await room.replied(fake.general, said)
    for number in range(1, TURNS_MOST + 3):
        reader = fake.person(f"person{number}")
        said = await fake.say(f"Who runs port *{number}*?", author=reader, reply_to=answer)
        answer = await room.replied(fake.general, said)
    assert asker.asked[0][0].text == "Who runs port *0* of Bob?"
    assert asker.asked[0][1] == ()
    turns = asker.asked[-1][1]
    assert [turn.question for turn in turns] == [f"Who runs port *{n}*?" for n in range(2, 2 + TURNS_MOST)]
    assert turns[-1].answer == "It *cost* [12] million_euros. [1]"


async def test_a_thread_is_remembered_with_the_answer_that_it_was_opened_from(room: Newsroom, asker: Scripted) -> None:
    fake = room.fake
    first = await room.ask("First?")
    await room.note(await room.pressed(first, "Follow up"))
    thread = await fake.until(lambda: fake.thread_of(first))
    for number in range(3):
        said = await fake.say(f"And how much was it in 202{number}?", channel=thread, author=fake.person(f"p{number}"))
        await room.replied(thread, said)
    assert [turn.question for turn in asker.asked[-1][1]] == [
        "First?",
        "And how much was it in 2020?",
        "And how much was it in 2021?",
    ]


async def test_what_was_deleted_is_forgotten(room: Newsroom, asker: Scripted) -> None:
    fake = room.fake
    first_said = await fake.say(f"<@{fake.bot['id']}> First?")
    first = await room.replied(fake.general, first_said)
    second_said = await fake.say("When was the bridge opened?", reply_to=first)
    second = await room.replied(fake.general, second_said)
    await fake.delete(first)
    said = await fake.say("Who opened it?", reply_to=second)
    await room.replied(fake.general, said)
    assert [turn.question for turn in asker.asked[-1][1]] == ["When was the bridge opened?"]


async def test_messages_without_components_are_read_too(room: Newsroom, asker: Scripted) -> None:
    fake = room.fake
    fake.contract = None  # Discord's description says that the key is always there
    first = await room.ask("First?")
    await room.note(await room.pressed(first, "Follow up"))
    thread = await fake.until(lambda: fake.thread_of(first))
    talk = await fake.say("they say so", channel=thread, author=fake.bob)
    for message in fake.messages(thread):
        if message["id"] != talk["id"]:
            message.pop("components")
    talk.pop("components")
    answer = await room.replied(thread, await fake.say("How much did the bridge cost?", channel=thread))
    assert answer["embeds"][0]["title"] == "How much did the bridge cost?"
    assert [turn.question for turn in asker.asked[-1][1]] == ["First?"]


async def test_lists_and_notes_are_no_part_of_a_conversation(room: Newsroom, asker: Scripted) -> None:
    fake = room.fake
    shown = await fake.answered(await fake.slash("latest"))
    before = len(asker.asked)
    await fake.say("What is that?", reply_to=shown, ping=False)
    await room.ask("Something else?")
    assert len(asker.asked) == before + 1
    said = await fake.say(f"<@{fake.bot['id']}> What is that?", reply_to=shown)
    await room.replied(fake.general, said)
    assert asker.asked[-1][1] == ()

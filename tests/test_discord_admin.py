"""Administrators set where, to whom and when newsbot answers; what it may not do is said shortly and privately.

Real sockets, a fake Discord.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import discord
import pytest

from bot.asking import Asker
from bot.discord_bot.client import LEAST_PERMISSIONS
from bot.discord_bot.guild_settings import SECTIONS
from bot.settings import Settings
from tests.discord_newsroom import NATO, Newsroom, copied, newsroom, words_shown
from tests.fake_discord import FakeDiscord
from tests.fake_discord_world import Json
from tests.test_discord_ingesting import Standing


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory, sample_settings: Settings) -> tuple[Path, Asker]:
    return copied(sample_settings.data_dir, tmp_path_factory.mktemp("admin") / "data", sample_settings)


@pytest.fixture
async def room(corpus: tuple[Path, Asker]) -> AsyncIterator[Newsroom]:
    async with FakeDiscord() as fake, newsroom(fake, *corpus) as made:
        yield made


async def setting(room: Newsroom, **values: Any) -> str:
    """What the panel shows after settings of one section were changed, to the administrator alone."""
    panel = await room.note(await room.fake.slash("newsbot settings"))
    assert panel["flags"] & 64
    (section,) = [title for title, names in SECTIONS.items() if values.keys() <= set(names)]
    form = await room.fake.select(panel, "choice", section)
    filled = await room.fake.filled_in(form)
    done = await room.fake.submit(form, **(filled | values))
    await room.fake.until(lambda: done.acknowledged)
    return words_shown(await room.note(done) if done.acknowledged == 4 else panel)


async def answered(room: Newsroom, command: str, author: Json | None = None, **options: object) -> str:
    """What a command of the group answers, to the administrator alone."""
    asked = await room.fake.slash(f"newsbot {command}", author=author, options=dict(options))
    message = await room.fake.answered(asked)
    assert message["flags"] & 64
    return words_shown(message)


async def mention(room: Newsroom, channel: Json, author: Json | None = None) -> Json:
    return await room.fake.say(f"<@{room.fake.bot['id']}> {NATO}", channel=channel, author=author)


async def silent(room: Newsroom, channel: Json, message: Json) -> None:
    """The bot leaves a message alone: by the time that a later command is answered, nothing was written."""
    await asyncio.sleep(0.15)
    later = [each for each in room.fake.messages(channel) if int(each["id"]) > int(message["id"])]
    assert not [each for each in later if each["author"]["id"] == room.fake.bot["id"]]


async def test_the_group_is_for_those_who_manage_the_server(room: Newsroom) -> None:
    with pytest.raises(AssertionError, match="may not use"):
        await room.fake.slash("newsbot status", author=room.fake.bob)
    (group,) = [each for each in room.fake.world.commands[""] if each["name"] == "newsbot"]
    assert group["contexts"] == [0]
    assert group["integration_types"] == [0]
    group["default_member_permissions"] = None  # a server may let others see the commands
    for command in ("settings", "status", "stats"):
        assert "Only administrators" in await answered(room, command, room.fake.bob)
    manager = room.fake.person("manager", "manage_guild")
    said = await answered(room, "status", manager)
    assert "The corpus holds 44 articles" in said
    assert "- search by words: up to date" in said
    assert "bm25" not in said.lower()


async def test_the_panel_is_used_by_those_who_manage_the_server(room: Newsroom) -> None:
    panel = await room.note(await room.fake.slash("newsbot settings"))
    assert "- Dates are written in: English" in words_shown(panel)
    done = await room.fake.select(panel, "choice", "Quiet hours", author=room.fake.bob)
    assert "Only people who may manage" in words_shown(await room.note(done))


async def test_a_denied_channel_is_silent_and_commands_say_why(room: Newsroom) -> None:
    fake = room.fake
    said = await setting(room, denied_channels=[fake.general["id"]])
    assert said.splitlines() == [
        "Changed",
        f"- Never answer in these channels: <#{fake.general['id']}>",
        "-# before: none",
    ], "what changed alone"
    await silent(room, fake.general, await mention(room, fake.general))
    note = await room.note(await fake.slash("ask", question=NATO))
    assert note["flags"] & 64
    assert "have not opened this channel" in words_shown(note)
    assert "Never answer in these channels: none" in await setting(room, denied_channels=[])
    await room.replied(fake.general, await mention(room, fake.general))


async def test_allowed_channels_close_the_others_and_open_ones_answer_every_question(room: Newsroom) -> None:
    fake = room.fake
    desk, other = fake.channel("news-desk"), fake.channel("other")
    for each in (desk, other):
        await fake.announce(each)
    await setting(room, open_channels=[desk["id"]])
    await room.replied(desk, await fake.say(NATO, channel=desk))
    await silent(room, other, await fake.say(NATO, channel=other))
    talk = await fake.say("Who commands the mission?", channel=desk, author=fake.bob)
    await room.replied(desk, talk)
    await silent(room, desk, await fake.say("Who led it in 2020?", channel=desk, reply_to=talk))
    await silent(room, desk, await fake.say("lol ok", channel=desk))
    await setting(room, allowed_channels=[desk["id"]])
    await silent(room, other, await mention(room, other))
    await setting(room, open_channels=[])
    await silent(room, desk, await fake.say(NATO, channel=desk))
    await room.replied(desk, await mention(room, desk))


async def test_a_post_in_an_open_forum_is_a_question_with_its_title(room: Newsroom) -> None:
    fake = room.fake
    forum = fake.channel("questions", kind=15)
    await fake.announce(forum)
    await setting(room, open_channels=[forum["id"]])
    post = await fake.post(forum, "NATO in Iraq", "How many personnel are there?", author=fake.bob)
    answer = await room.replied(fake.world.channels[post["id"]], post)
    assert answer["embeds"][0]["title"] == "NATO in Iraq How many personnel are there?"
    assert "several hundred" in words_shown(answer)


async def test_roles_and_people_are_allowed_and_denied(room: Newsroom) -> None:
    fake = room.fake
    readers = {**fake.guild["roles"][0], "id": fake.world.id(), "name": "readers", "permissions": "0"}
    fake.guild["roles"].append(readers)
    await fake.tell("GUILD_ROLE_CREATE", fake.general, {"guild_id": fake.guild["id"], "role": readers})
    await setting(room, allowed_roles=[readers["id"]])
    note = await room.note(await fake.slash("ask", author=fake.bob, question=NATO))
    assert "your roles" in words_shown(note)
    await silent(room, fake.general, await mention(room, fake.general, fake.bob))
    fake.world.members[fake.guild["id"], fake.bob["id"]]["roles"].append(readers["id"])
    assert "several hundred" in words_shown(await room.ask(author=fake.bob))
    assert "several hundred" in words_shown(await room.ask()), "who manages the server is always answered"
    assert "Answer these roles alone: all" in await setting(room, allowed_roles=[])
    await setting(room, denied_roles=[readers["id"]])
    alone = fake.dm(fake.bob)
    told = await room.replied(alone, await fake.say(NATO, author=fake.bob, channel=alone))
    assert "do not let me answer you" in told["content"], "who is denied in a server is not served by direct message"
    carol = fake.person("carol")
    await setting(room, blocked_people=[carol["id"]])
    assert "I do not answer here" in words_shown(await room.note(await fake.slash("ask", author=carol, question=NATO)))


async def test_limits_quiet_hours_and_language(room: Newsroom) -> None:
    fake = room.fake
    said = await setting(room, user_per_minute="1", server_per_hour="7", queue_length="3")
    assert said.splitlines() == [
        "Changed",
        "- Questions of one person in a minute: 1", "-# before: 5",
        "- Questions of the server in an hour: 7", "-# before: 1,000",
        "- Questions that may wait: 3", "-# before: 50",
    ]  # fmt: skip
    assert "integer" in await setting(room, user_per_minute="many")
    await room.ask()
    assert "more than I may answer" in words_shown(await room.note(await fake.slash("ask", question=NATO)))
    await setting(room, user_per_minute="0", server_per_hour="")

    now = datetime.now(UTC)
    begin, end = f"{now - timedelta(hours=1):%H:%M}", f"{now + timedelta(hours=1):%H:%M}"
    said = await setting(room, quiet_from=begin, quiet_to=end, time_zone="")
    assert f"from, such as 22:00: {begin}" in said
    assert f"to, such as 07:00: {end}" in said
    assert "zone" not in said, "it is UTC again where nothing stands"
    await silent(room, fake.general, await mention(room, fake.general))
    assert "several hundred" in words_shown(await room.ask()), "commands are answered"
    assert "a beginning and another end" in await setting(room, quiet_from="22:00", quiet_to="")
    assert "no time of day" in await setting(room, quiet_from="late", quiet_to="7")
    assert "no time zone" in await setting(room, time_zone="Moon/Base")
    assert "from, such as 22:00: none" in await setting(room, quiet_from="", quiet_to="")
    await room.replied(fake.general, await mention(room, fake.general))

    assert "- Dates are written in: Deutsch\n-# before: English" in await setting(room, language=["de"])
    said = words_shown(await room.ask())
    assert "As of 24. Mai 2024" in said
    assert "[Harbour Post, 24. Mai 2024](" in said
    assert "- Dates are written in: English" in await setting(room, language=[]), "what is emptied is its default again"


async def test_what_was_asked_is_told_to_administrators(room: Newsroom) -> None:
    await room.pressed(await room.ask(), "👍")
    await room.ask("Who won the 2031 chess cup in Oslo?", author=room.fake.bob)
    said = await answered(room, "stats")
    assert "**2** questions in 30 days, **1** that the corpus does not answer" in said
    assert "👍 1 · 👎 0" in said
    assert said.index("**Asked, and not in the corpus**") < said.rindex("- who won the 2031 chess cup in oslo")


async def test_settings_outlive_the_bot(corpus: tuple[Path, Asker]) -> None:
    async with FakeDiscord() as fake:
        async with newsroom(fake, *corpus) as room:
            await setting(room, language=["fr"])
        async with newsroom(fake, *corpus) as room:
            assert "24 mai 2024" in words_shown(await room.ask())


# Putting articles in


async def test_articles_are_put_in_by_the_bots_owner_where_it_is_enabled(
    corpus: tuple[Path, Asker], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with FakeDiscord() as fake, newsroom(fake, *corpus, discord_ingest=True) as room:
        Standing(tmp_path, monkeypatch).says(
            f'''for address; do :; done; echo "$address" >> "{tmp_path}/given"
            case "$address" in *bad) echo 'newsbot: That page could not be read @everyone.' >&2; exit 1;; esac
            echo '{{"counts": {{"new": 1}}, "told": []}}' '''
        )
        assert await answered(room, "ingest", url="<https://post.example/a>") == "1 new"
        refused = await answered(room, "ingest", url="https://post.example/bad")
        assert "could not be read" in refused
        assert "@everyone" not in refused
        for wrong in ("file:///etc/passwd", "--help", "https://a.example https://b.example", "post.example"):
            assert "one address" in await answered(room, "ingest", url=wrong)
        chief = fake.person("chief", "administrator")
        said = await answered(room, "ingest", chief, url="https://post.example/c")
        assert "Only the owner of this bot" in said, "an administrator of any server is not enough"
    assert (tmp_path / "given").read_text().split() == ["https://post.example/a", "https://post.example/bad"]


async def test_it_is_not_there_unless_it_is_enabled(room: Newsroom) -> None:
    (group,) = [each for each in room.fake.world.commands[""] if each["name"] == "newsbot"]
    assert "ingest" not in [each["name"] for each in group["options"]]


# What the bot may not do


async def test_the_permissions_of_the_invite_are_enough(room: Newsroom) -> None:
    fake = room.fake
    channel = fake.channel("least")
    needless = [name for name, _ in discord.Permissions.all() if not getattr(LEAST_PERMISSIONS, name)]
    fake.world.deny(channel, fake.bot, *needless)
    await fake.announce(channel)
    before = len(fake.requests)
    answer = await room.replied(channel, await mention(room, channel))
    await room.note(await room.pressed(answer, "Follow up"))
    thread = await fake.until(lambda: fake.thread_of(answer))
    await room.replied(thread, await fake.say("and in Syria?", channel=thread))
    asked = await fake.slash("coverage", channel=channel, topic="NATO")
    assert (await fake.answered(asked))["attachments"]
    assert not [each.path for each in fake.requests[before:] if each.status == 403]


async def test_a_channel_in_which_it_may_not_write_is_told_privately(room: Newsroom) -> None:
    fake = room.fake
    closed = fake.channel("closed")
    fake.world.deny(closed, fake.bot, "send_messages")
    await fake.announce(closed)
    await mention(room, closed, fake.bob)
    alone = fake.dm(fake.bob)
    note = await fake.until(lambda: next(iter(fake.messages(alone)), None))
    assert "may not write" in note["content"]


async def test_without_history_it_answers_and_says_what_it_did_not_read(room: Newsroom) -> None:
    fake = room.fake
    channel = fake.channel("no-history")
    fake.world.deny(channel, fake.bot, "read_message_history")
    await fake.announce(channel)
    first = await room.replied(channel, await mention(room, channel))
    assert "message_reference" not in first
    question = await fake.say(f"<@{fake.bot['id']}> and in Syria?", channel=channel, reply_to=first, author=fake.bob)
    await room.replied(channel, question)
    alone = fake.dm(fake.bob)
    note = await fake.until(lambda: next(iter(fake.messages(alone)), None))
    assert "history" in note["content"]


async def test_without_threads_the_button_says_so(room: Newsroom) -> None:
    fake = room.fake
    channel = fake.channel("no-threads")
    fake.world.deny(channel, fake.bot, "create_public_threads")
    await fake.announce(channel)
    answer = await room.ask(channel=channel)
    note = await room.note(await room.pressed(answer, "Follow up"))
    assert note["flags"] & 64
    assert "may not open threads" in words_shown(note)


async def test_without_files_the_chart_gives_way_to_numbers(room: Newsroom) -> None:
    fake = room.fake
    channel = fake.channel("no-files")
    fake.world.deny(channel, fake.bot, "attach_files")
    await fake.announce(channel)
    asked = await fake.slash("coverage", channel=channel, topic="NATO")
    message = await fake.answered(asked)
    await fake.until(lambda: len(asked.messages) == 2)
    assert not message["attachments"]
    assert "- Harbour Post: " in words_shown(message)
    assert asked.followups[0]["flags"] & 64


async def test_without_the_content_intent_commands_and_mentions_work(corpus: tuple[Path, Asker]) -> None:
    async with FakeDiscord(content_intent=False) as fake, newsroom(fake, *corpus) as room:
        assert "several hundred" in words_shown(await room.ask())
        answer = await room.replied(fake.general, await mention(room, fake.general))
        await room.pressed(answer, "Follow up")
        thread = await fake.until(lambda: fake.thread_of(answer))
        intro = await fake.until(lambda: next(iter(fake.messages(thread)), None))
        assert "Mention me" in intro["content"]
        question = await fake.say("and in Syria?", channel=thread)
        told = await room.replied(thread, question)
        assert "cannot read messages here unless they mention me" in told["content"]
        question = await fake.say(f"<@{fake.bot['id']}> and in Syria?", channel=thread)
        follow = await fake.until(lambda: next((each for each in fake.messages(thread)[::-1] if each["embeds"]), None))
        assert follow["embeds"][0]["title"] == "How many NATO personnel are in Syria?"

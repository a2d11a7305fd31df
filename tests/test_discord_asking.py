"""People ask newsbot on a fake Discord over real sockets: commands, mentions, replies, threads, direct messages.

The sample corpus and the real asker are behind it.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.asking import Asker
from bot.settings import Settings
from tests.discord_newsroom import NATO, Newsroom, copied, newsroom, words_shown
from tests.fake_discord import FakeDiscord


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory, sample_settings: Settings) -> tuple[Path, Asker]:
    return copied(sample_settings.data_dir, tmp_path_factory.mktemp("asking") / "data", sample_settings)


@pytest.fixture
async def room(corpus: tuple[Path, Asker]) -> AsyncIterator[Newsroom]:
    async with FakeDiscord() as fake, newsroom(fake, *corpus) as made:
        yield made


# Commands


async def test_an_answer_is_one_embed_with_its_sources_and_buttons(room: Newsroom) -> None:
    asked = await room.fake.slash("ask", question=NATO)
    message = await room.final(asked)
    assert asked.acknowledged == 5
    (embed,) = message["embeds"]
    assert embed["title"] == NATO
    assert embed["description"].startswith("“NATO Mission Iraq")
    assert "”\n-# [Harbour Post, 24 May 2024](https://harbourpost.example/" in embed["description"]
    assert embed["footer"]["text"] == "As of 24 May 2024"
    labels = [(each.get("label") or each["emoji"]["name"]) for each in message["components"][0]["components"]]
    assert labels == ["Sources", "Follow up", "👍", "👎", "⋯"]
    assert not message["flags"] & 64


async def test_days_and_sources_narrow_and_private_is_private(room: Newsroom) -> None:
    message = await room.ask(NATO, before="2020-12", private=True)
    assert message["flags"] & 64
    assert "**roughly 500**" in words_shown(message)
    assert "Follow up" not in [each.get("label") for each in message["components"][0]["components"]]
    message = await room.ask(NATO, source="southwind daily", after="2023")
    assert "https://harbourpost.example" not in words_shown(message)
    assert "Southwind Daily" in words_shown(message)


@pytest.mark.parametrize(
    ("options", "said"),
    [({"after": "yesteryear"}, "I do not understand the day"), ({"source": "The Moon"}, "No article here is from"),
     ({"after": "2024", "before": "2020"}, "No day is after")],
)  # fmt: skip
async def test_what_cannot_be_asked_is_said_in_words(room: Newsroom, options: dict[str, str], said: str) -> None:
    assert said in words_shown(await room.ask(**options))


async def test_sources_are_offered_while_typing(room: Newsroom) -> None:
    offered = await room.fake.choices("ask", "source", "ha", question="x")
    assert offered == [{"name": "Harbour Post", "value": "Harbour Post"}]
    assert 3 < len(await room.fake.choices("ask", "source", "", question="x")) <= 25
    assert await room.fake.choices("ask", "source", "nobody", question="x") == []


async def test_it_says_plainly_when_the_corpus_does_not_know_and_what_it_covers(room: Newsroom) -> None:
    said = words_shown(await room.ask("Who won the 2031 chess cup in Oslo?"))
    assert "The corpus does not say." in said
    assert "44 articles, published from 10 April 2019 to 8 May 2025" in said


async def test_coverage_is_a_chart_with_key_dates(room: Newsroom) -> None:
    room.fake.fail("PATCH", "/messages/@original", status=503)
    asked = await room.fake.slash("coverage", topic="NATO", theme="light")
    message = await room.fake.answered(asked)
    await room.fake.until(lambda: message["attachments"])
    (attachment,) = message["attachments"]
    chart = room.fake.world.files[attachment["id"]]
    assert chart.startswith(b"\x89PNG")
    assert chart.endswith(b"IEND\xaeB`\x82"), "whole at the second try too"
    assert message["embeds"][0]["image"]["url"] == "attachment://coverage.png"
    said = words_shown(message)
    assert "**6** articles, 13 February 2020 to 24 May 2024" in said
    assert "**1** · " in said
    assert "](https://harbourpost.example/" in said


async def test_coverage_without_matplotlib_is_told_in_words(room: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)  # as where it is not installed
    asked = await room.fake.slash("coverage", topic="NATO")
    message = await room.fake.answered(asked)
    assert not message["attachments"]
    assert "**6** articles, 13 February 2020 to 24 May 2024" in words_shown(message)
    (said,) = await room.fake.until(lambda: asked.followups)
    assert '"newsbot[charts]"' in said["content"]


async def test_a_topic_that_nobody_wrote_about(room: Newsroom) -> None:
    for command in ("coverage", "latest"):
        asked = await room.fake.slash(command, topic="zebra @everyone unicorn")
        said = words_shown(await room.fake.answered(asked))
        assert "No article here speaks of" in said
        assert "@everyone" not in said


async def test_latest_sources_and_help(room: Newsroom) -> None:
    asked = await room.fake.slash("latest")
    said = words_shown(await room.fake.answered(asked))
    assert said.splitlines()[1].startswith("1. [Robert Prevost elected pope")
    days = [int(year) for year in re.findall(r"(\d{4})$", said, re.MULTILINE)]
    assert len(days) == 10
    assert days == sorted(days, reverse=True)
    asked = await room.fake.slash("latest", topic="earthquake")
    assert "earthquake" in words_shown(await room.fake.answered(asked)).lower()
    asked = await room.fake.slash("sources")
    said = words_shown(await room.fake.answered(asked))
    assert re.search(r"\*\*Harbour Post\*\* · \d+ · newest \d+ \w+ 20\d\d", said)
    assert "Last ingest on" in said
    asked = await room.fake.slash("help")
    message = await room.note(asked)
    assert message["flags"] & 64
    assert "/ask" in words_shown(message)


async def test_a_message_is_checked_against_the_news_for_oneself(room: Newsroom) -> None:
    claim = await room.fake.say("They say 369 ships were waiting at the Suez Canal!! @everyone", author=room.fake.bob)
    asked = await room.fake.menu("Check against the news", claim)
    message = await room.final(asked)
    assert message["flags"] & 64
    said = words_shown(message)
    assert message["embeds"][0]["title"] == "Checked against the news"
    assert "not a verdict" in said
    assert "369 vessels were waiting" in said
    assert "29 March 2021" in said
    empty = await room.fake.say("", author=room.fake.bob)
    asked = await room.fake.menu("Check against the news", empty)
    assert "no words" in words_shown(await room.note(asked))


# Messages


async def test_a_mention_is_answered_by_a_reply_that_pings_nobody(room: Newsroom) -> None:
    fake = room.fake
    question = await fake.say(f"<@{fake.bot['id']}> {NATO}")
    answer = await room.replied(fake.general, question)
    assert answer["message_reference"]["message_id"] == question["id"]
    assert answer["mentions"] == []
    assert answer["embeds"][0]["title"] == NATO
    assert fake.requested("POST", rf"/channels/{fake.general['id']}/typing")


async def test_other_peoples_talk_is_left_alone(room: Newsroom) -> None:
    fake = room.fake
    before = len(fake.requests)
    said = await fake.say("How many NATO personnel are in Iraq?")
    await fake.say("Good question", author=fake.bob, reply_to=said)
    await fake.say(f"<@{fake.bob['id']}> what do you think?")
    done = await fake.slash("help")
    await fake.until(lambda: done.acknowledged)
    assert {each.path.split("/")[1] for each in fake.requests[before:]} == {"interactions"}


async def test_a_reply_to_an_answer_is_a_follow_up_and_so_is_the_next(room: Newsroom) -> None:
    fake = room.fake
    question = await fake.say(f"<@{fake.bot['id']}> {NATO}")
    first = await room.replied(fake.general, question)
    second_question = await fake.say("and in Syria?", reply_to=first, author=fake.bob)
    second = await room.replied(fake.general, second_question)
    assert second["embeds"][0]["title"] == "How many NATO personnel are in Syria?"
    third_question = await fake.say("and in 2021?", reply_to=second, ping=False)
    third = await room.replied(fake.general, third_question)
    assert "Syria" in third["embeds"][0]["title"]
    assert "2021" in third["embeds"][0]["title"]


async def test_a_reply_to_a_commands_answer_is_a_follow_up(room: Newsroom) -> None:
    answer = await room.ask()
    question = await room.fake.say("and in Syria?", reply_to=answer)
    follow = await room.replied(room.fake.general, question)
    assert follow["embeds"][0]["title"] == "How many NATO personnel are in Syria?"


async def test_a_thread_remembers_and_lets_people_talk_to_each_other(room: Newsroom) -> None:
    fake = room.fake
    answer = await room.ask()
    done = await room.pressed(answer, "Follow up", author=fake.bob)
    thread = await fake.until(lambda: fake.thread_of(answer))
    assert thread["name"] == NATO
    assert (await room.note(done))["flags"] & 64
    question = await fake.say("and in Syria?", channel=thread)
    follow = await room.replied(thread, question)
    assert follow["embeds"][0]["title"] == "How many NATO personnel are in Syria?"
    talk = await fake.say("I doubt that", channel=thread, reply_to=question, author=fake.bob)
    question = await fake.say("and in Iraq?", channel=thread)
    follow = await room.replied(thread, talk)
    assert follow["message_reference"]["message_id"] == question["id"]
    again = await room.pressed(answer, "Follow up")
    assert "already" in words_shown(await room.note(again))


async def test_direct_messages_need_no_mention(room: Newsroom) -> None:
    fake = room.fake
    alone = fake.dm(fake.bob)
    question = await fake.say(NATO, author=fake.bob, channel=alone)
    answer = await room.replied(alone, question)
    assert "several hundred" in words_shown(answer)
    assert "Follow up" not in [each.get("label") for each in answer["components"][0]["components"]]
    question = await fake.say("and in Syria?", author=fake.bob, channel=alone, reply_to=answer)
    assert "Syria" in (await room.replied(alone, question))["embeds"][0]["title"]
    asked = await fake.slash("ask", author=fake.bob, channel=alone, question=NATO)
    assert "several hundred" in words_shown(await room.final(asked))


async def test_an_empty_mention_is_told_how_to_ask(room: Newsroom) -> None:
    question = await room.fake.say(f"<@{room.fake.bot['id']}>")
    assert "/help" in words_shown(await room.replied(room.fake.general, question))


# As a person would


async def test_is_that_true_is_about_the_message_that_is_answered(room: Newsroom) -> None:
    fake = room.fake
    claim = await fake.say("NATO has 4,000 troops in Iraq, I heard", author=fake.bob)
    asked = await fake.say(f"<@{fake.bot['id']}> is that true?", reply_to=claim)
    answer = await room.replied(fake.general, asked)
    (embed,) = answer["embeds"]
    assert embed["title"] == "Checked against the news", "the claim is no headline"
    lines = embed["description"].split("\n")
    assert lines[:2] == ["> NATO has 4,000 troops in Iraq, I heard", "-# The nearest passages, not a verdict."]
    assert "4,000" in lines[3], "what names the same figure comes first"
    assert "[Harbour Post, 18 February 2021](https://harbourpost.example/" in lines[4]


async def test_talk_in_a_thread_is_left_alone_and_small_talk_answered(room: Newsroom) -> None:
    fake = room.fake
    answer = await room.ask()
    await room.pressed(answer, "Follow up")
    thread = await fake.until(lambda: fake.thread_of(answer))
    await fake.until(lambda: fake.messages(thread))
    before = len(fake.messages(thread))
    for said in ("lol ok", "I doubt that", "are you coming to lunch?", "wow"):
        await fake.say(said, channel=thread, author=fake.bob)
    await fake.say("thanks!", channel=thread)
    await fake.until(lambda: fake.requested("PUT", rf"/channels/{thread['id']}/messages/\d+/reactions/.*"))
    able = await fake.say("What can you do?", channel=thread)
    told = await room.replied(thread, able)
    assert told["content"].startswith("I answer questions about the news")
    assert not told["embeds"], "small talk is no answer"
    assert not told["components"]
    await fake.say("haha, nice one", channel=thread, reply_to=told)
    question = await fake.say("and in Syria?", channel=thread, author=fake.bob)
    follow = await room.replied(thread, question)
    assert follow["embeds"][0]["title"] == "How many NATO personnel are in Syria?"
    assert len(fake.messages(thread)) == before + 8 + 2, "eight people spoke, and two of them were answered in words"


async def test_what_is_new_is_a_digest_of_dated_quotes(room: Newsroom) -> None:
    fake = room.fake
    asked = await fake.say(f"<@{fake.bot['id']}> what's the latest on NATO?")
    (embed,) = (await room.replied(fake.general, asked))["embeds"]
    years = [int(year) for year in re.findall(r"-# \[[^\]]+ (\d{4})\]\(https://", embed["description"])]
    assert len(years) > 3
    assert years == sorted(years, reverse=True), "newest first"
    said = words_shown(await room.ask("what's the latest?"))
    assert "2025](https://" in said


async def test_a_refusal_offers_what_is_near_and_what_is_new(room: Newsroom) -> None:
    message = await room.ask("Who won the 2031 chess cup in Oslo?")
    labels = [(each.get("label") or each["emoji"]["name"]) for each in message["components"][0]["components"]]
    assert labels == ["Latest", "Tell me when this changes", "⋯"]
    assert "Try other words, or `/latest`" in words_shown(message)
    note = await room.note(await room.pressed(message, "Latest"))
    assert note["flags"] & 64
    assert "Latest articles" in words_shown(note)


# Restart


async def test_everything_goes_on_after_a_restart(corpus: tuple[Path, Asker]) -> None:
    async with FakeDiscord() as fake:
        async with newsroom(fake, *corpus) as room:
            answer = await room.ask()
            question = await fake.say(f"<@{fake.bot['id']}> {NATO}")
            reply = await room.replied(fake.general, question)
            await room.pressed(reply, "Follow up")
            thread = await fake.until(lambda: fake.thread_of(reply))
            opened = await room.pressed(answer, "Sources")
            page = await room.note(opened)
        async with newsroom(fake, *corpus) as room:
            fresh = await room.note(await room.pressed(answer, "Sources"))
            assert "**NATO Mission Iraq involves several hundred personnel" in words_shown(fresh)
            await room.pressed(page, "➡️")
            await fake.until(lambda: "Source 2 of 3" in words_shown(page))
            assert (await room.pressed(answer, "👎")).acknowledged == 9
            await room.more(answer, "Ask again")
            await fake.until(lambda: "nothing has changed" in words_shown(answer))
            asked = await fake.say("and in Syria?", reply_to=reply)
            assert "Syria" in (await room.replied(fake.general, asked))["embeds"][0]["title"]
            asked = await fake.say("and in Syria?", channel=thread)
            assert "Syria" in (await room.replied(thread, asked))["embeds"][0]["title"]


# What is never said


async def test_no_words_of_people_reach_the_logs(room: Newsroom, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    fake = room.fake
    question = await fake.say(f"<@{fake.bot['id']}> Where is my secretword buried?")
    await room.replied(fake.general, question)
    await room.ask("And the secretword?")
    fake.fail("POST", r"/interactions/\d+/[^/]+/callback", status=400)
    await fake.slash("ask", question="secretword " * 30)
    await room.ask("secretword " * 200, after="secretword")
    ours = [record for record in caplog.records if record.name.startswith(("bot", "discord"))]
    assert ours
    assert not [record for record in ours if "secretword" in record.getMessage() + str(record.exc_text)]

"""Discord's own rules, as a simulator of it knows them: acknowledged once, private is private, permissions hold.

Knows nothing about sockets (see the tests on a fake Discord) nor about how answers are found.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import discord
import pytest
import simcord
from pydantic import SecretStr

from bot.asking import Asker
from bot.discord_bot.answer_service import AnswerService
from bot.discord_bot.buttons import AnswerButton
from bot.discord_bot.client import make_client
from bot.discord_bot.context import BotContext
from bot.discord_bot.running import COGS
from bot.settings import Settings
from tests.discord_newsroom import Scripted, copied
from tests.test_discord_answers import answer_of


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory, sample_settings: Settings) -> tuple[Path, Asker]:
    return copied(sample_settings.data_dir, tmp_path_factory.mktemp("rules") / "data", sample_settings)


@pytest.fixture
def context(corpus: tuple[Path, Asker]) -> BotContext:
    asker: Any = Scripted(corpus[1])
    asker.script = [
        answer_of("It cost 12 million euros. [1]", sources=2),
        answer_of("It cost 12 million [1], then [2].", sources=2),
    ]
    settings = Settings(data_dir=corpus[0], discord_token=SecretStr("no.token.here"))
    return BotContext(asker, asker.retriever.corpus, settings)


@pytest.fixture
def simcord_bot(context: BotContext) -> discord.Client:
    return made(context)


def made(context: BotContext) -> discord.Client:
    client = make_client(AnswerService(context), COGS, shard_count=1)
    client.add_dynamic_items(AnswerButton)
    return client


def place(env: Any) -> tuple[Any, Any, Any]:
    """A server with a channel, its owner and a member."""
    guild = env.create_guild()
    channel = guild.create_text_channel("general")
    return channel, guild.add_member(env.create_user("alice")), guild


async def test_an_answer_is_acknowledged_once_and_pressed_by_anybody(simcord_env: Any) -> None:
    channel, alice, guild = place(simcord_env)
    result = await alice.slash(channel, "ask", question="What did it cost?")
    assert result.acknowledged
    assert not result.ephemeral
    assert "12 million" in result.response.embeds[0].description
    bob = guild.add_member(simcord_env.create_user("bob"))
    sources = await bob.click(result.response.message, label="Sources")
    assert sources.ephemeral
    assert "Source 1 of 2" in sources.response.embeds[0].footer.text
    up = await bob.click(result.response.message, custom_id=_custom_id(result.response, "up"))
    assert up.ephemeral


def _custom_id(response: Any, act: str) -> str:
    found = [item["custom_id"] for row in response.components for item in row["components"]]
    return next(each for each in found if each.startswith(f"newsbot:{act}:"))


async def test_private_answers_are_seen_by_one_person(simcord_env: Any) -> None:
    channel, alice, guild = place(simcord_env)
    result = await alice.slash(channel, "ask", question="What did it cost?", private=True)
    assert result.ephemeral
    bob = guild.add_member(simcord_env.create_user("bob"))
    with pytest.raises(simcord.SetupError, match="not visible"):
        await bob.click(result.response.message, label="Sources")


async def test_buttons_are_found_again_after_a_restart(simcord_env: Any, context: BotContext) -> None:
    channel, alice, _ = place(simcord_env)
    result = await alice.slash(channel, "ask", question="What did it cost?")
    await simcord_env.restart_bot(made(context))
    up = await alice.click(result.response.message, custom_id=_custom_id(result.response, "up"))
    assert up.ephemeral
    assert "Thank you" in up.response.content


async def test_a_mention_is_answered_and_a_thread_opened(simcord_env: Any) -> None:
    channel, alice, _ = place(simcord_env)
    message = await alice.send(channel, f"<@{simcord_env.bot.user.id}> What did it cost?")
    answer = channel.last_message
    assert answer.reference.message_id == message.id
    assert "12 million" in answer.embeds[0].description
    followed = await alice.click(answer, label="Follow up")
    assert followed.ephemeral
    assert str(answer.id) in followed.response.content


async def test_administrators_alone_see_the_settings(simcord_env: Any) -> None:
    channel, alice, guild = place(simcord_env)
    assert "newsbot status" not in alice.available_commands(channel)
    keepers = guild.create_role("keepers", permissions=discord.Permissions(manage_guild=True))
    keeper = guild.add_member(simcord_env.create_user("keeper"), roles=[keepers])
    result = await keeper.slash(channel, "newsbot settings")
    assert result.ephemeral
    assert "per person: 5 a minute" in result.response.embeds[0].description


async def test_long_answers_are_taken(simcord_env: Any, context: BotContext) -> None:
    channel, alice, _ = place(simcord_env)
    context.asker.script = [answer_of("It cost 12 million euros, said the mayor. [1] " * 300)]  # type: ignore[attr-defined]
    result = await alice.slash(channel, "ask", question="why " * 300)
    assert len(result.followups) >= 2
    assert result.response.embeds[0].title.endswith("…")

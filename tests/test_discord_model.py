"""A chat model writes on Discord as often as the operator and each server's administrators allow; else quotes answer.

Real sockets on both sides: a fake Discord, and a server that stands in for the model behind the real client.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.asking import Asker
from bot.settings import Settings
from tests.chat_server import ChatServer, Reply
from tests.discord_newsroom import Newsroom, copied, newsroom, words_shown
from tests.fake_discord import FakeDiscord
from tests.scripted_model import key_of, with_model
from tests.test_writing import NOW

WRITTEN = "written by openai:scripted, checked"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory, sample_settings: Settings) -> tuple[Path, Asker]:
    return copied(sample_settings.data_dir, tmp_path_factory.mktemp("model") / "data", sample_settings)


@pytest.mark.parametrize("most", [None, 2, 0])
async def test_the_model_writes_as_often_as_is_allowed(
    corpus: tuple[Path, Asker], sample_settings: Settings, most: int | None
) -> None:
    with ChatServer(lambda asked: Reply(f"NATO Mission Iraq {NOW} [{key_of(asked, NOW)}].")) as server:
        asker = with_model(corpus[1], sample_settings, server, llm_cache=0, llm_deadline_seconds=60.0)
        async with (
            FakeDiscord() as fake,
            newsroom(fake, corpus[0], asker, discord_model_per_hour_max=most) as room,
        ):
            await allow(room, chat_model=True)
            written = [WRITTEN in words_shown(await room.ask()) for _ in range(3)]
            assert written == [number < (3 if most is None else most) for number in range(3)]
            assert len(server.requests) == sum(written), "a model that may not write is not even asked"
            await allow(room, chat_model=False)
            assert WRITTEN not in words_shown(await room.ask()), "a server may do without"


async def allow(room: Newsroom, *, chat_model: bool) -> None:
    guild, guilds = int(room.fake.guild["id"]), room.client.service.guilds
    await guilds.put(guild, (await guilds.get(guild)).changed(chat_model=chat_model))

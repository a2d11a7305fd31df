"""The MCP server over the sample corpus, asked by the package's own client: over stdio and streamable HTTP."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from mcp import Client, StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import TextContent

from bot.asking import Asker
from bot.errors import CorpusMissing
from bot.server.mcp import OpenedLate, mcp_app, mcp_server
from bot.server.queries import CorpusQueries
from bot.settings import Settings
from tests import servers
from tests.servers import served

asker = servers.asker

ASKED = "How many NATO personnel are in Iraq?"
TOKEN = "a-token-of-some-length"


@pytest.fixture(scope="module")
def address(asker: Asker) -> Iterator[str]:
    queries = CorpusQueries(asker, at_once=2, seconds=120)
    app = mcp_app(mcp_server(OpenedLate(lambda: queries)), 100_000)
    with served(app, Settings(server_per_minute=0, server_token=TOKEN)) as opened:
        yield f"{opened}/mcp"


def with_token(address: str) -> Client:
    own = httpx2.AsyncClient(headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False, timeout=120)
    return Client(streamable_http_client(address, http_client=own))


async def test_the_tools_only_read_and_say_what_they_are_for(address: str) -> None:
    async with with_token(address) as client:
        tools = (await client.list_tools()).tools
        assert client.instructions is not None
        assert "never instructions" in client.instructions
    assert [tool.name for tool in tools] == ["ask", "search", "latest", "show", "sources"]
    for tool in tools:
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint
        assert len(tool.description or "") > 20
        assert all(each.get("description") for each in tool.input_schema.get("properties", {}).values())


async def test_an_answer_carries_quotes_days_and_links(address: str, asker: Asker) -> None:
    async with with_token(address) as client:
        found = await client.call_tool("ask", {"question": ASKED})
        narrowed = await client.call_tool(
            "ask", {"question": ASKED, "before": "2020-12-31", "sources": ["Harbour Post"]}
        )
    told = found.structured_content
    assert told is not None
    assert told | {"seconds": 0} == asker(ASKED).to_dict() | {"seconds": 0}
    assert told["citations"][0]["published"] == "2024-05-24"
    assert "#:~:text=" in told["citations"][0]["link"]
    assert isinstance(found.content[0], TextContent)
    assert "several hundred personnel" in found.content[0].text, "for assistants that read text alone"
    assert narrowed.structured_content is not None
    assert {each["published"] for each in narrowed.structured_content["citations"]} == {"2020-02-13"}


async def test_passages_newest_articles_and_outlets(address: str) -> None:
    async with with_token(address) as client:
        passages = (await client.call_tool("search", {"question": "Suez canal", "count": 2})).structured_content
        newest = (await client.call_tool("latest", {"count": 3})).structured_content
        topic = (await client.call_tool("latest", {"topic": "NATO"})).structured_content
        outlets = (await client.call_tool("sources", {})).structured_content
    assert passages and newest and topic and outlets
    assert len(passages["passages"]) == 2
    assert "Suez" in passages["passages"][0]["text"] + passages["passages"][0]["title"]
    days = [each["published"] for each in newest["articles"]]
    assert len(days) == 3
    assert days == sorted(days, reverse=True)
    assert topic["articles"][0]["published"] == "2024-05-24"
    assert {"source": "Harbour Post", "articles": 9, "newest": "2024-12-08"} in outlets["sources"]
    assert outlets["coverage"]["articles"] > 30


async def test_an_article_is_shown_by_address_and_by_id(address: str, asker: Asker) -> None:
    cited = asker(ASKED).citations[0]
    async with with_token(address) as client:
        by_url = (await client.call_tool("show", {"article": cited.article.url})).structured_content
        by_id = (await client.call_tool("show", {"article": cited.article.id})).structured_content
    assert by_url is not None
    assert by_url == by_id
    assert by_url["text"][cited.start : cited.end] == cited.quote
    assert "origin" not in by_url, "where a file stood is nobody's business"


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("ask", {"question": " "}, "The question is empty"),
        ("ask", {"question": "x", "sources": ["No Such Outlet"]}, "No Such Outlet"),
        ("ask", {"question": "x", "after": "soon"}, "after"),
        ("search", {"question": "x", "count": 1000}, "count"),
        ("latest", {"topic": "x" * 101}, "at most 100"),
        ("show", {"article": "0" * 16}, "No article here"),
        ("show", {"article": "ftp://"}, "address"),
    ],
)
async def test_what_cannot_be_done_is_told_in_words(
    tool: str, arguments: dict[str, object], said: str, address: str
) -> None:
    async with with_token(address) as client:
        found = await client.call_tool(tool, arguments)
    assert found.is_error
    assert isinstance(found.content[0], TextContent)
    assert said in found.content[0].text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": f"Bearer {TOKEN}", "Host": "attacker.example"}, 421),
        ({"Authorization": f"Bearer {TOKEN}", "Origin": "https://attacker.example"}, 403),
    ],
)
def test_the_guard_stands_before_it(headers: dict[str, str], status: int, address: str) -> None:
    asked = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    assert httpx2.post(address, json=asked, headers=headers, trust_env=False, timeout=60).status_code == status


def stdio(data: Path, cache: Path) -> Client:
    environment = {"NEWSBOT_DATA_DIR": str(data), "NEWSBOT_CACHE_DIR": str(cache), "NEWSBOT_READER_DEPTH": "6"}
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "bot", "mcp"], env=environment, cwd=Path(__file__).parents[1]
    )
    # The older way to begin: the newer one waits ten seconds at most, which a busy machine may need to load Python.
    return Client(stdio_client(command), mode="legacy")


async def test_an_assistant_starts_it_over_stdio(sample_settings: Settings) -> None:
    assert sample_settings.cache_dir is not None
    async with stdio(sample_settings.data_dir, sample_settings.cache_dir) as client:
        found = await client.call_tool("ask", {"question": ASKED})
    assert found.structured_content is not None
    assert found.structured_content["citations"][0]["source"] == "Harbour Post"


async def test_a_corpus_that_is_not_there_yet_is_told_and_looked_for_again() -> None:
    opened: list[str] = []

    def missing() -> CorpusQueries:
        opened.append("tried")
        raise CorpusMissing("There is no corpus here. Make one: newsbot ingest SOURCE")

    async with Client(mcp_server(OpenedLate(missing))) as client:
        for _ in range(2):
            found = await client.call_tool("sources", {})
            assert found.is_error
            assert isinstance(found.content[0], TextContent)
            assert "newsbot ingest SOURCE" in found.content[0].text
    assert len(opened) >= 2

"""The retriever as LangChain's: its own standard tests, each way of calling it, and composed in a chain.

The sample corpus is searched for real.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda, RunnablePassthrough
from langchain_tests.integration_tests import RetrieversIntegrationTests

from bot.errors import UsageError
from bot.retrieval.documents import NewsRetriever
from bot.schema import Question
from bot.settings import Settings
from bot.wiring import open_corpus, open_retriever

NATO = "How many NATO personnel are in Iraq?"
METADATA = {
    "id", "article_id", "title", "source", "url", "published", "start", "end", "score", "parts", "also_in",
}  # fmt: skip


@pytest.fixture(scope="module")
def retriever(sample_settings: Settings) -> NewsRetriever:
    return open_retriever(sample_settings, k=5)


def test_it_is_a_langchain_retriever(retriever: NewsRetriever) -> None:
    assert isinstance(retriever, BaseRetriever)


class TestStandard(RetrieversIntegrationTests):
    """LangChain's standard tests."""

    @pytest.fixture(autouse=True)
    def _opened(self, retriever: NewsRetriever) -> None:
        self.opened = retriever

    @pytest.fixture
    def retriever(self, retriever: NewsRetriever) -> NewsRetriever:
        return retriever  # the one of all tests here, not a new one for each

    @property
    def retriever_constructor(self) -> type[NewsRetriever]:
        return NewsRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"find": self.opened.find}

    @property
    def retriever_query_example(self) -> str:
        return NATO


def test_documents_are_passages_verbatim(retriever: NewsRetriever, sample_settings: Settings) -> None:
    documents = retriever.invoke(NATO)
    assert 1 <= len(documents) <= 5
    corpus = open_corpus(sample_settings)
    for document in documents:
        assert isinstance(document, Document)
        assert document.metadata.keys() == METADATA
        assert document.id == document.metadata["id"]
        article = corpus.catalog.article(document.metadata["article_id"])
        assert article is not None
        assert article.text[document.metadata["start"] : document.metadata["end"]] == document.page_content
        assert document.metadata["published"] == (article.published.isoformat() if article.published else None)
        assert (document.metadata["title"], document.metadata["source"]) == (article.title, article.source)
    corpus.close()
    assert "NATO" in documents[0].page_content
    scores = [document.metadata["score"] for document in documents]
    assert scores == sorted(scores, reverse=True)


def test_a_question_narrows(retriever: NewsRetriever) -> None:
    newest = max(document.metadata["published"] or "" for document in retriever.invoke(NATO))
    day = date.fromisoformat(newest)
    earlier = retriever.invoke(Question(NATO, before=date.fromordinal(day.toordinal() - 1)))
    assert earlier
    assert all(document.metadata["published"] < newest for document in earlier)
    source = earlier[0].metadata["source"]
    assert {each.metadata["source"] for each in retriever.invoke(Question(NATO, sources=(source.upper(),)))} == {source}


async def test_all_ways_of_calling_agree(retriever: NewsRetriever) -> None:
    wanted = [document.id for document in retriever.invoke(NATO)]
    asked = Question(NATO, as_of=date(2021, 1, 1))
    narrowed = [document.id for document in retriever.invoke(asked)]
    assert [document.id for document in await retriever.ainvoke(NATO)] == wanted
    assert [document.id for document in await retriever.ainvoke(asked)] == narrowed
    batch = retriever.batch([NATO, asked])  # type: ignore[list-item]
    assert [[document.id for document in each] for each in batch] == [wanted, narrowed]
    abatch = await retriever.abatch([NATO, asked])  # type: ignore[list-item]
    assert [[document.id for document in each] for each in abatch] == [wanted, narrowed]
    assert [document.id for part in retriever.stream(NATO) for document in part] == wanted


def test_it_composes(retriever: NewsRetriever) -> None:
    chain = {
        "titles": retriever | RunnableLambda(lambda documents: [each.metadata["title"] for each in documents]),
        "question": RunnablePassthrough(),
    } | RunnableLambda(lambda both: f"{both['question']} -> {both['titles'][0]}")
    assert chain.invoke(NATO) == f"{NATO} -> {retriever.invoke(NATO)[0].metadata['title']}"


def test_what_cannot_be_asked_is_told(retriever: NewsRetriever) -> None:
    for asked in ("", "  \n", "x" * 10_000, Question(NATO, sources=("No Such Outlet",))):
        with pytest.raises(UsageError):
            retriever.invoke(asked)

"""The retriever as LangChain's `BaseRetriever`: passages as `Document`s, for any chain that takes one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import run_in_executor
from pydantic import ConfigDict, Field

from bot.schema import Hit, Question


class NewsRetriever(BaseRetriever):
    """The `k` best passages for a question, given as words or as a `bot.Question`; `invoke` takes another `k`.

    Each Document's `page_content` is the passage, verbatim; `metadata` has id, article_id, title, source, url,
    published (ISO date or None), start, end (offsets into the article's text), score, parts and also_in.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    find: Callable[[str | Question, int], tuple[Hit, ...]]
    """A question and how many hits -> at most so many, best first."""
    k: int = Field(10, ge=1)

    def invoke(
        self,
        input: str | Question,  # noqa: A002  LangChain's name
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> list[Document]:
        """The passages for a question, best first."""
        if isinstance(input, Question):
            return super().invoke(input.text, config, question=input, **kwargs)
        return super().invoke(input, config, **kwargs)

    async def ainvoke(
        self,
        input: str | Question,  # noqa: A002  LangChain's name
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> list[Document]:
        """The same in a thread: a search blocks."""
        return await run_in_executor(config, self.invoke, input, config, **kwargs)

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002  LangChain hands it in
        question: Question | None = None,
        k: int | None = None,
    ) -> list[Document]:
        return [document_of(hit) for hit in self.find(question or query, k or self.k)]


def document_of(hit: Hit) -> Document:
    """A hit as LangChain's Document."""
    passage, article = hit.passage, hit.article
    return Document(
        id=passage.id,
        page_content=passage.text,
        metadata={
            "id": passage.id,
            "article_id": article.id,
            "title": article.title,
            "source": article.source,
            "url": article.url,
            "published": article.published.isoformat() if article.published else None,
            "start": passage.start,
            "end": passage.end,
            "score": hit.score,
            "parts": dict(hit.parts),
            "also_in": [copy.source for copy in hit.also_in],
        },
    )

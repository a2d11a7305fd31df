"""Settings -> live objects: where the parts are put together. Heavy imports happen inside its functions."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.errors import CorpusError, ModelError, SettingsError, UsageError
from bot.settings import Settings, provider_variables

if TYPE_CHECKING:
    from langchain_core.runnables import Runnable

    from bot.answering.check.judge import Judge
    from bot.answering.model.model_calls import ModelCalls
    from bot.answering.model.writing import Writer
    from bot.asking import Asker
    from bot.cluster import Cluster
    from bot.corpus.catalog import Catalog
    from bot.corpus.corpus import Corpus
    from bot.models.embeddings import SentenceEmbeddings
    from bot.models.encoding_process import EncodingProcess
    from bot.models.reader import PassageReader
    from bot.retrieval.documents import NewsRetriever
    from bot.retrieval.retriever import Retriever
    from bot.schema import Answer, Hit, Question

PROMPTS = ("not_answered", "no_articles", "greeting", "thanks", "help", "talk")
"""The wordings that answers are framed in, each a file of prompts/."""
MODEL_PROMPTS = ("write_system", "write_user", "rewrite_system", "rewrite_user", "verify_system", "verify_user")
"""What a chat model is told, each a file of prompts/."""
MODEL_FAMILIES = {"gpt-": "openai", "claude-": "anthropic", "gemini-": "google_genai", "mistral-": "mistralai"}
"""How the names of well-known models begin, and their provider."""
APART_TEXTS = 256
"""Texts at once from which a process of its own is begun to encode: it takes most of a second to begin."""
TELEMETRY_OFF = {"ANONYMIZED_TELEMETRY": "False", "HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1"}


def open_chain(settings: Settings | None = None) -> Runnable[str | Question, Answer]:
    """The chain over the corpus that is set: a question (words or `Question`) in, an `Answer` out.

    Raises CorpusMissing, CorpusError, IndexMismatch, ModelError or SettingsError, each with the remedy.
    """
    settings = _checked(settings)
    from bot.chain import make_chain

    return make_chain(open_asker(settings))


def _checked(settings: Settings | None) -> Settings:
    if settings is not None and not isinstance(settings, Settings):
        raise UsageError(f"The first argument is the settings, as Settings(data_dir=...), not {settings!r}.")
    return settings or Settings()


def open_asker(settings: Settings, on_no_model: Callable[[str], None] | None = None) -> Asker:
    """The chain's steps without LangChain, for doors that must open at once: importing it takes half a second.

    With `on_no_model` a chat model that cannot be set up is no error: it is told why, and answers are quotes.
    """
    from bot.asking import Asker

    retriever = open_retrieval(settings)
    try:
        writer = open_writer(settings)
    except (ModelError, SettingsError) as error:
        if on_no_model is None:
            raise
        on_no_model(str(error))
        writer = None
    return Asker(
        retriever,
        {name: read_prompt(name, settings) for name in PROMPTS},
        hits=settings.hits,
        question_chars=settings.question_chars,
        writer=writer,
        cache=settings.llm_cache,
    )


def open_writer(settings: Settings) -> Writer | None:
    """What writes answers with the chat model that is set, None where none is. Raises as `open_model_calls`, and
    SettingsError where a wording of the operator's own has other holes than are filled.
    """
    calls = open_model_calls(settings)
    if calls is None:
        return None
    from bot.answering.model.writing import HOLES, Writer, holes_of

    prompts = {name: read_prompt(name, settings) for name in MODEL_PROMPTS}
    for name, text in prompts.items():
        if holes_of(text) != HOLES[name]:
            wanted = ", ".join(f"{{{hole}}}" for hole in sorted(HOLES[name])) or "none"
            raise SettingsError(
                f"The wording {name}.txt in {settings.prompts_dir} has other holes than are filled. They are: {wanted}."
            )
    return Writer(
        calls=calls,
        prompts=prompts,
        context_tokens=settings.llm_context_tokens,
        history_tokens=settings.llm_history_tokens,
        question_chars=settings.question_chars,
        verify=settings.llm_verify,
        judge=_check_model(settings),
    )


def open_claim_check(settings: Settings) -> Callable[[Hit, Sequence[str]], list[str | None]]:
    """The check of prose that is set, for claims about one passage: why each is removed, None where it is kept.

    Raises as `open_writer`, and ModelError where the check model cannot be loaded.
    """
    from bot.answering.check.judge import check_claims

    judge = _check_model(settings)
    writer = open_writer(settings) if settings.llm and settings.llm_verify else None
    if writer is not None:
        writing, own = writer, judge

        def judge(pairs: Sequence[tuple[str, str]]) -> list[str | None]:
            first = own(pairs) if own else [None] * len(pairs)
            again = writing.calls.loop.run(writing.verify_claims(pairs))
            return [one or other for one, other in zip(first, again, strict=True)]

    return lambda hit, claims: check_claims(hit, claims, judge)


def _check_model(settings: Settings) -> Judge | None:
    if not settings.check_model:
        return None
    _silence()
    from bot.answering.check.judge import load_judge

    return load_judge(settings.check_model)


def open_model_calls(settings: Settings) -> ModelCalls | None:
    """The chat model that is set, None where none is.

    Raises ModelError where its package or key is missing, SettingsError where LangChain does not know its provider.
    """
    if not settings.llm:
        return None
    if not re.fullmatch(r"[a-z][a-z0-9_]*:\S+", settings.llm):
        # What stands there is not shown where it is no model's name: a key may have slipped into it.
        meant = [
            f"{provider}:{settings.llm}" for start, provider in MODEL_FAMILIES.items() if settings.llm.startswith(start)
        ]
        said = f"did you mean {meant[0]}?" if meant else "write it as openai:gpt-5-mini, for example."
        raise SettingsError(f"The setting NEWSBOT_LLM names no provider: {said}")
    _silence()
    from bot.answering.model.chat_model import PROVIDERS, load_chat_model, provider_of, variable_families
    from bot.answering.model.model_calls import ModelCalls, Prices

    for name, value in provider_variables(variable_families(settings.llm)).items():
        os.environ.setdefault(name, value)
    model = load_chat_model(
        settings.llm,
        base_url=settings.llm_base_url,
        deadline_seconds=settings.llm_deadline_seconds,
        output_tokens=settings.llm_output_tokens,
        temperature=settings.llm_temperature,
    )
    known = PROVIDERS.get(provider_of(settings.llm))
    return ModelCalls(
        model,
        settings.llm,
        concurrency=settings.llm_concurrency,
        deadline_seconds=settings.llm_deadline_seconds,
        output_tokens=settings.llm_output_tokens,
        prices=Prices(settings.llm_price_in, settings.llm_price_out),
        ends_named=known is not None and known.ends_named,
    )


def open_retriever(settings: Settings | None = None, *, k: int = 10) -> NewsRetriever:
    """A LangChain BaseRetriever over the corpus that is set, giving the `k` best passages. Raises as `open_chain`."""
    if k < 1:
        raise UsageError(f"k is how many passages are wanted, 1 or more, not {k}.")
    search = _search(_checked(settings))
    from bot.retrieval.documents import NewsRetriever

    return NewsRetriever(find=search, k=k)


def open_retrieval(settings: Settings | None = None) -> Retriever:
    """Our own retriever over the corpus that is set: from a `ParsedQuery` to scored hits. Raises as
    `open_chain`.
    """
    settings = _checked(settings)
    from bot.models.question_kind import load_kinds
    from bot.retrieval.retriever import Retriever

    embedder = _Embedder(settings)
    corpus = _corpus(settings, False, embedder)
    corpus.require_indexes()
    embeddings = embedder.embeddings()
    models = cache_dir(settings) / "models"
    kinds = load_kinds(embeddings.fingerprint, lambda texts: embeddings.encode(texts, "query"), models)
    reranker = None
    if settings.reranker:
        from bot.models.reranker import load_reranker

        reranker = load_reranker(settings.reranker, settings.reranker_depth)
    reader = open_reader(settings)
    return Retriever(corpus, embeddings, kinds, reader, depth=settings.reader_depth, reranker=reranker)


def open_reader(settings: Settings) -> PassageReader | None:
    """What reads the passages found, None where that is off. Raises ModelError."""
    if settings.reader == "off":
        return None
    from bot.models.embeddings import usable_cpus
    from bot.models.reader import FACTS_FILE, WEIGHTS, load_reader

    folder = Path(settings.reader) if settings.reader else WEIGHTS
    if settings.reader and not (folder / FACTS_FILE).is_file():
        from bot.models.transformers_reader import load_transformers_reader

        return load_transformers_reader(settings.reader)
    return load_reader(folder, threads=settings.threads or usable_cpus())


def finder(k: int, settings: Settings) -> Callable[[str | Question], tuple[Hit, ...]]:
    """A function from a question to its `k` best hits. Raises as `open_chain`."""
    search = _search(settings)
    return lambda asked: search(asked, k)


def _search(settings: Settings) -> Callable[[str | Question, int], tuple[Hit, ...]]:
    from bot.asking import understood

    retriever = open_retrieval(settings)
    return lambda asked, k: retriever.retrieve(understood(asked, retriever, settings.question_chars), k).hits


def open_corpus(
    settings: Settings | None = None, *, create: bool = False, on_export: Callable[[str], None] | None = None
) -> Corpus:
    """The corpus that is set. With `create` it is made where there is none. `on_export` as in `open_embeddings`.

    Raises CorpusMissing or CorpusError.
    """
    settings = _checked(settings)
    return _corpus(settings, create, _Embedder(settings, on_export))


def open_catalog(settings: Settings, *, create: bool = False) -> Catalog:
    """The catalog alone. With `create` it is made where there is none. Raises CorpusMissing or CorpusError."""
    from bot.corpus.catalog import Catalog
    from bot.corpus.corpus import CATALOG_FILE

    folder = settings.data_dir
    where: Path | str = settings.database_url.get_secret_value() if settings.database_url else folder / CATALOG_FILE
    if not create:
        return Catalog.open(where)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CorpusError(f"The folder {folder} cannot be made: {error.strerror or error}.") from error
    return Catalog.create(where)


def open_embeddings(
    settings: Settings | None = None, on_export: Callable[[str], None] | None = None
) -> SentenceEmbeddings:
    """The embedding model that is set, as LangChain `Embeddings`. Raises ModelError."""
    settings = _checked(settings)
    _silence()
    from bot.models.embeddings import load_embeddings

    return load_embeddings(**_embedding_options(settings), on_export=on_export)


def _embedding_options(settings: Settings) -> dict[str, Any]:
    return {
        "model": settings.embedding_model,
        "cache_dir": cache_dir(settings) / "models",
        "runtime": settings.embedding_runtime,
        "query_prompt": settings.query_prompt,
        "document_prompt": settings.document_prompt,
        "threads": settings.threads,
    }


def cache_dir(settings: Settings) -> Path:
    """Where prepared models are kept: as set, or newsbot's folder in the user's cache."""
    if settings.cache_dir is not None:
        return settings.cache_dir
    import platformdirs

    return platformdirs.user_cache_path("newsbot")


def read_prompt(name: str, settings: Settings) -> str:
    """A wording of prompts/, or the operator's own. Raises SettingsError where their folder lacks it."""
    folder = settings.prompts_dir or Path(__file__).parents[1] / "prompts"
    try:
        return (folder / f"{name}.txt").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"The wording {name}.txt cannot be read from {folder}: {error}. See NEWSBOT_PROMPTS_DIR."
        ) from error


def open_cluster(settings: Settings) -> Cluster | None:
    """The Ray cluster that is set, None where none is; it is connected to when there is work for it."""
    if settings.ray_address is None:
        return None
    from bot.cluster import Cluster

    return Cluster(settings.ray_address)


class _Embedder:
    """Loads the embedding model when the first text comes."""

    def __init__(self, settings: Settings, on_export: Callable[[str], None] | None = None) -> None:
        self._settings = settings
        self._on_export = on_export
        self._embeddings: SentenceEmbeddings | None = None
        self._process: EncodingProcess | None = None
        self._cluster = open_cluster(settings)

    def embeddings(self) -> SentenceEmbeddings:
        if self._embeddings is None:
            self._embeddings = open_embeddings(self._settings, self._on_export)
        return self._embeddings

    def make(self) -> dict[str, str | int]:
        """What vectors depend on besides the model's name."""
        made = self.embeddings()
        prompt = made.prompts.get("document", "")
        return {"fingerprint": made.fingerprint, "dimension": made.dimension, "prompt": prompt}

    def encode(self, texts: list[str]) -> Any:
        return self.embeddings().encode(texts, "document")

    def encode_many(self, parts: Sequence[list[str]]) -> Generator[Any]:
        """Vectors of each part; many are encoded in a process of its own, while those before them are written."""
        are_many = sum(map(len, parts)) >= APART_TEXTS
        if self._cluster is not None and are_many:
            yield from self._cluster.encode_many(_embedding_options(self._settings), parts)
            return
        if self._process is None and are_many and self.embeddings().runtime != "torch":
            from bot.models.encoding_process import EncodingProcess

            self._process = EncodingProcess(_embedding_options(self._settings))
        done = 0
        if self._process is not None and (are_many or self._process.running):
            for vectors in self._process.encode_many(parts):
                done += 1
                yield vectors
        for part in parts[done:]:
            yield self.encode(part)


def _corpus(settings: Settings, create: bool, embedder: _Embedder) -> Corpus:
    _silence()
    from bot.corpus.corpus import Corpus, open_indexes
    from bot.corpus.embedded_text import CONTENT_WORDS
    from bot.corpus.embedding import Encoder

    folder, model = settings.data_dir, settings.embedding_model
    catalog = open_catalog(settings, create=create)
    is_default = model.removeprefix("sentence-transformers/") == Settings.model_fields["embedding_model"].default
    content = settings.embedding_words == "content" or (settings.embedding_words == "auto" and is_default)
    named = {"model": model, "words": CONTENT_WORDS if content else "all"}
    encoder = Encoder(named, embedder.encode_many, embedder.make, content)
    opensearch = settings.opensearch_url.get_secret_value() if settings.opensearch_url else None
    lexical, dense = open_indexes(folder, settings.chroma_url, opensearch)
    return Corpus(folder, catalog, lexical, dense, encoder)


def _silence() -> None:
    """Telemetry of every library off, before the library is imported."""
    for name, value in TELEMETRY_OFF.items():
        os.environ.setdefault(name, value)

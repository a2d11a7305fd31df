"""What tests share: one exported embedding model, one ingested sample corpus, settings that touch nothing else."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

if TYPE_CHECKING:
    from bot.models.embeddings import SentenceEmbeddings
    from bot.models.reader import PassageReader, PassageReading
    from bot.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
# The same examples in every run, so that a failure is the change's own; HYPOTHESIS_PROFILE=explore looks for new ones.
hypothesis.settings.register_profile("steady", derandomize=True, deadline=None)
hypothesis.settings.register_profile("explore", deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))
CACHE = ROOT / ".pytest_cache" / "newsbot"
SAMPLE = ROOT / "ingest" / "sample"
MEMORY, MEMORY_FREE_BYTES = Path("/dev/shm"), 4 * 1024**3


def pytest_configure() -> None:
    """Files of tests are kept in memory where the system has room there: SQLite and Chroma wait for a disk at every
    commit, 4 ms each on a slow one. No test turns the power off.
    """
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > MEMORY_FREE_BYTES:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def pytest_collection_finish() -> None:
    """What is imported by now stays: no search for garbage goes through it."""
    gc.freeze()


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Tests run in an empty folder, without the developer's variables and .env."""
    for name in list(os.environ):
        if name.startswith(("NEWSBOT_", "DISCORD_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True, scope="module")
def _files_let_go() -> Iterator[None]:
    """What a file's tests opened and dropped is closed at its end: some machines allow a process 256 open files.

    What is left stays to the end of the run, as modules and models do. It is frozen: searching a million objects for
    garbage at each file's end took an eighth of the time of all tests.
    """
    yield
    gc.collect()
    gc.freeze()


class RememberingReader:
    """A reader that finds what it has read before in memory."""

    def __init__(self, reader: PassageReader) -> None:
        self._reader = reader
        self._found: dict[tuple[str, str, str], PassageReading] = {}

    def read(self, question: str, contexts: Sequence[tuple[str, str]]) -> list[PassageReading]:
        new = [each for each in dict.fromkeys(contexts) if (question, *each) not in self._found]
        if new:
            self._found.update(zip(((question, *each) for each in new), self._reader.read(question, new), strict=True))
        return [self._found[question, *each] for each in contexts]


@pytest.fixture(scope="session", autouse=True)
def _models_that_ship_work_once() -> Iterator[None]:
    """The models that ship are loaded once, whoever opens a chain, and a passage is read once for a question: what they
    find is the same each time. Tests of the models themselves import their loaders, and get them as they are.
    """
    from bot.models import embeddings, reader

    load_reader, load_embeddings = reader.load_reader, embeddings.load_embeddings
    readers: list[RememberingReader] = []
    encoders: dict[str, SentenceEmbeddings] = {}

    def load_reader_once(folder: Path = reader.WEIGHTS, *, threads: int = 2) -> PassageReader:
        if folder != reader.WEIGHTS:
            return load_reader(folder, threads=threads)
        if not readers:
            readers.append(RememberingReader(load_reader(folder, threads=threads)))
        return readers[0]

    def load_embeddings_once(model: str = embeddings.DEFAULT_MODEL, **options: Any) -> SentenceEmbeddings:
        if model != embeddings.DEFAULT_MODEL or not options["cache_dir"].is_relative_to(CACHE):
            return load_embeddings(model, **options)
        key = repr(sorted((name, value) for name, value in options.items() if name != "on_export"))
        if key not in encoders:
            encoders[key] = load_embeddings(model, **options)
        return encoders[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader, "load_reader", load_reader_once)
        patch.setattr(embeddings, "load_embeddings", load_embeddings_once)
        yield


@pytest.fixture(scope="session")
def cache_dir() -> Path:
    """Where the exported model is kept: in the checkout, so that the next run need not export again."""
    CACHE.mkdir(parents=True, exist_ok=True)
    return CACHE


@pytest.fixture(scope="session")
def embeddings(cache_dir: Path) -> SentenceEmbeddings:
    """The default model, loaded once."""
    from bot.models.embeddings import load_embeddings

    return load_embeddings(cache_dir=cache_dir / "models")


@pytest.fixture
def settings(tmp_path: Path, cache_dir: Path) -> Settings:
    """Settings for a corpus of the test's own."""
    from bot.settings import Settings

    return Settings(data_dir=tmp_path / "data", cache_dir=cache_dir)


@pytest.fixture(scope="session")
def sample_settings(tmp_path_factory: pytest.TempPathFactory, cache_dir: Path) -> Iterator[Settings]:
    """Settings whose data_dir holds the sample corpus. Read only: copy the folder to change it."""
    from bot.settings import Settings
    from bot.wiring import open_corpus
    from ingest.pipeline import ingest
    from ingest.read import read

    # Fewer passages are read than by default: the answers are the same here, and a test is quicker.
    made = Settings(data_dir=tmp_path_factory.mktemp("sample") / "data", cache_dir=cache_dir, reader_depth=6)
    corpus = open_corpus(made, create=True)
    with corpus.writing():
        list(ingest(corpus, read([str(SAMPLE / "news")])))
    corpus.close()
    yield made


@pytest.fixture
def sample_copy(sample_settings: Settings, tmp_path: Path) -> Settings:
    """Settings whose data_dir holds a copy of the sample corpus, to be written to."""
    shutil.copytree(sample_settings.data_dir, tmp_path / "sample")
    return sample_settings.model_copy(update={"data_dir": tmp_path / "sample"})

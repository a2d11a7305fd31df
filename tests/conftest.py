"""What tests share: one exported embedding model, one ingested sample corpus, settings that touch nothing else."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from bot.models.embeddings import SentenceEmbeddings
    from bot.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
# The same examples in every run, so that a failure is the change's own; HYPOTHESIS_PROFILE=explore looks for new ones.
hypothesis.settings.register_profile("steady", derandomize=True, deadline=None)
hypothesis.settings.register_profile("explore", deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))
SAMPLE = ROOT / "ingest" / "sample"


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
    """What a file's tests opened and dropped is closed at its end: some machines allow a process 256 open files."""
    yield
    gc.collect()


@pytest.fixture(scope="session")
def cache_dir() -> Path:
    """Where the exported model is kept: in the checkout, so that the next run need not export again."""
    folder = ROOT / ".pytest_cache" / "newsbot"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


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

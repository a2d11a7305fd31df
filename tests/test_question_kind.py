"""The kind of a question: told by a head fitted to questions of known kind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bot.cli import main
from bot.models.embeddings import SentenceEmbeddings
from bot.models.question_kind import (
    SHIPPED,
    KindClassifier,
    QuestionKind,
    kinds_file,
    load_kinds,
    training_questions,
)


@pytest.fixture(scope="module")
def kinds(embeddings: SentenceEmbeddings, tmp_path_factory: pytest.TempPathFactory) -> KindClassifier:
    folder = tmp_path_factory.mktemp("kinds")
    return load_kinds(embeddings.fingerprint, lambda texts: embeddings.encode(texts, "query"), folder)


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        ("who won the election in Norrland?", QuestionKind.FACT),
        ("how much did the painting of the harbour sell for", QuestionKind.FACT),
        ("who is the mayor of Kelmouth right now?", QuestionKind.CURRENT),
        ("ferry ticket price these days", QuestionKind.CURRENT),
        ("why was the bridge in Kelmouth closed?", QuestionKind.REASON),
        ("has the dock strike ended?", QuestionKind.YES_NO),
        ("which countries have signed the fishing treaty?", QuestionKind.LIST),
        ("how does this year's harvest compare with last year's?", QuestionKind.COMPARE),
        ("latest on the dock strike", QuestionKind.TOPIC),
        ("summarise the bridge affair", QuestionKind.TOPIC),
        ("hello bot", QuestionKind.GREETING),
        ("thank you!", QuestionKind.THANKS),
        ("what can you do", QuestionKind.HELP),
        ("lol ok whatever mate", QuestionKind.TALK),
    ],
)
def test_what_is_asked(kinds: KindClassifier, embeddings: SentenceEmbeddings, asked: str, kind: QuestionKind) -> None:
    assert kinds.kind(asked, embeddings.encode([asked], "query")[0]) is kind


def test_questions_left_out_of_the_fit_are_told_apart(embeddings: SentenceEmbeddings) -> None:
    questions = training_questions()
    texts = [text for text, _ in questions[::4]]
    vectors = embeddings.encode(texts, "query")
    labels = [kind for _, kind in questions[::4]]
    held = np.arange(len(labels)) % 5 == 0
    kept, out = np.flatnonzero(~held), np.flatnonzero(held)
    fitted = KindClassifier.fitted([texts[at] for at in kept], vectors[kept], [labels[at] for at in kept])
    right = [fitted.kind(texts[at], vectors[at], 0.0).is_talk == labels[at].is_talk for at in out]
    assert sum(right) / len(right) > 0.85


@pytest.mark.slow
def test_the_fit_is_kept_and_a_damaged_one_made_anew(tmp_path: Path) -> None:
    calls: list[int] = []

    def encode(texts: object) -> np.ndarray:  # type: ignore[type-arg]
        calls.append(1)
        rng = np.random.default_rng(3)
        return rng.normal(size=(len(texts), 8)).astype(np.float32)  # type: ignore[arg-type]

    first = load_kinds("model", encode, tmp_path)
    again = load_kinds("model", encode, tmp_path)
    assert len(calls) == 1
    assert np.allclose(first.weights, again.weights, atol=1e-3)
    [kept] = tmp_path.glob("kinds-*.npy")
    kept.write_bytes(b"cut off")
    load_kinds("model", encode, tmp_path)
    assert len(calls) == 2


def test_training_questions_are_told_once_and_of_every_kind() -> None:
    questions = training_questions()
    assert len({text.lower() for text, _ in questions}) == len(questions)
    assert {kind for _, kind in questions} == set(QuestionKind)


def test_the_head_that_ships_is_of_these_questions(embeddings: SentenceEmbeddings, tmp_path: Path) -> None:
    def encode(_: object) -> np.ndarray:  # type: ignore[type-arg]
        raise AssertionError("the default model's head is not fitted at its first use")

    remedy = "newsbot fit-kinds writes it anew"
    assert [path.name for path in SHIPPED.glob("kinds-*.npy")] == [kinds_file(embeddings.fingerprint)], remedy
    load_kinds(embeddings.fingerprint, encode, tmp_path)


@pytest.mark.slow
def test_the_command_writes_the_head_that_ships(
    tmp_path: Path, cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEWSBOT_CACHE_DIR", str(cache_dir))
    assert main(["fit-kinds", "--out", str(tmp_path)]) == 0
    [written], [shipped] = tmp_path.glob("kinds-*.npy"), SHIPPED.glob("kinds-*.npy")
    assert written.name == shipped.name
    assert np.allclose(np.load(written), np.load(shipped), atol=0.02)

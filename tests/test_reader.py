"""The reader that newsbot brings, and others by name: what they say of passages, what is said of damaged ones."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from bot.errors import ModelError
from bot.models.reader import SPANS, Reader, load_reader
from bot.models.reader_input import CONTEXT, MISSING, QUESTION, SHARED, PairEncoder, header, padded
from bot.models.training.train import tokenizer_of
from bot.models.transformers_reader import load_transformers_reader
from bot.retrieval.reading import read_hits
from bot.schema import Hit, Passage
from tests.fakes import article
from tests.tiny_models import tiny_bert, tiny_mpnet

TEXT = "The harbour tunnel will cost 40 million euros, the mayor said. Olga Rask leads the works. It opens in May."
OTHER = "Snow closed the airport on Sunday. Flights were cancelled because both runways were icy."


@pytest.fixture(scope="module")
def reader() -> Reader:
    return load_reader()


def test_a_header_says_what_is_known() -> None:
    assert header("Tunnel opens.", "DW", date(2024, 5, 12)) == "Tunnel opens. DW, 12 May 2024."
    assert header("Tunnel opens", None, None) == "Tunnel opens."
    assert header("", "DW") == "DW."
    assert header("") == ""


def test_pairs_mark_what_question_and_passage_share(tmp_path: Path) -> None:
    encoder = PairEncoder(tokenizer_of(tiny_mpnet(tmp_path, [TEXT, "who leads the tunnel ? 2024"])), 64)
    [pair] = encoder.pairs("who leads?", [("Tunnel.", TEXT)])
    words = {TEXT[start:end]: pair.types[pair.first + at] for at, (start, end) in enumerate(pair.offsets)}
    assert (words["leads"], words["euros"]) == (SHARED, CONTEXT)
    assert pair.types[1:4] == [MISSING, QUESTION, MISSING]
    assert len(pair.ids) == len(pair.types)
    ids, types, mask = padded([pair])
    assert ids.shape == types.shape == mask.shape
    assert mask.sum() == len(pair.ids)
    [cut] = PairEncoder(tokenizer_of(tmp_path), 20).pairs("who leads?", [("Tunnel.", TEXT)])
    assert len(cut.ids) <= 20


def test_the_answer_and_the_passage_that_has_it(reader: Reader) -> None:
    one, other = reader.read("who is in charge of the tunnel works?", [("", TEXT), ("", OTHER)])
    best = one.spans[0]
    assert TEXT[best.start : best.end] == "Olga Rask"
    assert one.relevance > other.relevance
    assert one.answerable > other.answerable
    assert len(one.spans) <= SPANS
    shown = TEXT.index("Olga"), TEXT.index(" It opens")
    assert one.evidence(*shown) > one.evidence(0, TEXT.index(" Olga"))


def test_a_reason_is_shown_by_its_sentence(reader: Reader) -> None:
    [found] = reader.read("why did planes stay on the ground?", [("", OTHER)])
    assert found.evidence(OTHER.index("Flights"), len(OTHER)) > found.evidence(0, OTHER.index(" Flights"))


def test_many_passages_are_read_as_each_alone(reader: Reader) -> None:
    """But for 8-bit rounding, whose steps are set by all that is read together."""
    contexts = [("", TEXT), ("News.", OTHER), ("", TEXT * 9), ("", "May.")]
    together = reader.read("when does the tunnel open?", contexts)
    for context, found in zip(contexts, together, strict=True):
        [alone] = reader.read("when does the tunnel open?", [context])
        assert alone.relevance == pytest.approx(found.relevance, abs=1.5)
        if found.spans[0].probability > 0.3:  # where nothing answers all spans are as unlikely
            assert alone.spans[0].start == found.spans[0].start
    assert reader.read("when?", []) == []


def test_readings_are_placed_in_the_article(reader: Reader) -> None:
    whole = article("tunnel", f"{OTHER}\n\n{TEXT}")
    start = whole.text.index("The harbour")
    hit = Hit(Passage("tunnel:1", whole, start, len(whole.text)), 1.0)
    [found] = read_hits(reader, "who leads the tunnel works?", [hit])
    assert whole.text[found.spans[0].start : found.spans[0].end] == "Olga Rask"
    assert [whole.text[each.start : each.end] for each in found.sentences][1] == "Olga Rask leads the works."
    assert max(found.sentences, key=lambda each: each.span).start == whole.text.index("Olga Rask")


def test_without_a_reader_sentences_stand_as_they_are() -> None:
    whole = article("tunnel", TEXT)
    [found] = read_hits(None, "who?", [Hit(Passage("tunnel:0", whole, 0, len(TEXT)), 1.0)])
    assert (found.spans, len(found.sentences), found.relevance) == ((), 3, 0.0)


def test_reading_imports_no_torch() -> None:
    code = (
        "import sys; from bot.models.reader import load_reader; load_reader().read('who?', [('', 'Olga leads.')]);"
        "sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_damaged_model_is_named_with_its_remedy(tmp_path: Path) -> None:
    (tmp_path / "reader.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ModelError, match="NEWSBOT_READER"):
        load_reader(tmp_path)


def test_a_question_answering_model_of_transformers(tmp_path: Path) -> None:
    name = str(tiny_bert(tmp_path / "qa", [TEXT, OTHER, "who leads ?"], "ForQuestionAnswering"))
    found = load_transformers_reader(name).read("who leads?", [("News.", TEXT), ("", OTHER)])
    assert len(found) == 2
    for text, each in zip((TEXT, OTHER), found, strict=True):
        assert each.spans
        assert all(text[span.start : span.end].strip() for span in each.spans)
        assert each.tokens[0][0] == 0
        assert each.tokens[-1][1] == len(text)
        top = each.spans[0]
        assert each.evidence(top.start, top.end) >= each.evidence(0, len(text)) - 1e-6


def test_a_token_classifier_marks_and_gives_no_short_answer(tmp_path: Path) -> None:
    name = str(tiny_bert(tmp_path / "marks", [TEXT, "who leads ?"], "ForTokenClassification"))
    [found] = load_transformers_reader(name).read("who leads?", [("News.", TEXT)])
    assert found.spans == ()
    assert found.answerable == max(logit for *_, logit in found.tokens)


@pytest.mark.parametrize("kind", ["ForSequenceClassification", ""])
def test_a_model_of_another_kind_is_refused(tmp_path: Path, kind: str) -> None:
    name = str(tiny_bert(tmp_path / "other", [TEXT], kind)) if kind else str(tmp_path / "missing")
    with pytest.raises(ModelError, match="NEWSBOT_READER"):
        load_transformers_reader(name)

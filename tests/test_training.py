"""Training the reader: examples of stories and SQuAD, a run that learns and can be taken up, files that load."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import numpy as np
import pytest
import torch

from bot.cli import main
from bot.errors import ReadError, UsageError
from bot.models.reader import WordEmbeddings, load_reader
from bot.models.reader_input import PairEncoder
from bot.models.training.command import Plan, network_reader, train_reader
from bot.models.training.examples import Example, question_examples, squad_examples, story_examples
from bot.models.training.export import export
from bot.models.training.network import ReaderNetwork
from bot.models.training.train import Progress, Schedule, rows_of, tokenizer_of, train
from tests.tiny_models import tiny_mpnet

FIRST = "The harbour tunnel will cost 40 million euros, the mayor said. Olga Rask leads the works. It opens in May."
SECOND = "The harbour tunnel will now cost 55 million euros. Ivo Lund leads the works since Olga Rask left."
THIRD = "Snow closed the airport. Flights were cancelled because both runways were icy."


def _passage(text: str, day: str, questions: list[dict[str, object]], unanswerable: list[str]) -> dict[str, object]:
    return {
        "title": "News of Kelmouth",
        "source": "Kelmouth Post",
        "published": day,
        "text": text,
        "questions": questions,
        "unanswerable": unanswerable,
    }


STORIES = [
    {
        "story": "tunnel",
        "passages": [
            _passage(
                FIRST,
                "2024-01-02",
                [
                    {"q": "what will the tunnel cost?", "a": "40 million euros", "kind": "money"},
                    {"q": "who leads the works?", "a": "Olga Rask", "kind": "person"},
                    {"q": "will it open in may?", "a": "yes", "kind": "yesno", "evidence": "It opens in May."},
                ],
                ["who designed the tunnel?"],
            ),
            _passage(
                SECOND,
                "2024-03-02",
                [
                    {"q": "who leads the works now?", "a": "Ivo Lund", "kind": "person"},
                    {"q": "which two led the works?", "a": ["Ivo Lund", "Olga Rask"], "kind": "list"},
                ],
                ["when did the works begin?"],
            ),
        ],
        "story_questions": [
            {"q": "cost of the tunnel now?", "asked_on": "2024-04-01", "a": "55 million euros", "passage": 1}
        ],
    },
    {
        "story": "snow",
        "passages": [
            _passage(
                THIRD,
                "2024-01-05",
                [{"q": "why were flights cancelled?", "a": "because both runways were icy", "kind": "reason"}],
                ["how many flights were cancelled?"],
            ),
            _passage("The airport opened again.", "2024-01-06", [], ["who opened it?"]),
        ],
    },
]
SQUAD = {
    "data": [
        {
            "title": "Kelmouth",
            "paragraphs": [
                {
                    "context": FIRST,
                    "qas": [
                        {"question": "Who leads?", "answers": [{"text": "Olga Rask", "answer_start": 63}]},
                        {"question": "Who swims?", "is_impossible": True, "answers": []},
                    ],
                },
                {"context": THIRD, "qas": []},
            ],
        }
    ]
}


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("stories") / "stories.jsonl"
    path.write_text("".join(json.dumps(story) + "\n" for story in STORIES), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    texts = [FIRST, SECOND, THIRD, "who what why when which how many will it is the ? . , News of Kelmouth Post 2024"]
    return tiny_mpnet(tmp_path_factory.mktemp("base"), texts)


def test_examples_of_stories(stories: Path) -> None:
    found = list(story_examples([stories], random.Random(0)))
    for example in found:
        assert all(example.passage[start:end].strip() for start, end in (*example.spans, *example.evidence))
    answers = {(each.question, each.passage[slice(*each.spans[0])]) for each in found if each.spans}
    assert ("what will the tunnel cost?", "40 million euros") in answers
    assert ("cost of the tunnel now?", "55 million euros") in answers
    [yes] = [each for each in found if each.question == "will it open in may?" and each.answerable]
    assert (yes.spans, [yes.passage[slice(*span)] for span in yes.evidence]) == ((), ["It opens in May."])
    [listed] = [each for each in found if each.question == "which two led the works?" and each.answerable]
    assert len(listed.spans) == 2
    empty = [each for each in found if each.answerable == 0]
    assert {"who designed the tunnel?", "how many flights were cancelled?"} <= {each.question for each in empty}
    # Olga Rask is named in the other passage too, so that it is no example of a passage without the answer.
    assert not any(each.question == "who leads the works?" and each.passage == SECOND for each in empty)
    assert found[0].header == "News of Kelmouth. Kelmouth Post, 2 January 2024."


def test_examples_of_squad(tmp_path: Path) -> None:
    path = tmp_path / "squad.json.gz"
    path.write_bytes(gzip.compress(json.dumps(SQUAD).encode()))
    found = list(squad_examples([path, path], random.Random(0), unanswerable=1.0))
    assert (found[0].question, found[0].answerable) == ("Who leads?", 1)
    assert found[0].passage[slice(*found[0].spans[0])] == "Olga Rask"
    assert sum(each.question == "Who leads?" and each.answerable == 1 for each in found) == 1, "each once"
    assert [each.answerable for each in found if each.question == "Who swims?"] == [0]


def test_examples_of_own_questions() -> None:
    rows = [("who leads the works?", ["Olga Rask"], [("", FIRST), ("", THIRD)])]
    found = list(question_examples(rows, random.Random(0)))
    assert [(each.answerable, each.passage) for each in found] == [(1, FIRST), (0, THIRD)]
    assert found[0].passage[slice(*found[0].spans[0])] == "Olga Rask"


@pytest.mark.parametrize(
    "line", ['{"no": "passages"}', '{"passages": [{"title": "Alone"}]}', json.dumps({"passages": []}), "[1]", "{cut"]
)
def test_a_file_that_holds_no_stories_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(line, encoding="utf-8")
    with pytest.raises(ReadError, match=r"bad\.jsonl, line 1"):
        list(story_examples([path], random.Random(0)))


def test_an_answer_that_is_cut_off_is_not_learned(base: Path) -> None:
    encoder = PairEncoder(tokenizer_of(base), 24)
    example = Example("when?", "", FIRST, ((FIRST.index("May"), FIRST.index("May") + 3),), (), 1, 1)
    assert rows_of([example], encoder) == []


def test_it_learns_what_it_is_shown(stories: Path, base: Path) -> None:
    examples = [each for each in story_examples([stories], random.Random(0)) if each.spans]
    encoder = PairEncoder(tokenizer_of(base))
    rows = rows_of(examples, encoder) * 60
    network = ReaderNetwork(base, 2)
    seen: list[Progress] = []
    train(network, rows, Schedule(rate=3e-3, batch=8), on_progress=seen.append)
    assert seen[-1].losses["span"] < 0.7 * seen[0].losses["span"]
    assert (seen[-1].step, seen[-1].steps) == (len(seen), len(seen))
    [found] = network_reader(network, encoder).read(examples[0].question, [(examples[0].header, examples[0].passage)])
    best = found.spans[0]
    assert examples[0].passage[best.start : best.end] == examples[0].passage[slice(*examples[0].spans[0])]


def test_a_run_that_is_cut_short_ends_as_one_that_is_not(stories: Path, base: Path, tmp_path: Path) -> None:
    encoder = PairEncoder(tokenizer_of(base))
    rows = rows_of(list(story_examples([stories], random.Random(0))), encoder) * 8
    schedule = Schedule(rate=1e-3, batch=4, seed=3)

    class Stopped(Exception):
        pass

    def stop(progress: Progress) -> None:
        if progress.step == 13:
            raise Stopped

    def trained(checkpoint: Path | None, stopped: bool) -> dict[str, torch.Tensor]:
        torch.manual_seed(1)
        network = ReaderNetwork(base, 1)
        torch.manual_seed(2)
        for head in (network.tokens, network.pair):
            torch.nn.init.normal_(head.weight, std=0.02)
        if stopped:
            with pytest.raises(Stopped):
                train(network, rows, schedule, checkpoint=checkpoint, every=5, on_progress=stop)
            network = ReaderNetwork(base, 1)
        train(network, rows, schedule, checkpoint=checkpoint, every=5)
        return network.state_dict()

    whole, taken_up = trained(None, False), trained(tmp_path / "run.ckpt", True)
    for name, tensor in whole.items():
        assert torch.allclose(tensor, taken_up[name], atol=1e-4), name
    assert not (tmp_path / "run.ckpt").exists()


def test_what_is_exported_reads_as_the_network_does(base: Path, tmp_path: Path) -> None:
    network = ReaderNetwork(base, 2).eval()
    encoder = PairEncoder(tokenizer_of(base))
    contexts = [("News of Kelmouth.", FIRST), ("", THIRD)]
    own = network_reader(network, encoder).read("who leads the works?", contexts)
    export(network, base, tmp_path / "made", {"name": "tiny", "max_tokens": 320})
    loaded = load_reader(tmp_path / "made")
    assert json.loads((tmp_path / "made" / "reader.json").read_text(encoding="utf-8"))["name"] == "tiny"
    for one, other in zip(own, loaded.read("who leads the works?", contexts), strict=True):
        assert one.relevance == pytest.approx(other.relevance, abs=0.1)
        assert [token[:2] for token in one.tokens] == [token[:2] for token in other.tokens]
    assert all(path.stat().st_size < 50_000_000 for path in (tmp_path / "made").iterdir())


def test_words_in_four_bits_are_near_the_whole_ones() -> None:
    weights = np.random.default_rng(1).normal(size=(50, 192)).astype(np.float32)
    found = WordEmbeddings.quantized(weights)(np.arange(50)[None, :])[0]
    assert found.shape == weights.shape
    assert float(np.abs(found - weights).mean()) < 0.15
    cosines = (found * weights).sum(1) / np.linalg.norm(found, axis=1) / np.linalg.norm(weights, axis=1)
    assert cosines.min() > 0.98


def test_the_command_trains_goes_on_and_says_what_it_reached(
    stories: Path, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    typed = ["train-reader", "--base", str(base), "--stories", str(stories), "--layers", "1", "--batch", "4"]
    assert main([*typed, "--out", str(tmp_path / "one"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["rows"] > 5
    assert set(told["figures"]) == {"fp32", "int8"}
    assert main([*typed, "--out", str(tmp_path / "two"), "--init", str(tmp_path / "one")]) == 0
    assert f"NEWSBOT_READER={tmp_path / 'two'}" in capsys.readouterr().out
    assert load_reader(tmp_path / "two").read("who leads?", [("", FIRST)])[0].spans
    assert main([*typed, "--out", str(tmp_path / "mean"), "--init", str(tmp_path / "one"), "--average"]) == 0
    begun, alone, mean = (
        torch.load(tmp_path / run / "network.pt", weights_only=True) for run in ("one", "two", "mean")
    )
    moved = [name for name in begun if not torch.equal(begun[name], alone[name])]
    assert moved
    for name in moved:
        torch.testing.assert_close(mean[name], (begun[name] + alone[name]) / 2, rtol=0, atol=1e-6)
    capsys.readouterr()
    assert main([*typed, "--out", str(tmp_path / "four"), "--average"]) == 2
    assert "--init" in capsys.readouterr().err
    assert main([*typed, "--out", str(tmp_path / "three"), "--base", str(tmp_path)]) == 1
    assert "--base" in capsys.readouterr().err


def test_nothing_to_train_on_is_said(base: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--stories"):
        train_reader(Plan(base=base, out=tmp_path / "out", layers=1))

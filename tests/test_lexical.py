"""BM25 by tantivy: words are found in any form, narrowed by day and source, and leave with their article."""

from __future__ import annotations

import math
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from bot.corpus.catalog_rows import Change
from bot.corpus.follower import State
from bot.corpus.lexical import TantivyFiles
from bot.errors import CorpusError
from bot.schema import Article, Passage, Scope

EMPTY, STATE = State("corpus", 0, {}), State("corpus", 1, {})
STORIES = {
    "a": ("Ministers agree budget", "Ministers agreed on the budget. Spending rises.", date(2023, 5, 1), "The Post"),
    "b": ("Storm hits the coast", "The storm flooded São Tomé and its harbours.", date(2024, 5, 1), "The Herald"),
    "c": ("No day is known", "Another budget was agreed by nobody in particular.", None, "The Herald"),
    "d": ("Museum reopens", "The museum reopened with 1,200 paintings.", date(2024, 6, 1), None),
}


def change(name: str, *, seq: int = 1, empty: bool = False) -> Change:
    title, text, day, source = STORIES[name]
    article = Article(title=title, text=text, published=day, source=source, id=name)
    return Change(seq, name, () if empty else (Passage(f"{name}.0.0", article, 0, len(text)),))


@pytest.fixture
def index(tmp_path: Path) -> TantivyFiles:
    made = TantivyFiles(tmp_path / "bm25")
    made.reset(EMPTY)
    made.apply([change(name) for name in STORIES], STATE)
    return made


def names(index: TantivyFiles, question: str, scope: Scope | None = None, **options: object) -> list[str]:
    found = index.search(index.terms(question), 10, scope, **options)  # type: ignore[arg-type]
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)
    return [id_.split(".")[0] for id_, _ in found]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("budget", {"a", "c"}),
        ("Budgets", {"a", "c"}),
        ("a minister, agreeing", {"a", "c"}),
        ("flooding", {"b"}),
        ("sao tome", {"b"}),
        ("SÃO TOMÉ", {"b"}),
        ("harbor harbour", {"b"}),
        ("paintings", {"d"}),
        ("200", {"d"}),
        ("volcano", set()),
        ("", set()),
        ("?!", set()),
    ],
)
def test_words_are_found_in_any_form(index: TantivyFiles, question: str, expected: set[str]) -> None:
    assert set(names(index, question)) == expected


def test_terms_are_folded_and_stemmed_in_order(index: TantivyFiles) -> None:
    assert index.terms("Ministers’ BUDGETS in São Tomé") == ["minist", "budget", "in", "sao", "tome"]
    assert index.terms("") == []


def test_query_syntax_means_nothing(index: TantivyFiles) -> None:
    assert names(index, 'title:storm AND (budget OR "') == names(index, "title storm and budget or")


def test_a_word_in_the_title_counts_by_its_weight(index: TantivyFiles) -> None:
    heavy = dict(index.search(["storm"], 10, title_weight=2.0))["b.0.0"]
    light = dict(index.search(["storm"], 10, title_weight=0.5))["b.0.0"]
    none = dict(index.search(["storm"], 10, title_weight=0.0))["b.0.0"]
    assert heavy > light > none > 0
    assert heavy - none == pytest.approx(4 * (light - none), rel=1e-4)


def test_rare_words_weigh_more(index: TantivyFiles) -> None:
    idf = index.idf(["budget", "museum", "volcano", "the"])
    assert idf["volcano"] > idf["museum"] > idf["budget"]
    assert idf["museum"] == pytest.approx(math.log(1 + (4 - 1 + 0.5) / 1.5))
    assert idf["volcano"] == pytest.approx(math.log(1 + 4.5 / 0.5))
    assert index.idf([]) == {}


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (Scope(), "abcd"),
        (Scope(after=date(2024, 5, 1)), "bd"),
        (Scope(after=date(2024, 5, 2)), "d"),
        (Scope(before=date(2024, 5, 1)), "ab"),
        (Scope(before=date(2023, 4, 30)), ""),
        (Scope(after=date(2023, 5, 1), before=date(2023, 5, 1)), "a"),
        (Scope(known_by=date(2024, 5, 1)), "abc"),
        (Scope(known_by=date(2020, 1, 1)), "c"),
        (Scope(known_by=date(2024, 5, 1), after=date(2024, 1, 1)), "b"),
        (Scope(sources=("The Herald",)), "bc"),
        (Scope(sources=("The Herald", "The Post")), "abc"),
        (Scope(sources=("the herald",)), ""),
        (Scope(sources=("The Post",), copied_by_sources=("d",)), "ad"),
        (Scope(sources=("The Courier",), copied_by_sources=("b",)), "b"),
        (Scope(sources=("The Herald",), before=date(2024, 12, 31)), "b"),
    ],
)
def test_a_scope_narrows_without_changing_scores(index: TantivyFiles, scope: Scope, expected: str) -> None:
    question = "budget storm museum agreed the"
    assert set(names(index, question, scope)) == set(expected)
    everything = dict(index.search(index.terms(question), 10))
    for id_, score in index.search(index.terms(question), 10, scope):
        assert score == pytest.approx(everything[id_], rel=1e-5)


def test_among_restricts_the_search(index: TantivyFiles) -> None:
    assert names(index, "budget storm museum", among=["a.0.0", "d.0.0", "nowhere.0.0"]) in (["a", "d"], ["d", "a"])


def test_a_removed_article_leaves_at_once(index: TantivyFiles) -> None:
    index.apply([change("a", empty=True)], STATE)
    assert names(index, "budget") == ["c"]
    assert index.ids() == {"b.0.0", "c.0.0", "d.0.0"}
    index.apply([Change(9, "nowhere", ())], STATE)
    assert len(index.ids()) == 3


def test_taking_in_twice_doubles_nothing(index: TantivyFiles) -> None:
    index.apply([change("a"), change("b")], STATE)
    assert len(index.ids()) == 4
    assert names(index, "budget").count("a") == 1


def test_an_open_reader_sees_another_writer_after_refresh(index: TantivyFiles) -> None:
    reader = TantivyFiles(index.folder)
    assert len(reader.ids()) == 4
    index.apply([change("a", empty=True)], STATE)
    reader.refresh()
    assert names(reader, "budget") == ["c"]


def test_an_open_reader_sees_another_process(index: TantivyFiles) -> None:
    code = (
        "import sys; from pathlib import Path; from bot.corpus.lexical import TantivyFiles\n"
        "from bot.corpus.follower import State\n"
        "from bot.corpus.catalog_rows import Change\n"
        "TantivyFiles(Path(sys.argv[1])).apply([Change(9, 'a', ())], State('corpus', 9, {}))"
    )
    assert len(index.ids()) == 4
    subprocess.run([sys.executable, "-c", code, str(index.folder)], check=True, cwd=Path(__file__).parents[1])
    index.refresh()
    assert names(index, "budget") == ["c"]


def test_an_open_reader_survives_an_index_made_anew(index: TantivyFiles) -> None:
    reader = TantivyFiles(index.folder)
    assert len(reader.ids()) == 4
    index.reset(EMPTY)
    index.apply([change("d")], STATE)
    reader.refresh()
    assert reader.ids() == {"d.0.0"}
    assert names(reader, "museum") == ["d"]


def test_reset_empties(index: TantivyFiles) -> None:
    index.reset(EMPTY)
    assert index.ids() == set()
    assert names(index, "budget") == []
    assert index.idf(["budget"])["budget"] > 0


def test_an_index_that_is_not_there_is_told(tmp_path: Path) -> None:
    missing = TantivyFiles(tmp_path / "bm25")
    with pytest.raises(CorpusError, match=r"is not there.*verify --repair"):
        missing.search(["budget"], 10)
    assert not (tmp_path / "bm25").exists()


def test_the_share_of_passages_in_scope(index: TantivyFiles) -> None:
    everything = index.ids()
    for scope in (Scope(after=date(2000, 1, 1)), Scope(known_by=date(1990, 1, 1)), Scope(sources=("The Post",))):
        held = [id_ for id_, _ in index.search(index.terms("budget storm museum agreed the"), len(everything), scope)]
        assert index.share(scope) >= len(held) / len(everything)
    assert index.share(Scope(before=date(1900, 1, 1), after=date(1899, 1, 1))) == 0.0


def test_the_rarity_of_a_word_follows_the_index(index: TantivyFiles) -> None:
    before = index.rarity("Museum")
    assert before == index.rarity("Museum") == max(index.idf(index.terms("Museum")).values())
    assert index.rarity("nowhereatall") > before
    assert index.rarity("…") == 0.0
    texts = [Article(title="More", text=f"Nothing of the kind {number}.", id=f"more{number}") for number in range(5)]
    index.apply([Change(2, each.id, (Passage(f"{each.id}.0.0", each, 0, len(each.text)),)) for each in texts], STATE)
    assert index.rarity("Museum") > before


def test_words_held_count_once_wherever_they_stand(tmp_path: Path) -> None:
    text = "Snow fell. Snow fell again.\n\nThe bridge stayed shut."
    article = Article(title="Snow in March", text=text, id="e")
    index = TantivyFiles(tmp_path / "bm25")
    index.reset(EMPTY)
    first, second = Passage("e.0.0", article, 0, 28), Passage("e.0.1", article, 29, len(text))
    index.apply([Change(1, "e", (first, second)), change("a", seq=2)], STATE)
    weights = {"snow": 2.0, "bridg": 1.0, "volcano": 4.0}
    assert index.held(weights, ["e.0.0", "e.0.1", "a.0.0"]) == {"e.0.0": 2.0, "e.0.1": 3.0}
    assert index.held(weights, ["e.0.0"]) == {"e.0.0": 2.0}
    assert index.held_by_articles(weights, ["e", "a"]) == {"e": 3.0}
    assert index.held({}, ["e.0.0"]) == index.held_by_articles(weights, []) == {}
    index.apply([Change(3, "e", ())], STATE)
    assert index.held_by_articles(weights, ["e", "a"]) == {}

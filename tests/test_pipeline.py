"""The pipeline: what becomes of each article, in any order of arrival, and after being killed at any moment.

Articles are handed in.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import permutations
from pathlib import Path

import pytest

from bot.corpus.catalog.feeds import last_run
from bot.corpus.corpus import Corpus
from bot.schema import Article, Outcome, OutcomeKind
from bot.settings import Settings
from bot.wiring import finder, open_corpus
from ingest.pipeline import BATCH_ARTICLES, dry_run, ingest
from tests.fakes import article

ROOT = Path(__file__).resolve().parents[1]
WIRE = (
    "Rescue teams in the northern province of Tessaly freed eleven miners on Friday, two days after a tunnel gave way. "
    "All of them were taken to the district hospital, where doctors described their state as stable.\n\n"
    "The operator of the mine said that heavy rain had softened the slope above the eastern shaft. "
    "The labour inspectorate opened an inquiry and closed the site until further notice. "
    "Relatives had waited at the gate since Wednesday, and the governor thanked volunteers from three countries."
)


@pytest.fixture
def corpus(settings: Settings) -> Iterator[Corpus]:
    made = open_corpus(settings, create=True)
    yield made
    made.close()


def run(corpus: Corpus, *items: Article | Outcome) -> list[Outcome]:
    with corpus.writing():
        return list(ingest(corpus, items))


def kinds(outcomes: list[Outcome]) -> list[str]:
    return [str(outcome.kind) for outcome in outcomes]


def wire(outlet: str, day: int | None, lead: str = "") -> Article:
    """The wire story as one outlet printed it."""
    text = f"{lead}\n\n{WIRE}" if lead else WIRE
    published = date(2024, 3, day) if day else None
    return article(outlet.lower(), text, source=outlet, published=published, title=f"Miners freed ({outlet})")


# Outcomes


def test_new_changed_and_unchanged(corpus: Corpus) -> None:
    one, two = article("harbour"), article("bridge", "A bridge of 300 metres. It was closed on Monday.")
    first = run(corpus, one, two)
    assert kinds(first) == ["new", "new"]
    assert [outcome.title for outcome in first] == [one.title, two.title]
    assert kinds(run(corpus, one, replace(two, text="A bridge of 310 metres. It was closed on Monday."))) == [
        "unchanged",
        "changed",
    ]
    assert kinds(run(corpus, replace(one, url=one.url + "?utm_source=feed"))) == ["unchanged"]  # type: ignore[operator]
    found = corpus.catalog.article(first[1].article_id)
    assert found is not None
    assert "310" in found.text
    assert corpus.verify() == []


def test_outcomes_of_readers_are_handed_on_in_their_place(corpus: Corpus) -> None:
    skipped = Outcome(kind=OutcomeKind.SKIPPED, origin="menu.html", reason="a menu page")
    failed = Outcome(kind=OutcomeKind.FAILED, origin="x.bin", reason="not text")
    outcomes = run(corpus, skipped, article("harbour"), failed)
    assert (outcomes[0], outcomes[2]) == (skipped, failed)
    assert outcomes[1].kind is OutcomeKind.NEW
    last = last_run(corpus.catalog)
    assert last is not None
    assert last.finished_at is not None
    assert last.counts == {"skipped": 1, "new": 1, "failed": 1}


def test_a_bad_address_fails_alone(corpus: Corpus) -> None:
    outcomes = run(corpus, article("a", url="javascript:alert(1)", origin="x.json"), article("harbour"))
    assert kinds(outcomes) == ["failed", "new"]
    assert "http" in outcomes[0].reason
    assert outcomes[0].origin == "x.json"


def test_the_same_address_twice_in_a_run_counts_once(corpus: Corpus) -> None:
    first = article("harbour", origin="one.txt")
    second = replace(first, text="Other words stand here altogether, on another day.", origin="two.txt")
    again = replace(first, origin="three.txt")
    outcomes = run(corpus, first, second, again)
    assert kinds(outcomes) == ["new", "skipped", "unchanged"]
    assert "one.txt" in outcomes[1].reason
    assert kinds(run(corpus, first, second, again)) == ["unchanged", "skipped", "unchanged"]
    assert len(corpus.catalog.revisions(outcomes[0].article_id)) == 1


def test_the_same_address_twice_is_seen_across_batches(corpus: Corpus) -> None:
    first = article("harbour", origin="one.txt")
    between = [Outcome(kind=OutcomeKind.SKIPPED, origin=str(n), reason="-") for n in range(BATCH_ARTICLES)]
    outcomes = run(corpus, first, *between, replace(first, text="Other words stand here.", origin="two.txt"))
    assert outcomes[-1].kind is OutcomeKind.SKIPPED


def test_articles_without_address_are_known_by_their_words(corpus: Corpus) -> None:
    one = article("harbour", url=None)
    assert kinds(run(corpus, one, replace(one, text=one.text.upper()))) == ["new", "skipped"]
    assert kinds(run(corpus, one)) == ["unchanged"]


def test_nothing_to_ingest(corpus: Corpus) -> None:
    assert run(corpus) == []
    assert corpus.verify() == []


def test_odd_characters_are_kept_or_fail_alone(corpus: Corpus) -> None:
    odd = article("odd", "A lone \ud83d surrogate stands here. It cost 5 euros.")
    outcomes = run(corpus, odd, article("harbour"))
    assert outcomes[1].kind is OutcomeKind.NEW
    assert outcomes[0].kind is OutcomeKind.FAILED
    assert "half characters" in outcomes[0].reason
    control = article("control", "A NUL \x00 and a bell \x07 stand here, and 🎈 too. It cost 5 euros.")
    assert kinds(run(corpus, control)) == ["new"]
    assert corpus.verify() == []


def test_an_article_without_text_is_skipped_with_a_reason(corpus: Corpus) -> None:
    (outcome,) = run(corpus, article("empty", "", title="Nothing"))
    assert outcome.kind is OutcomeKind.SKIPPED
    assert outcome.reason
    assert corpus.verify() == []


def test_outcomes_come_when_their_articles_can_be_found(corpus: Corpus, settings: Settings) -> None:
    articles = [
        article(f"a{n}", f"Bridge number {n} opened. It is called Alpha{n}.") for n in range(BATCH_ARTICLES + 5)
    ]
    with corpus.writing():
        outcomes = ingest(corpus, articles)
        first = next(outcomes)
        assert [id_ for id_, _ in corpus.lexical.search(corpus.lexical.terms("Alpha3"), 5)]
        assert corpus.catalog.article(first.article_id) is not None
        rest = list(outcomes)
    assert len(rest) == len(articles) - 1
    hits = finder(3, settings)("What is Alpha7?")
    assert hits[0].article.text == articles[7].text


def test_passages_have_the_length_that_is_set(settings: Settings) -> None:
    text = " ".join(f"Sentence number {n} has some words." for n in range(100))
    for passage_chars in (200, 900):
        made = open_corpus(
            settings.model_copy(update={"data_dir": settings.data_dir / str(passage_chars)}), create=True
        )
        with made.writing():
            list(ingest(made, [article("long", text)], passage_chars=passage_chars))
        lengths = [len(p.text) for p in made.catalog.passages(sorted(made.catalog.passage_ids())).values()]
        assert max(lengths) <= passage_chars
        assert sum(lengths) / len(lengths) > 0.7 * passage_chars
        made.close()


# Copies


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_earliest_becomes_the_original_in_any_order_of_arrival(corpus: Corpus, order: tuple[int, ...]) -> None:
    stories = [wire("Herald", 8), wire("Courier", 9, "From our correspondent."), wire("Globe", None)]
    outcomes = {}
    for i in order:
        (outcome,) = run(corpus, stories[i])
        outcomes[i] = outcome
    herald, courier, globe = (outcomes[i].article_id for i in range(3))
    copies = corpus.catalog.copies([herald, courier, globe])
    assert {id_: {each.id for each in linked} for id_, linked in copies.items()} == {herald: {courier, globe}}
    assert {id_.split(".")[0] for id_ in corpus.catalog.passage_ids()} == {herald}
    assert corpus.dense.ids() == corpus.lexical.ids() == corpus.catalog.passage_ids()
    assert outcomes[order[0]].kind is OutcomeKind.NEW
    assert corpus.catalog.counts()["copies"] == 2
    assert corpus.verify() == []


def test_copies_in_one_run_are_found_too(corpus: Corpus) -> None:
    assert kinds(run(corpus, wire("Herald", 8), wire("Courier", 9))) == ["new", "copy"]
    assert kinds(run(corpus, wire("Herald", 8), wire("Courier", 9))) == ["unchanged", "unchanged"]


def test_a_copy_that_is_rewritten_stands_alone(corpus: Corpus) -> None:
    outcomes = run(corpus, wire("Herald", 8), wire("Courier", 9))
    own = replace(wire("Courier", 9), text="Our reporter met the miners at home. They want to go back to work soon.")
    run(corpus, own)
    assert corpus.catalog.copies([outcomes[0].article_id]) == {}
    assert corpus.catalog.counts()["copies"] == 0
    assert corpus.verify() == []


def test_copies_of_an_original_that_is_rewritten_stay_together(corpus: Corpus) -> None:
    outcomes = run(corpus, wire("Herald", 8), wire("Courier", 9), wire("Globe", 10))
    assert kinds(outcomes) == ["new", "copy", "copy"]
    own = replace(
        wire("Herald", 8), text="The mine will never open again, its owner said. Its 300 workers get a pension."
    )
    assert kinds(run(corpus, own)) == ["changed"]
    courier, globe = outcomes[1].article_id, outcomes[2].article_id
    assert {id_: [each.id for each in linked] for id_, linked in corpus.catalog.copies([courier]).items()} == {
        courier: [globe]
    }
    assert corpus.catalog.counts()["copies"] == 1
    assert corpus.verify() == []


def test_a_hit_says_where_else_it_stands(corpus: Corpus, settings: Settings) -> None:
    run(corpus, wire("Herald", 8), wire("Courier", 9), article("harbour"))
    hit = finder(5, settings)("How many miners were freed?")[0]
    assert hit.article.source == "Herald"
    assert [each.source for each in hit.also_in] == ["Courier"]


# What publishers repeat


def test_what_recurs_is_learned_and_left_out_of_passages(corpus: Corpus) -> None:
    stock = "Our weekly round-up of regional affairs reaches forty thousand households in the valley."
    articles = [
        article(
            f"a{n}",
            f"Story {n} is about thing{n * 7919}. It ended well{n}.\n\n{stock}",
            url=f"https://post.example/{n}",
        )
        for n in range(30)
    ]
    run(corpus, *articles[:20])
    with corpus.catalog.writing() as writer:
        assert writer.boilerplate("The Post")
    run(corpus, *articles[20:])
    passages = corpus.catalog.passages(sorted(corpus.catalog.passage_ids())).values()
    late = [passage for passage in passages if passage.article.url and int(passage.article.url.rsplit("/")[-1]) >= 20]
    assert late
    assert not [passage for passage in late if stock in passage.text]
    assert all(stock in passage.article.text for passage in late), "the article itself is kept whole"


# Dry runs


def test_a_dry_run_says_what_would_be_and_stores_nothing(corpus: Corpus) -> None:
    one, two = article("harbour"), article("bridge", "A bridge of 300 metres.")
    run(corpus, one)
    seq = corpus.catalog.seq()
    items = [one, replace(one, title="Corrected"), two, article("bad", url="ftp://x.example/1")]
    assert kinds(list(dry_run(items, corpus))) == ["unchanged", "skipped", "new", "failed"]
    assert kinds(list(dry_run([replace(one, title="Corrected")], corpus))) == ["changed"]
    assert kinds(list(dry_run([one], None))) == ["new"]
    assert corpus.catalog.seq() == seq


# Killed

INGEST = """
    import sys
    from pathlib import Path
    from bot.settings import Settings
    from bot.wiring import open_corpus
    from ingest.pipeline import ingest
    from tests.test_pipeline import many
    import ingest.pipeline
    ingest.pipeline.BATCH_ARTICLES, ingest.pipeline.FOLLOW_PASSAGES = 8, 24
    corpus = open_corpus(Settings(data_dir=Path(sys.argv[1]), cache_dir=Path(sys.argv[2])), create=True)
    print("begun", flush=True)
    with corpus.writing():
        list(ingest.pipeline.ingest(corpus, many()))
    print("done", flush=True)
"""


def many() -> list[Article]:
    """Some 80 articles, with copies, changes of outlet and a recurring paragraph."""
    chance = random.Random(5)
    words = ("river", "minister", "budget", "storm", "museum", "railway", "vaccine", "orchestra", "forest", "court")
    found: list[Article] = []
    for n in range(80):
        text = "\n\n".join(
            " ".join(chance.choice(words) for _ in range(30)).capitalize() + f" number {n}." for _ in range(3)
        )
        source = ("The Post", "The Herald")[n % 2]
        if n % 10 == 9:
            text, source = found[-3].text, "The Globe"
        found.append(article(f"k{n}", text, source=source, published=date(2024, 1, 1 + n % 28)))
    return found


def contents(folder: Path, settings: Settings) -> tuple[object, ...]:
    corpus = open_corpus(settings.model_copy(update={"data_dir": folder}))
    assert corpus.verify() == []
    ids = corpus.catalog.passage_ids()
    assert corpus.dense.ids() == corpus.lexical.ids() == ids
    articles = sorted({id_.split(".")[0] for id_ in ids})
    copies = {id_: sorted(each.id for each in linked) for id_, linked in corpus.catalog.copies(articles).items()}
    texts = {id_: passage.text for id_, passage in corpus.catalog.passages(sorted(ids)).items()}
    found = corpus.catalog.counts(), copies, texts, corpus.dense.stored(sorted(ids))
    corpus.close()
    return found


@pytest.mark.slow
def test_a_run_that_is_killed_again_and_again_ends_like_one_that_was_not(settings: Settings, tmp_path: Path) -> None:
    def start(folder: Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(INGEST), str(folder), str(settings.cache_dir)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )  # fmt: skip

    whole = start(tmp_path / "whole")
    assert whole.stdout is not None
    assert whole.stdout.readline() == "begun\n", whole.stderr and whole.stderr.read()
    started = time.monotonic()
    assert whole.stdout.readline() == "done\n", whole.stderr and whole.stderr.read()
    seconds = time.monotonic() - started
    whole.communicate()
    wanted = contents(tmp_path / "whole", settings)
    assert wanted[0]["copies"] == 8  # type: ignore[index]

    chance = random.Random(20240304)
    killed = 0
    for _ in range(5):
        process = start(tmp_path / "killed")
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n", process.stderr and process.stderr.read()
        time.sleep(chance.uniform(0.05, 0.9) * seconds)
        killed += process.poll() is None
        process.kill()
        process.communicate()
    assert killed
    last = start(tmp_path / "killed")
    out, err = last.communicate(timeout=120)
    assert out.endswith("done\n"), err
    assert contents(tmp_path / "killed", settings) == wanted
    shutil.rmtree(tmp_path / "killed")

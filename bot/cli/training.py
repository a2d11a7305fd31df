"""The commands that learn from data: `train-reader`, `fit-decision`, `fit-kinds`, `fit-orders`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bot.cli.terminal import present, say

if TYPE_CHECKING:
    from bot.models.training.examples import Example
    from bot.models.training.train import Progress
    from bot.settings import Settings

SAY_EVERY = 25
"""Steps of training between two lines of progress."""
OWN_PASSAGES = 8
"""Passages found that are looked at for an answer, for each own question."""


def run_train_reader(parsed: argparse.Namespace, settings: Settings) -> int:
    """Train a reading model from files, and say what it reaches on examples that were held out."""
    from bot.errors import ModelError

    try:
        from bot.models.training.command import Plan, train_reader
        from bot.models.training.train import Schedule
    except ImportError as error:
        raise ModelError(
            f"Training needs the extra train, and {error.name} is not installed: pip install 'newsbot[train]'."
        ) from error
    limits = {name: int(count) for name, count in parsed.limit or []}
    trained = train_reader(
        Plan(
            base=parsed.base,
            out=parsed.out,
            layers=parsed.layers,
            stories=parsed.stories or (),
            squad=parsed.squad or (),
            own=list(_own_examples(parsed, settings)) if parsed.questions else (),
            passes=parsed.passes,
            limits=limits,
            init=parsed.init,
            average=parsed.average,
            device=parsed.device,
            schedule=Schedule(rate=parsed.rate, batch=parsed.batch, seed=parsed.seed),
        ),
        _say,
    )
    lines = [f"{trained.rows:,} rows in {trained.seconds:,.0f} seconds; {trained.held_out:,} examples held out."]
    for runtime, figures in trained.figures.items():
        lines.append(f"{runtime}: " + ", ".join(f"{name} {value:.3f}" for name, value in figures.items()))
    lines.append(f"Written to {parsed.out}. Use it:  NEWSBOT_READER={parsed.out}")
    present(parsed, asdict(trained), lines)
    return 0


def _own_examples(parsed: argparse.Namespace, settings: Settings) -> Iterator[Example]:
    import random

    from bot.evaluation.question_file import read_questions
    from bot.evaluation.run import is_relevant
    from bot.models.training.examples import question_examples
    from bot.retrieval.reading import context_of
    from bot.schema import Question
    from bot.wiring import open_asker

    asker = open_asker(settings.model_copy(update={"llm": None}))
    rows = []
    for question in read_questions(parsed.questions):
        asked = asker.understand(Question(question.text, as_of=question.asked_on))
        retrieved = asker.retriever.retrieve(asked.understood, OWN_PASSAGES)
        hits = [hit for hit in retrieved.hits if question.relevant is None or is_relevant(question, hit)]
        others = [hit for hit in retrieved.hits if hit not in hits]
        contexts = [context_of(hit) for hit in [*hits, *others]]
        answers = [*question.answers, *question.short]
        if answers:
            rows.append((question.text, answers, contexts))
    yield from question_examples(rows, random.Random(parsed.seed))


def _say(progress: Progress) -> None:
    if progress.step % SAY_EVERY == 0 or progress.step == progress.steps:
        losses = ", ".join(f"{name} {value:.3f}" for name, value in progress.losses.items())
        left = progress.seconds / max(1, progress.step) * (progress.steps - progress.step)
        say(f"step {progress.step:,} of {progress.steps:,}, about {left / 60:.0f} min left: {losses}")


def run_fit_decision(parsed: argparse.Namespace, settings: Settings) -> int:
    """Fit how answers are decided to question files over the corpus that is set, and write the weights."""
    from bot.answering.deciding import WEIGHTS_FILE, DecisionWeights
    from bot.evaluation.fitting import fit, look_at
    from bot.evaluation.question_file import read_questions
    from bot.wiring import open_asker

    asker = open_asker(settings.model_copy(update={"llm": None}))
    questions = [each for path in parsed.questions for each in read_questions(path, parsed.limit)]
    fitted = fit(list(look_at(asker, questions, parsed.as_of_slack)), DecisionWeights())
    out = parsed.out or WEIGHTS_FILE
    fitted.weights.save(out)
    said: dict[str, Any] = {name: round(value, 3) for name, value in fitted.figures.items()}
    lines = (f"  {name:44} {value:g}" for name, value in said.items())
    present(parsed, said, [f"Written to {out}. On the fold that was left out, in turn:", *lines])
    return 0


def run_fit_kinds(parsed: argparse.Namespace, settings: Settings) -> int:
    """Fit the kinds of questions for the embedding model that is set, and write the head where newsbot looks first."""
    from bot.models.question_kind import SHIPPED, fitted_kinds, kinds_file
    from bot.wiring import open_embeddings

    embeddings = open_embeddings(settings)
    path = (parsed.out or SHIPPED) / kinds_file(embeddings.fingerprint)
    fitted_kinds(lambda texts: embeddings.encode(texts, "query")).save(path)
    print(f"Written to {path}.")
    return 0


def run_fit_orders(parsed: argparse.Namespace, _settings: Settings) -> int:
    """Fit the head that tells orders, write it, and say how many of each manner are caught by a fit without it."""
    from bot.answering.check.prompt_injection import ORDER_LEAST
    from bot.models.order_classifier import OrderClassifier, by_manner, orders_file, story_sentences, training_examples
    from bot.models.question_kind import SHIPPED

    examples, news = training_examples(), story_sentences()
    path = (parsed.out or SHIPPED) / orders_file()
    OrderClassifier.fitted(examples, news).save(path)
    print(f"Written to {path}. Taken for orders, by a fit without any of their manner:")
    for manner, scores in by_manner(examples, news):
        print(f"  {manner:16} {sum(score > ORDER_LEAST for score in scores):4} of {len(scores)}")
    return 0

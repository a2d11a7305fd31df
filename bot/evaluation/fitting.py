"""Fits how answers are decided (see `deciding`) to questions with known answers, and says by folds how well."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import PredefinedSplit, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bot.answering.deciding import Decision, DecisionWeights, decide, passage_parts
from bot.asking import Asker
from bot.errors import UsageError
from bot.evaluation.metrics import holds, is_yes_no, token_f1
from bot.evaluation.question_file import EvalQuestion
from bot.evaluation.run import known_later
from bot.models.question_kind import QuestionKind
from bot.retrieval.reading import Reading
from bot.schema import Question

Floats = NDArray[np.float64]
FOLDS = 5
RIDGE = 30.0
SPAN_FLOOR = 0.02
"""A right value is counted at least so likely: one that no weights can find must not decide them."""
HOLD = 80.0
"""How strongly the logarithms of passages' weights are held where they begin. Nothing else bounds them where the newest
is always right, as in questions of what holds now."""
REFUSED_MOST = 0.06
"""Of the questions that have an answer, the share that may be refused."""
SHORT_RIGHT_LEAST = 0.87
"""Of the short answers that are shown, the share that must be right in folds that were not fitted to."""
SHORT_SHOWN_LEAST = 10
"""Fewer short answers than these tell no share."""
OF_KIND_WEIGHT = 4.0
"""How much more a question counts that says its kind: one as people type them, where the others are of a quiz."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A question of the fit with what was read for it."""

    question: EvalQuestion
    kind: QuestionKind
    readings: tuple[Reading, ...]

    @property
    def has_answer(self) -> bool:
        """Whether the corpus is said to answer it."""
        return self.question.answerable and self.question.relevant != ()


@dataclass(frozen=True, slots=True)
class Fit:
    """Fitted weights, and figures over questions of the fold that was left out."""

    weights: DecisionWeights
    figures: Mapping[str, float]


def look_at(asker: Asker, questions: Sequence[EvalQuestion], slack_days: int) -> Iterator[Seen]:
    """Retrieve and read for every question; overviews, talk and questions that nothing is known of are left out.

    What has happened is asked once more as on the corpus's last day: people ask of old news too.
    """
    last = asker.retriever.corpus.coverage().last
    for question in questions:
        if is_yes_no(question.answers):
            continue
        for day in dict.fromkeys([question.asked_on, last]):
            asked = asker.understand(Question(question.text, as_of=day))
            if not question.kind:
                asked = replace(asked, understood=known_later(asked.understood, slack_days))
            retrieved = asker.retriever.retrieve(asked.understood, asker.hits)
            if retrieved.readings and not retrieved.kind.is_overview:
                yield Seen(question, retrieved.kind, retrieved.readings)
            if retrieved.kind is QuestionKind.CURRENT or asked.understood.likely:
                break  # what is asked hangs on the day


def fit(seen: Sequence[Seen], weights: DecisionWeights) -> Fit:
    """Passage weights by maximum likelihood of right values, then the two logistic models and their thresholds.

    Raises UsageError where too few questions are answered right, or too few are not.
    """
    weights = replace(weights, passage=_passage_weights(seen, weights))
    decisions = [_decided(each, weights) for each in seen]
    names = sorted(decisions[0].features)
    inputs = np.array([[decision.features[name] for name in names] for decision in decisions])
    counts = np.array([OF_KIND_WEIGHT if each.question.kind else 1.0 for each in seen])
    shows = np.array(list(map(_shows, seen, decisions)), dtype=float)
    of_value = np.array(list(map(_judges_value, seen, decisions)))
    right = np.array(list(map(_value_right, seen, decisions)), dtype=float)
    own = np.array([bool(each.question.kind) for each in seen])

    # A question asked twice is in one fold.
    folds = np.unique([each.question.line for each in seen], return_inverse=True)[1] % FOLDS
    answered = _by_folds(inputs, shows, counts, folds)
    can = np.array([each.has_answer for each in seen])
    asked = own if own.sum() >= SHORT_SHOWN_LEAST else np.ones(len(seen), dtype=bool)
    answer_least = float(np.quantile(answered[can & asked], REFUSED_MOST))
    short = np.zeros(len(seen))
    short[of_value] = _by_folds(inputs[of_value], right[of_value], counts[of_value], folds[of_value])
    judged = of_value & asked
    short_least = _threshold(short[judged], right[judged])
    fitted = replace(
        weights,
        answered=_model(names, inputs, shows, counts),
        short=_model(names, inputs[of_value], right[of_value], counts[of_value]),
        answer_least=answer_least,
        short_least=short_least,
    )
    bold = of_value & (short >= short_least)
    figures = {
        "questions": float(len(seen)),
        "quotes show the answer": _mean(shows[can]),
        "value right": _mean(right[of_value & can]),
        "refused of what has an answer": _mean((answered < answer_least)[can & asked]),
        "refused of what has none": _mean((answered < answer_least)[~can & asked]),
        "ranked right (AUC) by confidence": float(roc_auc_score(shows, answered)),
        "short answers shown": float(bold.sum()),
        "of them right": _mean(right[bold]),
        "of them right, own questions": _mean(right[bold & own]),
    }
    return Fit(fitted, figures)


def _decided(seen: Seen, weights: DecisionWeights) -> Decision:
    kind = QuestionKind.FACT if seen.question.answers and seen.kind is QuestionKind.YES_NO else seen.kind
    return decide(seen.question.text, kind, seen.readings, weights)


def _passage_weights(seen: Sequence[Seen], weights: DecisionWeights) -> dict[str, float]:
    """Positive weights under which the right values are likeliest, summed over the passages that may hold them.

    Maximum marginal likelihood over passages and spans (Lee, Chang and Toutanova, "Latent Retrieval for Weakly
    Supervised Open Domain Question Answering", ACL 2019).
    """
    known = []
    for each in seen:
        right = [
            sum(
                span.probability
                for span in reading.spans
                if _is_right(each.question, reading.hit.article.text[span.start : span.end])
            )
            for reading in each.readings
        ]
        if each.has_answer and any(right):
            parts = [list(passage_parts(reading, each.kind).values()) for reading in each.readings]
            known.append((np.array(parts), np.array(right), OF_KIND_WEIGHT if each.question.kind else 1.0))
    if not known:
        return dict(weights.passage)

    names = list(passage_parts(seen[0].readings[0], seen[0].kind))
    first = np.log([weights.passage[name] for name in names])

    def loss(logs: Floats) -> float:
        own = np.exp(logs)
        likely = sum(count * np.log(softmax(parts @ own) @ right + SPAN_FLOOR) for parts, right, count in known)
        return float(HOLD * ((logs - first) ** 2).sum() - likely)

    found = minimize(loss, first, method="L-BFGS-B")
    return {name: round(float(each), 4) for name, each in zip(names, np.exp(found.x), strict=True)}


def _shows(seen: Seen, decision: Decision) -> bool:
    """Whether the quotes show what is asked."""
    if not seen.has_answer:
        return False
    said = " ".join(chosen.text for chosen in decision.chosen)
    if seen.question.must:
        return seen.question.facts_in(said)[1]
    return holds(said, seen.question.answers)


def _judges_value(seen: Seen, decision: Decision) -> bool:
    """Whether it is known if the value is right: a fact with known short answers, or without an answer."""
    known = bool(seen.question.short or seen.question.answers or not seen.has_answer)
    return decision.value is not None and decision.kind.is_of_value and known


def _value_right(seen: Seen, decision: Decision) -> bool:
    return decision.value is not None and _is_right(seen.question, decision.value.text)


def _is_right(question: EvalQuestion, short: str) -> bool:
    if question.answers:
        # A file may list no article for a question that one answers all the same.
        return token_f1(short, question.answers) >= 0.5 or holds(short, question.answers)
    return question.is_right(short) and not question.is_wrong(short)


def _logistic_regression() -> Any:
    """Ridge logistic regression on standardised inputs."""
    return make_pipeline(StandardScaler(), LogisticRegression(C=1 / RIDGE, tol=1e-8, max_iter=1000))


def _model(names: Sequence[str], inputs: Floats, wanted: Floats, counts: Floats) -> dict[str, float]:
    """Bias and coefficients for inputs as they are; what is always the same has none."""
    varied = inputs.std(axis=0) > 0
    names, inputs = [name for name, varies in zip(names, varied, strict=True) if varies], inputs[:, varied]
    scaler, model = _logistic_regression().fit(inputs, wanted, logisticregression__sample_weight=counts)
    slopes = model.coef_[0] / scaler.scale_
    coefficients = [model.intercept_[0] - slopes @ scaler.mean_, *slopes]
    return {name: round(float(each), 5) for name, each in zip(("bias", *names), coefficients, strict=True)}


def _by_folds(inputs: Floats, wanted: Floats, counts: Floats, folds: NDArray[np.intp]) -> Floats:
    """The probability of each, by a model fitted without its fold."""
    if any(len(np.unique(wanted[folds != fold])) < 2 for fold in range(FOLDS)):
        raise UsageError("Too few of these questions are answered right, or too many, to fit anything. Give more.")
    found: Floats = cross_val_predict(
        _logistic_regression(),
        inputs,
        wanted,
        cv=PredefinedSplit(folds),
        params={"logisticregression__sample_weight": counts},
        method="predict_proba",
    )[:, 1]
    return found


def _threshold(sure: Floats, right: Floats) -> float:
    """The lowest probability above which enough short answers are right; over 1 where none is."""
    order = np.argsort(-sure)
    share = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    enough = np.nonzero((share >= SHORT_RIGHT_LEAST) & (np.arange(1, len(order) + 1) >= SHORT_SHOWN_LEAST))[0]
    return float(sure[order[enough[-1]]]) if len(enough) else 1.01


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else float("nan")

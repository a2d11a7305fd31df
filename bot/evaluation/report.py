"""Results -> figures, a table, a JSON document, and what became of an older one's figures. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from operator import attrgetter
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bot.errors import ReadError
from bot.evaluation.metrics import Difference, Figure, Sample, Statistic, difference, figure
from bot.evaluation.run import DEPTH, NEVER_REFUSING, OURS, Group, Result, Said, ShownAnswer

FORMAT = 2
"""Of the JSON document; raised when an older one cannot be compared any more."""
HITS_AT = (1, 4, 10)
COVERAGES = (0.15, 0.5)
QUANTILES = {"p50": 0.5, "p95": 0.95}
NAME_WIDTH, CELL_WIDTH = 54, 20

SAID = {
    "first_quote": "first quote holds a gold answer",
    "any_quote": "any quote holds a gold answer",
    "exact": "short answer: exact match",
    "f1": "short answer: token F1",
    "answered": "answered",
    "precision": "first quote right, of the answered",
    "sure@15": "... of the surest 15%",
    "sure@50": "... of the surest 50%",
    "precision_all": "... answers to unanswerable questions are wrong",
    "sure_all@15": "... so counted, of the surest 15%",
    "sure_all@50": "... so counted, of the surest 50%",
    "refused": "refused, of those without an answer here",
    "refused_outside": "refused, of the other file's",
    "valid": "citations valid",
}
"""Figures of a way of answering, and what the table calls them."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a run was made with."""

    file: str
    outside: str | None
    articles: int
    passages: int
    rows: tuple[str, ...]
    slack_days: int
    hits: int
    embedding_model: str
    reranker: str | None
    chat_model: str | None
    version: str


def samples(results: Sequence[Result]) -> dict[str, Sample]:
    """What each figure is computed from, by the figure's name ("retrieval/hybrid/hit@1", "answers/ours/exact")."""
    keyed = _keyed(results)
    found: dict[str, Sample] = {}
    for row in _names(result.places for result in results):
        places = {key: result.places[row] for key, result in keyed.items() if row in result.places}
        for depth in HITS_AT:
            found[f"retrieval/{row}/hit@{depth}"] = _sample(places, lambda at, depth=depth: 0 < at <= depth)  # type: ignore[misc]
        found[f"retrieval/{row}/MRR@{DEPTH}"] = _sample(places, lambda at: 1 / at if at else 0.0)
    for name in _names(result.said for result in results):
        said = {key: (result, result.said[name]) for key, result in keyed.items() if name in result.said}
        found |= {f"answers/{name}/{part}": sample for part, sample in _of_answers(name, said).items()}
    found |= _of_shown({key: result.shown for key, result in keyed.items() if result.shown is not None})
    for part, share in QUANTILES.items():
        found[f"milliseconds/{part}"] = _sample(keyed, attrgetter("milliseconds"), statistic="quantile", share=share)
    return {name: sample for name, sample in found.items() if sample.pairs}


def _of_answers(name: str, said: Mapping[Hashable, tuple[Result, Said]]) -> dict[str, Sample]:
    def of(*groups: Group) -> dict[Hashable, Said]:
        return {key: each for key, (result, each) in said.items() if result.group in groups}

    gold = of("answerable")
    # An answer to a question without one is wrong, whatever it quotes.
    judged = gold | {key: replace(each, first_quote=False) for key, each in of("unanswerable", "outside").items()}
    found = {part: _sample(gold, attrgetter(part)) for part in ("first_quote", "any_quote", "exact", "f1")}
    found["valid"] = _sample(
        {key: each for key, (_, each) in said.items()}, attrgetter("valid"), attrgetter("citations")
    )
    if name == OURS:
        found["answered"] = _sample(of("answerable", "open"), attrgetter("answered"))
        for part, each in (("precision", gold), ("precision_all", judged)):
            found[part] = _sample(each, lambda one: one.answered and one.first_quote, attrgetter("answered"))
        found["refused"] = _sample(of("unanswerable"), lambda one: not one.answered)
        found["refused_outside"] = _sample(of("outside"), lambda one: not one.answered)
        return found
    for part, each in (("sure", gold), *((("sure_all", judged),) if name == NEVER_REFUSING else ())):
        for share in COVERAGES:
            found[f"{part}@{100 * share:.0f}"] = _sample(
                each, attrgetter("first_quote"), attrgetter("confidence"), "most_sure", share
            )
    return found


SHOWN = {
    "right": "right",
    "refused": "refused",
    "facts": "facts shown",
    "bold": "bold",
    "bold_wrong": "bold wrong",
    "words": "words",
}
"""What an answer shows, by kind of question: figures, and what the table calls them."""
ALL_KINDS = "all"


def _of_shown(shown: Mapping[Hashable, ShownAnswer]) -> dict[str, Sample]:
    found: dict[str, Sample] = {}
    for kind in [*dict.fromkeys(each.kind for each in shown.values()), ALL_KINDS]:
        own = {key: each for key, each in shown.items() if kind in (each.kind, ALL_KINDS)}
        may_answer = {key: each for key, each in own.items() if each.answerable}
        given = {key: each for key, each in own.items() if not each.refused}
        of_kind = {
            "right": _sample(own, attrgetter("right")),
            "refused": _sample(may_answer or own, attrgetter("refused")),
            "facts": _sample(own, attrgetter("facts"), attrgetter("asked")),
            "bold": _sample(own, attrgetter("bold")),
            "bold_wrong": _sample(own, attrgetter("bold_wrong"), attrgetter("bold")),
            "words": _sample(given, attrgetter("words"), statistic="quantile", share=0.5),
        }
        found |= {f"shown/{kind}/{part}": sample for part, sample in of_kind.items()}
    return found


def figures(results: Sequence[Result]) -> dict[str, Figure]:
    """Every figure of a run with its interval, by name."""
    found = {name: figure(sample) for name, sample in samples(results).items()}
    return {name: each for name, each in found.items() if each is not None}


def differences(old: Sequence[Result], new: Sequence[Result]) -> dict[str, Difference]:
    """What became of every figure that both runs have, by name."""
    before, after = samples(old), samples(new)
    found = {name: difference(before[name], sample) for name, sample in after.items() if name in before}
    return {name: each for name, each in found.items() if each is not None}


# The table


def table(facts: Facts, results: Sequence[Result], found: Mapping[str, Figure]) -> Iterator[str]:
    """The lines of the table that a person reads."""
    groups: Counter[str] = Counter(result.group for result in results)
    parts = [
        f"{groups[group]:,} {said}"
        for group, said in (
            ("answerable", "with a gold answer to find"),
            ("unanswerable", "that no article here answers"),
            ("open", "without a gold answer that could be judged"),
        )
        if groups[group]
    ]
    yield f"{facts.file}: {', '.join(parts)}" + (
        f"; {groups['outside']:,} of {facts.outside}, taken to have no answer here" if facts.outside else ""
    )
    yield (
        f"{facts.articles:,} articles, {facts.passages:,} passages; {facts.embedding_model}"
        + (f", reranked by {facts.reranker}" if facts.reranker else "")
        + (f", written by {facts.chat_model}" if facts.chat_model else "")
        + f"; what was published up to {facts.slack_days} days after asking is known"
    )
    yield "In brackets: 95% of bootstrap draws."
    rows = _names({name.split("/")[1]: 0} for name in found if name.startswith("retrieval/"))
    if rows:
        yield ""
        names = [*(f"hit@{depth}" for depth in HITS_AT), f"MRR@{DEPTH}"]
        yield _line("retrieval", names)
        for row in rows:
            yield _line(row, [_cell(found.get(f"retrieval/{row}/{name}")) for name in names])
    ways = _names({name.split("/")[1]: 0} for name in found if name.startswith("answers/"))
    yield ""
    yield _line("answers", ways)
    for part, said in SAID.items():
        cells = [found.get(f"answers/{way}/{part}") for way in ways]
        if any(cells):
            count = max(cell.questions for cell in cells if cell)
            yield _line(f"{said} ({count:,})", [_cell(cell) for cell in cells])
    kinds = _names({name.split("/")[1]: 0} for name in found if name.startswith("shown/"))
    if kinds:
        yield ""
        yield _line("shown, by kind of question", [*SHOWN.values()])
        for kind in kinds:
            values = [
                _cell(found.get(f"shown/{kind}/{part}"), "{:.0f}" if part == "words" else "{:.2f}") for part in SHOWN
            ]
            yield _line(f"{kind} ({found[f'shown/{kind}/right'].questions:,})", values)
        yield "Refused: of the questions that have an answer, where a kind has any; bold wrong: of the bold ones."
    yield ""
    yield _line("a whole answer, warm", [*QUANTILES])
    yield _line("milliseconds", [_cell(found.get(f"milliseconds/{part}"), "{:.1f}") for part in QUANTILES])


def difference_lines(found: Mapping[str, Difference], old_name: str) -> Iterator[str]:
    """The lines that say what became of the figures of an older run."""
    yield f"Against {old_name}: old, new, difference; * where the interval leaves out 0."
    for name, each in found.items():
        form = "{:.1f}" if name.startswith("milliseconds/") else "{:.3f}"
        signed = form.replace(":", ":+")
        interval = f"({signed.format(each.low)} to {signed.format(each.high)})"
        star = " *" if each.low > 0 or each.high < 0 else ""
        over = f"{each.questions:,} questions, " + ("paired" if each.paired else "none in common")
        values = f"{form.format(each.old):>9}{form.format(each.new):>9}{signed.format(each.difference):>9}"
        yield f"{name:{NAME_WIDTH - 10}}{values}  {interval}{star}   {over}"


def _line(name: str, cells: Sequence[str]) -> str:
    return (f"{name:{NAME_WIDTH}}" + "".join(f"{cell:<{CELL_WIDTH}}" for cell in cells)).rstrip()


def _cell(found: Figure | None, form: str = "{:.3f}") -> str:
    if found is None:
        return ""
    return f"{form.format(found.value)} ({form.format(found.low)}-{form.format(found.high)})"


# JSON


def document(facts: Facts, results: Sequence[Result], found: Mapping[str, Figure]) -> dict[str, Any]:
    """The run as one JSON document: figures for reading, questions for comparing a later run with it."""
    return {
        "format": FORMAT,
        "run": asdict(facts),
        "figures": {name: asdict(each) for name, each in found.items()},
        "questions": [asdict(result) for result in results],
    }


def results_of(document: Any, name: str) -> list[Result]:
    """The results that a JSON document holds. Raises ReadError where it is none of `newsbot eval --json`."""
    try:
        if document["format"] != FORMAT:
            raise ReadError(f"{name} was written by another version of newsbot eval; run it again there.")
        return TypeAdapter(list[Result]).validate_python(document["questions"])
    except (KeyError, TypeError, ValidationError) as error:
        raise ReadError(f"{name} is not what newsbot eval --json prints.") from error


def _keyed(results: Sequence[Result]) -> dict[Hashable, Result]:
    """Results by what makes a question the same in two runs: its id, its words, and which of its like it is."""
    seen: Counter[tuple[str, str]] = Counter()
    found: dict[Hashable, Result] = {}
    for result in results:
        found[(result.id, result.question, seen[(result.id, result.question)])] = result
        seen[(result.id, result.question)] += 1
    return found


def _names(mappings: Any) -> list[str]:
    """The keys of all mappings, each once, in order of appearance."""
    return list(dict.fromkeys(name for mapping in mappings for name in mapping))


def _sample(
    rows: Mapping[Hashable, Any],
    first: Callable[[Any], float],
    second: Callable[[Any], float] = lambda _: 1.0,
    statistic: Statistic = "ratio",
    share: float = 0.0,
) -> Sample:
    return Sample(statistic, {key: (float(first(row)), float(second(row))) for key, row in rows.items()}, share)

"""Training examples for the reader, from invented stories, SQuAD files and questions over an own corpus."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from bot.errors import ReadError
from bot.evaluation.question_file import JsonLine, read_lines
from bot.models.reader_input import header
from bot.text.sentences import sentences

OTHER_STORY_SHARE = 0.4
"""Of the questions of a story, those that are also put to a passage of another story."""
NEAR_CHARS = 110


@dataclass(frozen=True, slots=True)
class Example:
    """A question and a passage with what is to be learned of them.

    `spans` are the characters (start, end) of the passage that answer; `evidence` those of the sentences that show the
    answer. `relevant` and `answerable` are 1, 0, or None where it is not known and not learned.
    """

    question: str
    header: str
    passage: str
    spans: tuple[tuple[int, int], ...]
    evidence: tuple[tuple[int, int], ...]
    relevant: int | None
    answerable: int | None


class StoryQuestion(JsonLine):
    """A question of a story; `passage` is the place of the passage that answers one over the whole story."""

    q: str
    a: str | tuple[str, ...]
    kind: str = ""
    evidence: str = ""
    passage: int = 0

    @property
    def answers(self) -> tuple[str, ...]:
        """One, or the items of a list."""
        return (self.a,) if isinstance(self.a, str) else self.a


class StoryPassage(JsonLine):
    """An article of a story, with questions that it answers and others that it does not."""

    title: str
    source: str
    published: date
    text: str
    questions: tuple[StoryQuestion, ...] = ()
    unanswerable: tuple[str, ...] = ()

    @property
    def header(self) -> str:
        """As the reader sees it."""
        return header(self.title, self.source, self.published)


class Story(JsonLine):
    """A line of a story file: articles on one thing."""

    passages: Annotated[tuple[StoryPassage, ...], Field(min_length=2)]
    story_questions: tuple[StoryQuestion, ...] = ()


def story_examples(paths: Iterable[Path], random_: random.Random) -> Iterator[Example]:
    """Examples of story files: each question on its passage, on another of its story, on one of another story.

    Raises ReadError, which names file, line and field, for what is no story.
    """
    stories = [story for path in paths for _, story in read_lines(path, Story, "stories")]
    for story in stories:
        for passage in story.passages:
            text, head = passage.text, passage.header
            rest = [other for other in story.passages if other is not passage]
            for question in passage.questions:
                asked = question.q
                found = _story_spans(question, text)
                if found is None:
                    continue
                spans, evidence = found
                yield Example(asked, head, text, spans, evidence, 1, 1)
                other = random_.choice(rest)
                if question.kind != "yesno" and not any(answer in other.text for answer in question.answers):
                    yield Example(asked, other.header, other.text, (), (), None, 0)
                if random_.random() < OTHER_STORY_SHARE:
                    stranger = random_.choice(stories)
                    if stranger is not story:
                        far = random_.choice(stranger.passages)
                        yield Example(asked, far.header, far.text, (), (), 0, 0)
            for asked in passage.unanswerable:
                yield Example(asked, head, text, (), (), None, 0)
        for question in story.story_questions:
            passage = story.passages[question.passage]
            spans = _best_occurrence(passage.text, question.answers[0], question.q)
            yield Example(question.q, passage.header, passage.text, spans, _around(passage.text, spans), 1, 1)


def squad_examples(paths: Iterable[Path], random_: random.Random, *, unanswerable: float = 0.4) -> Iterator[Example]:
    """Examples of SQuAD files (v1.1 or v2.0, JSON, also gzipped); of the questions without an answer a share."""
    seen: set[tuple[str, str]] = set()
    for path in paths:
        for article in _json(path)["data"]:
            title = header(article["title"].replace("_", " "))
            contexts = [paragraph["context"] for paragraph in article["paragraphs"]]
            for paragraph in article["paragraphs"]:
                text = paragraph["context"]
                for asked in paragraph["qas"]:
                    question = asked["question"].strip()
                    if (question, text) in seen:
                        continue
                    seen.add((question, text))
                    if asked.get("is_impossible") or not asked["answers"]:
                        if random_.random() < unanswerable:
                            yield Example(question, title, text, (), (), None, 0)
                        continue
                    answer = _usual([each["text"] for each in asked["answers"]])
                    spans = _best_occurrence(text, answer, question)
                    if not spans:
                        continue
                    yield Example(question, title, text, spans, _around(text, spans), 1, 1)
                    if random_.random() < unanswerable:
                        other = random_.choice(contexts)
                        if answer.lower() not in other.lower():
                            yield Example(question, title, other, (), (), None, 0)


def _story_spans(
    question: StoryQuestion, text: str
) -> tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]] | None:
    """Spans and evidence of a story's question; None where its answer does not stand in the text."""
    if question.kind == "yesno":
        start = text.find(question.evidence)
        return None if start < 0 else ((), ((start, start + len(question.evidence)),))
    if question.kind == "list":
        spans = tuple(span for item in question.answers for span in _occurrences(text, item)[:1])
    else:
        spans = _best_occurrence(text, question.answers[0], question.q)
    return (spans, _around(text, spans)) if spans else None


def _usual(answers: Sequence[str]) -> str:
    """The answer that most annotators gave, the shortest of several."""
    return min(set(answers), key=lambda answer: (-answers.count(answer), len(answer), answer))


def _occurrences(text: str, answer: str) -> list[tuple[int, int]]:
    whole = [found.span() for found in re.finditer(rf"(?<!\w){re.escape(answer)}(?!\w)", text)]
    return whole or [found.span() for found in re.finditer(re.escape(answer), text)]


def _best_occurrence(text: str, answer: str, question: str) -> tuple[tuple[int, int], ...]:
    """Where the answer stands with most of the question's words near it: files seldom say which place is meant."""
    found = _occurrences(text, answer)
    asked = {word for word in re.findall(r"\w+", question.lower()) if len(word) > 3}

    def near(span: tuple[int, int]) -> int:
        window = text[max(0, span[0] - NEAR_CHARS) : span[1] + NEAR_CHARS].lower()
        return sum(word in asked for word in re.findall(r"\w+", window))

    return (max(found, key=near),) if found else ()


def _around(text: str, spans: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """The sentences that hold the spans."""
    return tuple(
        (sentence.start, sentence.end)
        for sentence in sentences(text)
        if any(start < sentence.end and end > sentence.start for start, end in spans)
    )


def _json(path: Path) -> Any:
    import gzip

    try:
        raw = path.read_bytes()
        return json.loads(gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw)
    except OSError as error:
        raise ReadError(f"The training file {path} cannot be read: {error.strerror or error}.") from error
    except ValueError as error:
        raise ReadError(f"{path} is no JSON ({error}). Give SQuAD's file as it is published.") from error


def question_examples(
    questions: Iterable[tuple[str, Sequence[str], Sequence[tuple[str, str]]]], random_: random.Random
) -> Iterator[Example]:
    """Examples of own questions: (question, right answers, (header, passage) of articles that answer or were found).

    A passage that holds an answer is taken to answer (distant supervision: Mintz et al., ACL 2009); of the others one
    is taken that does not.
    """
    for question, answers, contexts in questions:
        empty = []
        for head, text in contexts:
            spans = tuple(span for answer in answers for span in _occurrences(text, answer))
            if spans:
                yield Example(question, head, text, spans, _around(text, spans), 1, 1)
            else:
                empty.append((head, text))
        if empty:
            head, text = random_.choice(empty)
            yield Example(question, head, text, (), (), None, 0)

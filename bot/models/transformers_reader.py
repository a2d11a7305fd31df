"""Other people's reading models by name: extractive question answering, or token classifiers that mark what answers.

They run by transformers and torch, which takes seconds to import; `bot.models.reader` is the one that newsbot brings.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from bot.errors import ModelError, first_line
from bot.models.hub import loading_from_hub
from bot.models.reader import Floats, PassageReading, best_spans, with_evidence

MAX_TOKENS = 512
LOG_ODDS_MOST = 12.0


class TransformersReader:
    """A transformers model as a reader. Safe to share between threads.

    A question-answering model (`...ForQuestionAnswering`) gives spans, and by how much its best span is ahead of its
    first token (SQuAD 2.0's sign of no answer) whether the passage answers. A token classifier of two labels
    (`...ForTokenClassification`) gives evidence alone: it marks sentences, and no short answer comes of it.
    """

    def __init__(self, model: Any, tokenizer: Any, *, marks: bool) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._marks = marks

    def read(self, question: str, contexts: Sequence[tuple[str, str]]) -> list[PassageReading]:
        """One reading for each (header, passage), in their order."""
        import torch

        found = []
        for head, passage in contexts:  # one by one, as newsbot's own: no reading hangs on its neighbours
            text = f"{head} {passage}".strip()
            encoded = self._tokenizer(
                question,
                text,
                truncation="only_second",
                max_length=MAX_TOKENS,
                return_offsets_mapping=True,
                return_tensors="pt",
            )
            offsets = encoded.pop("offset_mapping")[0].tolist()
            with torch.inference_mode():
                output = self._model(**encoded)
            before = len(text) - len(passage)
            parts = zip(encoded.sequence_ids(0), offsets, strict=True)
            places = [place for place, (part, (_, end)) in enumerate(parts) if part == 1 and end > before]
            spans = [(max(0, start - before), end - before) for start, end in (offsets[at] for at in places)]
            if self._marks:
                logits = output.logits[0].float().numpy()
                found.append(_marked(spans, logits[places, -1] - logits[places, 0]))
            else:
                start, end = output.start_logits[0].float().numpy(), output.end_logits[0].float().numpy()
                found.append(_answered(spans, start[places], end[places], float(start[0] + end[0])))
        return found


def _marked(offsets: Sequence[tuple[int, int]], evidence: Floats) -> PassageReading:
    best = max(evidence.tolist(), default=-LOG_ODDS_MOST)
    return PassageReading(0.0, best, (), with_evidence(offsets, evidence))


def _answered(offsets: Sequence[tuple[int, int]], start: Floats, end: Floats, none: float) -> PassageReading:
    best = best_spans(offsets, start, end)
    sure = float(start.max() + end.max()) - none if offsets else -LOG_ODDS_MOST
    shares = [sum(span.probability for span in best if span.start < end and span.end > start) for start, end in offsets]
    tokens = with_evidence(offsets, map(_log_odds, shares))
    return PassageReading(0.0, max(-LOG_ODDS_MOST, min(LOG_ODDS_MOST, sure)), best, tokens)


def _log_odds(probability: float) -> float:
    least = math.exp(-LOG_ODDS_MOST)
    held = min(max(probability, least), 1 - least)
    return math.log(held / (1 - held))


def load_transformers_reader(name: str) -> TransformersReader:
    """Load a model by name or folder. Its own code is never run: what transformers does not know is refused.

    Raises ModelError where it cannot be loaded, or is of another kind.
    """
    try:
        with loading_from_hub(name):
            return _load(name)
    except Exception as error:  # a hub, a file or a format: whatever is wrong, the remedy is the same
        raise ModelError(
            f"The reader {name} cannot be loaded: {first_line(error)}. Name in NEWSBOT_READER a folder that newsbot "
            "train-reader wrote, a transformers question-answering model that can be downloaded here, or off. Empty: "
            "newsbot's own."
        ) from error


def _load(name: str) -> TransformersReader:
    from transformers import AutoConfig, AutoModelForQuestionAnswering, AutoModelForTokenClassification, AutoTokenizer

    config = AutoConfig.from_pretrained(name, trust_remote_code=False)
    kinds = " ".join(config.architectures or ())
    marks = "ForTokenClassification" in kinds
    if not marks and "ForQuestionAnswering" not in kinds:
        raise ModelError(f"it is {kinds or 'of an unnamed kind'}, no question-answering model or token classifier")
    loader: Any = AutoModelForTokenClassification if marks else AutoModelForQuestionAnswering
    model = loader.from_pretrained(name, trust_remote_code=False).eval()
    return TransformersReader(model, AutoTokenizer.from_pretrained(name), marks=marks)

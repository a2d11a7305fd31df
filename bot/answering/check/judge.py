"""Judges by a model whether passages support sentences: what code cannot prove, such as who did it, or whether at all.

Two kinds of models are loaded: one that marks what is unsupported in a sentence (token classification, as lettucedetect
trains them), and a sentence-transformers CrossEncoder that scores a passage and a sentence (entailment).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from bot.answering.check.prose import Draft, ProseCheck
from bot.errors import ModelError, first_line
from bot.models.hub import loading_from_hub
from bot.schema import Hit, Question

SUPPORTED_LEAST = 0.5
"""Probability of support, or of no unsupported word, from which a sentence stays."""
UNSUPPORTED = "the check model does not find it supported"
DETECTOR_TOKENS_MOST = 4096
"""What a model that marks words is given at most of a passage and a sentence; a longer passage is cut."""
DETECTOR_PROMPT = "Summarize the following text:\npassage 1: {passage}\noutput:"
"""The form in which lettucedetect's models saw a text without a question when they were trained."""
_SUPPORTING = ("entail", "support", "grounded", "consistent", "faithful")
Judge = Callable[[Sequence[tuple[str, str]]], list[str | None]]
"""From pairs of a sentence and the passages that prove it to why each sentence goes; None where it stays."""


def pairs_of(draft: Draft) -> dict[int, tuple[str, str]]:
    """The sentences of a draft with what proves them, by their place in `draft.shown`."""
    return {
        place: (shown.claim, "\n\n".join(f"{hit.article.title}\n{hit.passage.text}" for hit in shown.proofs))
        for place, shown in enumerate(draft.shown)
        if shown.proofs
    }


def check_claims(hit: Hit, claims: Sequence[str], judge: Judge | None = None) -> list[str | None]:
    """Why each claim about a passage would be taken out of a reply that cites it; None where it would be shown."""
    reasons: list[str | None] = []
    for claim in claims:
        prose = ProseCheck(Question("What happened?"), {"k2": hit})
        prose.feed(f"{claim.rstrip()} [k2]")
        draft = prose.finish()
        reasons.append(draft.removed[0].reason if draft.removed else None if draft.text else "nothing is left of it")
    kept = [place for place, reason in enumerate(reasons) if reason is None]
    pairs = [(claims[place], f"{hit.article.title}\n{hit.passage.text}") for place in kept]
    for place, reason in zip(kept, judge(pairs) if judge and pairs else [], strict=False):
        reasons[place] = reason
    return reasons


def load_judge(model: str) -> Judge:
    """The check model of a name or folder. Imports torch: 10 seconds and more.

    Raises ModelError where it cannot be loaded, or is of neither kind.
    """
    try:
        with loading_from_hub(model):
            from transformers import AutoConfig

            kinds = " ".join(AutoConfig.from_pretrained(model).architectures or ())
            score = _load_detector(model) if "TokenClassification" in kinds else _load_encoder(model)
    except ModelError:
        raise
    except Exception as error:  # a hub, a file or a format: whatever is wrong, the remedy is the same
        raise ModelError(
            f"The check model {model} cannot be loaded: {first_line(error)}. Name a model of lettucedetect or a "
            "sentence-transformers CrossEncoder for entailment, by name or folder, in NEWSBOT_CHECK_MODEL, or leave it "
            "empty to do without."
        ) from error
    return lambda pairs: [None if value >= SUPPORTED_LEAST else UNSUPPORTED for value in score(pairs)]


_Score = Callable[[Sequence[tuple[str, str]]], list[float]]


def _load_detector(model: str) -> _Score:
    """A model that marks unsupported words (class 1 of 2): one less the surest mark.

    It is run here, as the library lettucedetect does: that wants another, pinned, python-dotenv than newsbot.
    """
    from transformers import AutoModelForTokenClassification, AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(model)
    classifier: Any = AutoModelForTokenClassification.from_pretrained(model).eval().requires_grad_(False)
    if classifier.num_labels != 2:
        raise ModelError(
            f"The check model {model} sorts words into {classifier.num_labels} classes: it should mark each as "
            "supported or not. Name another one in NEWSBOT_CHECK_MODEL, or leave it empty."
        )
    most = min(tokenizer.model_max_length, DETECTOR_TOKENS_MOST)

    def score(pairs: Sequence[tuple[str, str]]) -> list[float]:
        found = []
        for claim, passage in pairs:
            given = tokenizer(
                DETECTOR_PROMPT.format(passage=passage), claim, truncation="only_first", max_length=most,
                return_tensors="pt",
            )  # fmt: skip
            marks = classifier(given["input_ids"], given["attention_mask"]).logits[0].softmax(-1)[:, 1].tolist()
            sides = given.sequence_ids(0)
            found.append(1.0 - max((mark for mark, side in zip(marks, sides, strict=True) if side == 1), default=0.0))
        return found

    return score


def _load_encoder(model: str) -> _Score:
    """A CrossEncoder: its score, or the probability of the class that means support."""
    from sentence_transformers import CrossEncoder

    encoder: Any = CrossEncoder(model, device="cpu")
    names = {int(place): str(name).lower() for place, name in encoder.model.config.id2label.items()}
    place = 0
    if encoder.num_labels > 1:
        fitting = [at for at, name in names.items() if name.startswith(_SUPPORTING)]
        if not fitting:
            raise ModelError(
                f"The check model {model} sorts pairs into {', '.join(names.values())}: none of them says that a "
                "passage supports a sentence. Name another one in NEWSBOT_CHECK_MODEL, or leave it empty."
            )
        place = fitting[0]

    def score(pairs: Sequence[tuple[str, str]]) -> list[float]:
        given = [(passage, claim) for claim, passage in pairs]
        is_many = encoder.num_labels > 1
        found = encoder.predict(given, apply_softmax=is_many, show_progress_bar=False)
        return [float(each[place] if is_many else each) for each in found]

    return score

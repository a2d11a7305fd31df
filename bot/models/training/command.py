"""From the data's files to a reading model: examples, training, export, and figures on held-out examples."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from sklearn.metrics import roc_auc_score

from bot.errors import ModelError, UsageError, first_line
from bot.evaluation.metrics import exact, token_f1
from bot.models.reader import Reader, load_reader
from bot.models.reader_input import MAX_TOKENS, Pair, PairEncoder, padded
from bot.models.training.examples import Example, squad_examples, story_examples
from bot.models.training.export import export
from bot.models.training.network import ReaderNetwork
from bot.models.training.train import Progress, Schedule, rows_of, tokenizer_of, train

HELD_OUT = 20
"""One of so many examples, by a digest of its passage, is never trained on and tells how well it went."""
TRAIN_TOKENS = 256
CHECKPOINT = "training.ckpt"
NETWORK = "network.pt"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is trained on what. `stories` and `squad` are files; `questions` pairs with `passages`, which gives the
    passages (header, text) that hold a question's answer. `limits` bound how many examples are taken of each.

    With `average` the weights in the end are the mean of those it began with (`init`) and those it came to: what the
    earlier runs learned is kept better (M. Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022).
    """

    base: Path
    out: Path
    layers: int = 8
    stories: Sequence[Path] = ()
    squad: Sequence[Path] = ()
    own: Sequence[Example] = ()
    passes: int = 1
    limits: Mapping[str, int] = field(default_factory=dict)
    init: Path | None = None
    average: bool = False
    device: str = "cpu"
    schedule: Schedule = field(default_factory=Schedule)


@dataclass(frozen=True, slots=True)
class Trained:
    """Figures on held-out examples: exact match and token F1 of the best span, and how surely passages that answer
    are told from passages that do not (AUC), by runtime."""

    rows: int
    held_out: int
    seconds: float
    figures: Mapping[str, Mapping[str, float]]


def train_reader(plan: Plan, on_progress: Callable[[Progress], None] = lambda _: None) -> Trained:
    """Train, export into `plan.out`, evaluate. A run that was cut short goes on where its checkpoint left it.

    Raises ReadError for files that cannot be read, UsageError where there is nothing to train on or no earlier run to
    average with, ModelError where the base model cannot be loaded.
    """
    if plan.average and plan.init is None:
        raise UsageError("--average is the mean with the model of an earlier run: name it with --init.")
    started = time.monotonic()
    random_ = random.Random(plan.schedule.seed)
    training: list[Example] = []
    held_out: list[Example] = []
    for example in _examples(plan, random_):
        (held_out if _is_held_out(example) else training).append(example)
    if not training:
        raise UsageError("There is nothing to train on: give --stories, --squad or --questions.")
    network = _network(plan)
    encoder = PairEncoder(tokenizer_of(plan.base), TRAIN_TOKENS)
    rows = rows_of([example for _ in range(plan.passes) for example in _shuffled(training, random_)], encoder)
    plan.out.mkdir(parents=True, exist_ok=True)
    train(
        network,
        rows,
        plan.schedule,
        device=plan.device,
        checkpoint=plan.out / CHECKPOINT,
        on_progress=on_progress,
    )
    network.cpu()
    if plan.average:
        _average(network, _begun(plan))
    torch.save(network.state_dict(), plan.out / NETWORK)
    figures = {"fp32": evaluate(held_out, network_reader(network, encoder))}
    facts = {
        "name": "newsbot-reader",
        "base": plan.base.name,
        "layers": plan.layers,
        "max_tokens": MAX_TOKENS,
        "rows": len(rows),
        "seed": plan.schedule.seed,
    }
    export(network, plan.base, plan.out, facts)
    figures["int8"] = evaluate(held_out, load_reader(plan.out))
    return Trained(len(rows), len(held_out), time.monotonic() - started, figures)


def _examples(plan: Plan, random_: random.Random) -> Iterator[Example]:
    sources = {
        "stories": story_examples(plan.stories, random_),
        "squad": squad_examples(plan.squad, random_),
        "own": iter(plan.own),
    }
    for name, examples in sources.items():
        found = list(examples)
        random_.shuffle(found)
        yield from found[: plan.limits.get(name, len(found))]


def _shuffled(examples: Sequence[Example], random_: random.Random) -> list[Example]:
    return random_.sample(list(examples), len(examples))


def _is_held_out(example: Example) -> bool:
    return int(hashlib.sha256(example.passage.encode()).hexdigest(), 16) % HELD_OUT == 0


def _network(plan: Plan) -> ReaderNetwork:
    try:
        network = ReaderNetwork(plan.base, plan.layers)
        if plan.init is not None:
            network.load_state_dict(_begun(plan))
    except Exception as error:  # a folder, a format or another size: whatever is wrong, the remedy is the same
        raise ModelError(
            f"The model to train from cannot be loaded from {plan.init or plan.base}: {first_line(error)}. Give "
            "--base a folder with an MPNet model, and --init the folder of an earlier run with as many layers."
        ) from error
    return network


def _begun(plan: Plan) -> dict[str, torch.Tensor]:
    assert plan.init is not None
    weights: dict[str, torch.Tensor] = torch.load(plan.init / NETWORK, map_location="cpu", weights_only=True)
    return weights


def _average(network: ReaderNetwork, begun: Mapping[str, torch.Tensor]) -> None:
    with torch.no_grad():
        for name, weight in network.state_dict().items():
            if weight.is_floating_point():
                weight.lerp_(begun[name], 0.5)


def network_reader(network: ReaderNetwork, encoder: PairEncoder) -> Reader:
    """A reader that runs a network by torch."""

    def logits(pairs: Sequence[Pair]) -> tuple[Any, ...]:
        ids, types, mask = (torch.from_numpy(each) for each in padded(pairs))
        with torch.inference_mode():
            return tuple(each.float().numpy() for each in network(network.words(ids), types, mask))

    return Reader(encoder, logits)


def evaluate(examples: Sequence[Example], reader: Reader) -> dict[str, float]:
    """Exact match and F1 of the best span where there is one; AUC of the answerable logit where it is known."""
    said: list[tuple[str, list[str]]] = []
    answerable: list[tuple[int, float]] = []
    for example in examples:
        [found] = reader.read(example.question, [(example.header, example.passage)])
        if example.spans and found.spans:
            golds = [example.passage[start:end] for start, end in example.spans]
            said.append((example.passage[found.spans[0].start : found.spans[0].end], golds))
        if example.answerable is not None:
            answerable.append((example.answerable, found.answerable))
    known = [each for each, _ in answerable]
    return {
        "exact": sum(exact(best, golds) for best, golds in said) / max(1, len(said)),
        "f1": sum(token_f1(best, golds) for best, golds in said) / max(1, len(said)),
        "answerable_auc": roc_auc_score(known, [sure for _, sure in answerable]) if len(set(known)) == 2 else 0.0,
    }

"""Trains the reader: batches of like length, one schedule, a checkpoint that a run can be taken up from."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import nn

from bot.models.reader_input import Pair, PairEncoder, padded
from bot.models.training.examples import Example
from bot.models.training.network import ReaderNetwork

SPAN, EVIDENCE, RELEVANT, ANSWERABLE = 1.0, 0.5, 0.5, 0.5
"""What each loss counts."""
MASKED = -1e4
BUCKET_BATCHES = 24
"""So many batches are filled from examples sorted by length, then shuffled."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How a network is trained: AdamW, linear warm-up and decay, gradient clipping."""

    rate: float = 5e-5
    batch: int = 16
    warm_up: float = 0.06
    weight_decay: float = 0.01
    clip: float = 1.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """Where training stands: `losses` are running means by name."""

    step: int
    steps: int
    seconds: float
    losses: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Row:
    """An example as tokens: `starts`, `ends` and `evidence` are places among the pair's tokens."""

    pair: Pair
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    evidence: tuple[int, ...]
    relevant: int | None
    answerable: int | None


def rows_of(examples: Sequence[Example], encoder: PairEncoder) -> list[Row]:
    """Examples as tokens; one whose answer is cut off with the end of its passage is left out."""
    rows = []
    for example in examples:
        [pair] = encoder.pairs(example.question, [(example.header, example.passage)])
        spans = [_covered(pair, span) for span in example.spans]
        if not all(spans) or any(end > pair.offsets[-1][1] for _, end in example.spans):
            continue
        starts, ends = tuple(span[0] for span in spans), tuple(span[-1] for span in spans)
        evidence = tuple(place for span in example.evidence for place in _covered(pair, span))
        rows.append(Row(pair, starts, ends, evidence, example.relevant, example.answerable))
    return rows


def _covered(pair: Pair, span: tuple[int, int]) -> list[int]:
    return [pair.first + place for place, (start, end) in enumerate(pair.offsets) if start < span[1] and end > span[0]]


def batches(rows: Sequence[Row], size: int, random_: random.Random) -> list[list[Row]]:
    """Batches of rows in the order given, but sorted by length within a bucket and shuffled there."""
    made: list[list[Row]] = []
    for first in range(0, len(rows), size * BUCKET_BATCHES):
        bucket = sorted(rows[first : first + size * BUCKET_BATCHES], key=lambda row: len(row.pair.ids))
        cut = [bucket[place : place + size] for place in range(0, len(bucket), size)]
        random_.shuffle(cut)
        made += cut
    return made


def train(
    network: ReaderNetwork,
    rows: Sequence[Row],
    schedule: Schedule,
    *,
    device: str = "cpu",
    checkpoint: Path | None = None,
    every: int = 200,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> None:
    """Train a network on rows, each once, in the order given.

    `checkpoint` is written every so many steps; where it exists and is of the same rows and schedule, training goes on
    from it.
    """
    torch.manual_seed(schedule.seed)
    work = batches(rows, schedule.batch, random.Random(schedule.seed))
    network.to(device).train()
    network.encoder.get_input_embeddings().weight.requires_grad_(False)
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(
        [
            {"params": [each for each in trained if each.dim() > 1], "weight_decay": schedule.weight_decay},
            {"params": [each for each in trained if each.dim() <= 1], "weight_decay": 0.0},
        ],
        lr=schedule.rate,
        betas=(0.9, 0.98),
        fused=True,
    )
    steps = len(work)
    warm = max(1, int(schedule.warm_up * steps))
    plan = {"rows": len(rows), "layers": len(network.encoder.encoder.layer), **asdict(schedule)}
    begun = _resume(checkpoint, plan, network, optimizer, device)
    started = time.monotonic()
    means: dict[str, float] = {}
    for step in range(begun, steps):
        for group in optimizer.param_groups:
            group["lr"] = schedule.rate * min((step + 1) / warm, max(0.02, (steps - step) / max(1, steps - warm)))
        loss, parts = _loss(network, work[step], device)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(trained, schedule.clip)
        optimizer.step()
        optimizer.zero_grad()
        for name, value in parts.items():
            means[name] = value if name not in means else 0.97 * means[name] + 0.03 * value
        on_progress(Progress(step + 1, steps, time.monotonic() - started, dict(means)))
        if checkpoint is not None and (step + 1) % every == 0 and step + 1 < steps:
            state = {
                "plan": plan,
                "step": step + 1,
                "network": network.state_dict(),
                "optimizer": optimizer.state_dict(),
            }
            torch.save(state, checkpoint.with_suffix(".part"))
            checkpoint.with_suffix(".part").replace(checkpoint)
    if checkpoint is not None:
        checkpoint.unlink(missing_ok=True)
    network.eval()


def _resume(
    checkpoint: Path | None, plan: Mapping[str, Any], network: ReaderNetwork, optimizer: Any, device: str
) -> int:
    """Take up a run where its checkpoint left it; the step to go on from, 0 where there is none of this plan."""
    if checkpoint is None or not checkpoint.is_file():
        return 0
    state = torch.load(checkpoint, map_location=device, weights_only=True)
    if state["plan"] != plan:
        return 0
    network.load_state_dict(state["network"])
    optimizer.load_state_dict(state["optimizer"])
    return int(state["step"])


def _loss(network: ReaderNetwork, rows: Sequence[Row], device: str) -> tuple[torch.Tensor, dict[str, float]]:
    ids, types, mask = (torch.from_numpy(each).to(device) for each in padded([row.pair for row in rows]))
    with torch.autocast(device, dtype=torch.bfloat16):
        start, end, evidence, pair = network(network.words(ids), types, mask)
    inside = torch.zeros(ids.shape, dtype=torch.bool)
    starts, ends, shown = torch.zeros_like(inside), torch.zeros_like(inside), torch.zeros_like(inside)
    for place, row in enumerate(rows):
        inside[place, row.pair.first : row.pair.first + len(row.pair.offsets)] = True
        starts[place, list(row.starts)] = True
        ends[place, list(row.ends)] = True
        shown[place, list(row.evidence)] = True
    inside, starts, ends, shown = (each.to(device) for each in (inside, starts, ends, shown))
    parts: dict[str, float] = {}
    total = torch.zeros((), device=device)
    has = [place for place, row in enumerate(rows) if row.starts]
    if has:
        spans = (_marginal(start[has], starts[has], inside[has]) + _marginal(end[has], ends[has], inside[has])) / 2
        total = total + SPAN * spans.sum() / len(rows)
        parts["span"] = float(spans.detach().mean())
    # Passages whose sentences are known, or that hold none: an example that says nothing of it counts for nothing.
    said = [place for place, row in enumerate(rows) if row.evidence or row.answerable == 0]
    if said:
        by_token = nn.functional.binary_cross_entropy_with_logits(evidence[said], shown[said].float(), reduction="none")
        counted = inside[said].float()
        by_row = (by_token * counted).sum(1) / counted.sum(1).clamp(min=1)
        total = total + EVIDENCE * by_row.sum() / len(rows)
        parts["evidence"] = float(by_row.detach().mean())
    for column, name, weight in ((0, "relevant", RELEVANT), (1, "answerable", ANSWERABLE)):
        known = [place for place, row in enumerate(rows) if getattr(row, name) is not None]
        if known:
            wanted = torch.tensor([float(getattr(rows[place], name)) for place in known], device=device)
            found = nn.functional.binary_cross_entropy_with_logits(pair[known, column], wanted, reduction="sum")
            total = total + weight * found / len(rows)
            parts[name] = float(found.detach()) / len(known)
    return total, parts


def _marginal(logits: torch.Tensor, gold: torch.Tensor, inside: torch.Tensor) -> torch.Tensor:
    """Minus the log probability of any gold token among the passage's: (rows,)."""
    scores = nn.functional.log_softmax(logits.masked_fill(~inside, MASKED), -1)
    return -torch.logsumexp(scores.masked_fill(~gold, MASKED), -1)


def tokenizer_of(base: Path) -> Tokenizer:
    """The tokenizer of a model's folder."""
    return Tokenizer.from_file(str(base / "tokenizer.json"))

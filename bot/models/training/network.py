"""The reader's network: an encoder, token heads for span and evidence, a pair head for relevance and answerability."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

HEAD_STD = 0.02
TYPES = 4


class ReaderNetwork(nn.Module):
    """The first `layers` layers of an MPNet encoder with the reader's heads.

    Dropping the upper layers before fine-tuning costs little (Sajjad et al., "On the effect of dropping layers of
    pre-trained transformer models", Computer Speech and Language 77, 2023).
    """

    def __init__(self, base: Path | str, layers: int) -> None:
        super().__init__()
        from transformers import AutoModel

        # The backward pass of torch's fused attention is half as fast on a CPU.
        encoder: Any = AutoModel.from_pretrained(
            base,
            attn_implementation="eager",
            add_pooling_layer=False,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
        )
        encoder.encoder.layer = encoder.encoder.layer[:layers]
        self.encoder = encoder
        width = encoder.config.hidden_size
        self.types = nn.Embedding(TYPES, width)
        self.tokens = nn.Linear(width, 3)
        self.pair = nn.Linear(2 * width, 2)
        nn.init.zeros_(self.types.weight)
        for head in (self.tokens, self.pair):
            nn.init.normal_(head.weight, std=HEAD_STD)
            nn.init.zeros_(head.bias)

    def forward(self, words: torch.Tensor, types: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """`words` are word embeddings, float32 (pairs, tokens, width); `types` and `mask` int64 (pairs, tokens).

        Returns logits of span start, span end and evidence, each (pairs, tokens), and of relevance and answerability
        (pairs, 2).
        """
        embedded = words + self.types(types)
        states = self.encoder(inputs_embeds=embedded, attention_mask=mask).last_hidden_state.float()
        weights = mask.unsqueeze(-1).float()
        pooled = torch.cat([states[:, 0], (states * weights).sum(1) / weights.sum(1)], -1)
        start, end, evidence = self.tokens(states).unbind(-1)
        return start, end, evidence, self.pair(pooled)

    def words(self, ids: torch.Tensor) -> torch.Tensor:
        """The word embeddings of token ids; they are not trained."""
        found: torch.Tensor = self.encoder.get_input_embeddings()(ids)
        return found

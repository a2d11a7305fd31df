"""Writes a trained network as the files that `reader` loads: graph in 8 bits, words in 4, tokenizer, facts."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bot.models.onnx_graphs import write_graph
from bot.models.reader import WordEmbeddings
from bot.models.training.network import ReaderNetwork

LARGE_BYTES = 4096
PART_BYTES = 40_000_000
POSITIONS = 322
"""Positions that are kept: MPNet counts from 2."""


def export(network: ReaderNetwork, base: Path, folder: Path, facts: Mapping[str, Any]) -> None:
    """Write the files of a network into a folder that is made; what stood there is replaced.

    `facts` are written to reader.json beside what the files need: name, max_tokens, and whatever a card says.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    network = network.cpu().eval()
    _cut_positions(network)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".reader-", dir=folder.parent, ignore_cleanup_errors=True) as place:
        workshop = Path(place)
        whole = workshop / "fp32.onnx"
        ids = torch.randint(5, network.encoder.get_input_embeddings().num_embeddings, (2, 48))
        mask = torch.ones_like(ids)
        mask[1, 40:] = 0
        tokens = {0: "pairs", 1: "tokens"}
        axes = dict.fromkeys(("words", "types", "mask", "start", "end", "evidence"), tokens) | {"pair": {0: "pairs"}}
        write_graph(network, (network.words(ids), torch.zeros_like(ids), mask), axes, whole)
        graph = workshop / "reader.onnx"
        quantize_dynamic(whole, graph, weight_type=QuantType.QInt8, per_channel=True, op_types_to_quantize=["MatMul"])
        whole.unlink()
        _split(graph)
        onnx.checker.check_model(str(graph))
        table = network.encoder.get_input_embeddings().weight.detach().float().numpy()
        WordEmbeddings.quantized(np.ascontiguousarray(table)).save(workshop)
        shutil.copyfile(base / "tokenizer.json", workshop / "tokenizer.json")
        (workshop / "reader.json").write_text(json.dumps(dict(facts), indent=2) + "\n", encoding="utf-8")
        if folder.exists():
            for made in workshop.iterdir():
                made.replace(folder / made.name)
        else:
            workshop.rename(folder)


def _split(graph: Path) -> None:
    """Move the graph's large tensors into files beside it, none over the size that hosts of repositories refuse."""
    import onnx
    from onnx.external_data_helper import set_external_data, write_external_data_tensors

    model = onnx.load(str(graph))
    part, filled = 0, 0
    for tensor in model.graph.initializer:
        size = len(tensor.raw_data)
        if size < LARGE_BYTES:
            continue
        if filled + size > PART_BYTES:
            part, filled = part + 1, 0
        filled += size
        set_external_data(tensor, location=f"reader-{part}.bin")
    write_external_data_tensors(model, str(graph.parent))
    onnx.save(model, str(graph))


def _cut_positions(network: ReaderNetwork) -> None:
    """Drop the embeddings of positions that no pair reaches."""
    table = network.encoder.embeddings.position_embeddings
    kept = min(POSITIONS, table.num_embeddings)
    table.weight = torch.nn.Parameter(table.weight[:kept].detach().clone(), requires_grad=False)
    table.num_embeddings = kept

"""What models that run by ONNX Runtime share: sessions, batches of texts of like length, and how a graph is written."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any


def open_session(graph: Path, threads: int) -> Any:
    """A session on the CPU whose operators use so many threads."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Spinning threads would take the second core from the bot between questions.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])


def batches_by_length(lengths: Sequence[int], batch_tokens: int) -> Iterator[list[int]]:
    """Groups of indexes: texts of like length, at most `batch_tokens` padded tokens together, one text at least."""
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[index] > batch_tokens:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def write_graph(network: Any, given: Sequence[Any], axes: Mapping[str, Mapping[int, str]], graph: Path) -> None:
    """Trace a torch module on what is given to it; `axes` says of its inputs, then its outputs, what varies."""
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracer warnings: whoever exports compares the result with the original
        torch.onnx.export(
            network,
            tuple(given),
            str(graph),
            input_names=list(axes)[: len(given)],
            output_names=list(axes)[len(given) :],
            dynamic_axes=axes,
            opset_version=17,
            dynamo=False,
        )

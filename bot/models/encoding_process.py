"""Encodes documents in a process of its own, so that what is encoded is written while the next is being encoded.

chromadb 1.5.9 holds Python's lock while it writes (0.3 s for 256 passages): threads of the same process that encode
stand still meanwhile. The process ends by itself when the one that began it does, or when nothing comes for a while.
"""

from __future__ import annotations

import logging
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

IDLE_SECONDS = 15.0
"""A bot that ingests now and then does not keep a second model in memory for it."""

log = logging.getLogger(__name__)


class EncodingProcess:
    """Encodes documents as `load_embeddings(**options)` does. Not to be shared between threads."""

    def __init__(self, options: Mapping[str, Any], idle_seconds: float = IDLE_SECONDS) -> None:
        self._options = (dict(options), idle_seconds)
        self._process: subprocess.Popen[bytes] | None = None
        self._usable = bool(sys.executable)

    @property
    def running(self) -> bool:
        """Whether there is a process that texts can be sent to."""
        return self._process is not None and self._process.poll() is None

    def encode_many(self, parts: Sequence[list[str]]) -> Iterator[Vectors]:
        """Vectors of each part, shape (len(part), dimension); it ends early where the process cannot be had or dies.

        The next part is being encoded when one is yielded.
        """
        if not parts or not self._begun():
            return
        assert self._process is not None
        given, taken = self._process.stdin, self._process.stdout
        assert given is not None
        assert taken is not None
        try:
            _put(parts[0], given)
            for number in range(len(parts)):
                if number + 1 < len(parts):
                    _put(parts[number + 1], given)
                yield pickle.load(taken)
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            log.warning("the process that encodes has ended (%s); encoding goes on without it", error)
            self.close()
        except GeneratorExit:
            self.close()  # answers that nobody waits for would be taken for those to the next texts
            raise

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def _begun(self) -> bool:
        """Whether there is a process, begun now or before."""
        if self.running:
            return True
        self.close()
        if not self._usable:
            return False
        try:
            command = [sys.executable, "-m", "bot.models.encoding_process"]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            assert self._process.stdin is not None
            _put(self._options, self._process.stdin)
        except OSError as error:
            log.warning("no process can be begun to encode in (%s); encoding goes on without it", error)
            self.close()
            self._usable = False
        return self._usable


def _put(what: object, stream: IO[bytes]) -> None:
    pickle.dump(what, stream)
    stream.flush()


def main() -> None:
    """Serve the process at the other end of standard input and output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the other process, whose end is ours too
    given, out = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr
    texts: queue.SimpleQueue[list[str] | None] = queue.SimpleQueue()

    def take() -> None:
        with suppress(EOFError):
            while True:
                texts.put(pickle.load(given))
        texts.put(None)

    def answer(vectors: Vectors) -> None:
        try:
            _put(vectors, out)
        except BrokenPipeError:
            os._exit(0)  # nobody is left to encode for

    try:
        options, idle_seconds = pickle.load(given)
    except EOFError:
        return
    from bot.models.embeddings import load_embeddings

    embeddings = load_embeddings(**options)
    # Each stream has a thread of its own: the other process neither waits to be read from nor to read.
    threading.Thread(target=take, daemon=True).start()
    with ThreadPoolExecutor(1) as answering, suppress(queue.Empty):
        while (some := texts.get(timeout=idle_seconds)) is not None:
            answering.submit(answer, embeddings.encode(some))
    os._exit(0)  # the other thread may wait for texts for ever


if __name__ == "__main__":
    main()

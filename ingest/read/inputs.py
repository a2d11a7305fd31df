"""What was read -> a digest by which it is known when it is met again, so that it need not be read a second time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib import metadata
from typing import Any

from bot.schema import Outcome
from ingest.read.contract import ReadOptions

READING_VERSION = 5
"""Part of every digest, as the version of newsbot is: raise it when readers make something else of the same bytes."""


def digest_of_bytes(data: bytes, options: ReadOptions, *context: str | None) -> str:
    """32 hexadecimal characters over bytes, how they are read, and what else the reader was told (`context`)."""
    how = (_version(), READING_VERSION, options.source, options.summaries, sorted(options.fields.items()), *context)
    digest = hashlib.blake2b(repr(how).encode("utf-8", "surrogatepass"), digest_size=16)
    digest.update(data)
    return digest.hexdigest()


def digest_of_record(record: Mapping[str, Any], options: ReadOptions, *context: str | None) -> str:
    """The same over a record with named fields, whatever file it stands in."""
    text = json.dumps(record, ensure_ascii=False, default=repr)
    return digest_of_bytes(text.encode("utf-8", "surrogatepass"), options, "record", *context)


def known(digest: str, origin: str, options: ReadOptions) -> Outcome | None:
    """The outcome of what was read before and is stored as it was then; None where it must be read."""
    found = options.known_input(digest) if options.known_input else None
    return replace(found, origin=origin) if found is not None else None


@cache
def _version() -> str:
    return metadata.version("newsbot")

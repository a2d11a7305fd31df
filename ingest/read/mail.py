"""A message or a page saved by a browser as one file (.eml, .mht) -> its article."""

from __future__ import annotations

import io
from dataclasses import replace
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import PurePosixPath

from bot.errors import ReadError
from bot.schema import Article
from ingest.read.contract import Blob, Items, ReadBlob, ReadOptions, skipped
from ingest.read.encoding import decode
from ingest.read.fields import Fields
from ingest.read.limits import read_whole
from ingest.read.markup import paragraphs


def read_mail(blob: Blob, options: ReadOptions, read_blob: ReadBlob) -> Items:
    """The message's text as an article, or the saved page in it; attached texts and archives are read as well.

    The day is the day of the message. Raises ReadError where it is no message or holds no text.
    """
    data = read_whole(blob.stream, options.limits.document_bytes)
    message = BytesParser(policy=policy.default).parsebytes(data)
    assert isinstance(message, EmailMessage)
    if address := str(message.get("Snapshot-Content-Location", "")):
        page = message.get_body(("html",))
        if page is None:
            raise ReadError("the saved page in it holds no HTML")
        inner = replace(blob, stream=io.BytesIO(_bytes_of(page)), name="page.html", url=address, depth=blob.depth + 1)
        yield from read_blob(inner, options)
        return
    yield _article(message, blob.origin)
    for number, part in enumerate(message.iter_attachments(), 1):
        name = PurePosixPath(part.get_filename() or "").name
        origin = f"{blob.origin}!{name or number}"
        if part.get_content_maintype() in ("image", "audio", "video", "font", "multipart", "message"):
            yield skipped(origin, f"it is attached, and no text ({part.get_content_type()})")
            continue
        stream = io.BytesIO(_bytes_of(part))
        yield from read_blob(
            replace(blob, stream=stream, name=name, origin=origin, named=False, depth=blob.depth + 1), options
        )


def _article(message: EmailMessage, origin: str) -> Article:
    body = message.get_body(("plain", "html"))
    text = paragraphs(decode(_bytes_of(body), body.get_content_charset())) if body is not None else ""
    if not text:
        raise ReadError("the message holds no text")
    senders = getattr(message["From"], "addresses", ())
    said = {
        "title": str(message["Subject"] or ""),
        "published": str(message["Date"]),
        "authors": [sender.display_name for sender in senders],
    }
    return Fields(said).article(origin, text)


def _bytes_of(part: object) -> bytes:
    payload = part.get_payload(decode=True)  # type: ignore[attr-defined]
    return payload if isinstance(payload, bytes) else b""

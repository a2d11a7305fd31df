"""PDF and Word documents: made here by hand and by python-docx, read as newsbot reads files."""

from __future__ import annotations

import io
import sys
import textwrap
import zipfile
from datetime import date
from pathlib import Path

import pytest
from docx import Document

from bot.schema import Article, Outcome, OutcomeKind
from ingest.read import ReadOptions, read
from ingest.read.kinds import Kind, kind_of

PARAGRAPHS = [
    "A new bridge over the Elbe opened to traffic on Sunday after four years of work, the city said that evening.",
    "The bridge cost 48 million euros and is 412 metres long. About 9,000 cars are expected to use it every day, and "
    "the old ferry stops at the end of the month.",
    "Mayor Anna Brandt cut the ribbon at noon. She thanked the builders, who had lost eleven months to two floods.",
]


def pdf(pages: list[list[str]]) -> bytes:
    """A PDF with so many pages, each line where a typesetter would put it."""
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"", b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"]
    kids = []
    for lines in pages:
        shown = " ".join(f"({line}) Tj T*" for line in lines)
        stream = f"BT /F1 12 Tf 14 TL 60 780 Td {shown} ET".encode("latin-1")
        objects.append(b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream))
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1 3 0 R>>>>/Contents %d 0 R>>"
            % len(objects)
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(kids), b" ".join(kids))
    data, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    end = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, len(data))
    return data + head + table + end


def typeset(paragraphs: list[str]) -> list[str]:
    return [line for each in paragraphs for line in [*textwrap.wrap(each, 60), ""]]


def word(*paragraphs: str) -> bytes:
    document = Document()
    document.add_heading("Bridge over the Elbe opens", 0)
    document.add_paragraph("3 March 2024")
    document.add_paragraph("By Jana Weber")
    for each in paragraphs:
        document.add_paragraph(each)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def only(path: Path, data: bytes) -> Article | Outcome:
    path.write_bytes(data)
    (item,) = read([str(path)])
    return item


def test_a_pdf_is_an_article(tmp_path: Path) -> None:
    data = pdf([typeset(["Bridge over the Elbe opens", "3 March 2024", *PARAGRAPHS])])
    found = only(tmp_path / "bridge.pdf", data)
    assert isinstance(found, Article)
    assert (found.title, found.published) == ("Bridge over the Elbe opens", date(2024, 3, 3))
    assert found.text == "\n\n".join(PARAGRAPHS)


def test_lines_of_a_column_are_joined_and_running_heads_are_left_out(tmp_path: Path) -> None:
    pages = [["The Elbe Post", *typeset([each]), f"Page {number}"] for number, each in enumerate(PARAGRAPHS, 1)]
    pages[0][1:1] = ["Bridge over the Elbe opens", ""]
    pages[0] = [line.replace("traffic", "traf-") if line.endswith("traffic") else line for line in pages[0]]
    found = only(tmp_path / "bridge.pdf", pdf(pages))
    assert isinstance(found, Article)
    assert "The Elbe Post" not in found.text
    assert "Page 2" not in found.text
    assert PARAGRAPHS[1] in found.text.split("\n\n")


def test_a_word_document_is_an_article(tmp_path: Path) -> None:
    found = only(tmp_path / "bridge.docx", word(*PARAGRAPHS))
    assert isinstance(found, Article)
    assert (found.title, found.published, found.authors) == (
        "Bridge over the Elbe opens",
        date(2024, 3, 3),
        ("Jana Weber",),
    )
    assert found.text == "\n\n".join(PARAGRAPHS)
    assert kind_of(word(*PARAGRAPHS)[:65536], "no-name") is Kind.WORD


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("cut.pdf", pdf([typeset(PARAGRAPHS)])[:500], "its PDF data cannot be read"),
        ("noise.pdf", b"%PDF-1.7\n" + bytes(range(256)) * 20, "its PDF data cannot be read"),
        ("cut.docx", word(*PARAGRAPHS)[:3000], "its Word data cannot be read"),
        ("long.pdf", pdf([["x"]] * 501), "501 pages"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    found = only(tmp_path / name, data)
    assert isinstance(found, Outcome)
    assert found.kind is OutcomeKind.FAILED
    assert said in found.reason


def test_a_pdf_of_pictures_is_skipped(tmp_path: Path) -> None:
    found = only(tmp_path / "scan.pdf", pdf([[""]]))
    assert isinstance(found, Outcome)
    assert found.kind is OutcomeKind.SKIPPED
    assert "OCR" in found.reason


def test_a_word_document_that_unpacks_to_very_much_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO(word(*PARAGRAPHS))
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("word/media/bomb.bin", bytes(80 * 1024 * 1024))
    found = only(tmp_path / "bomb.docx", buffer.getvalue())
    assert isinstance(found, Outcome)
    assert "unpacks to more than 64 MB" in found.reason


@pytest.mark.parametrize(("name", "library"), [("a.pdf", "pypdf"), ("a.docx", "docx")])
def test_without_the_extra_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, library: str
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    found = only(tmp_path / name, pdf([["x"]]) if name.endswith("pdf") else word("x"))
    assert isinstance(found, Outcome)
    assert found.kind is OutcomeKind.SKIPPED
    assert 'pip install "newsbot[documents]"' in found.reason


def test_what_is_stored_is_not_read_again(tmp_path: Path) -> None:
    path = tmp_path / "bridge.pdf"
    path.write_bytes(pdf([typeset(["Bridge over the Elbe opens", *PARAGRAPHS])]))
    (first,) = read([str(path)])
    assert isinstance(first, Article)
    stored = Outcome(kind=OutcomeKind.UNCHANGED, origin="", article_id="x")
    (again,) = read([str(path)], ReadOptions(known_input={first.input_digest: stored}.get))  # type: ignore[arg-type]
    assert isinstance(again, Outcome)
    assert again.kind is OutcomeKind.UNCHANGED

"""Messages with attachments, and pages that a browser saved as one file."""

from __future__ import annotations

from datetime import UTC, date, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest

from bot.schema import Article, Outcome
from ingest.read import read
from ingest.read.kinds import Kind, kind_of

TEXT = (
    "The only ferry to three northern islands has been suspended until Friday – “at least”, the operator said.\n\n"
    "About 900 people live on the islands, which depend on the boat for food, post and hospital visits.\n"
)


def message() -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Jane Doe <jane@courier.example>"
    mail["To"] = "desk@courier.example"
    mail["Subject"] = "Ferry suspended – copy"
    mail["Date"] = "Wed, 12 Feb 2020 16:30:00 +0000"
    mail["Message-ID"] = "<1@courier.example>"
    mail.set_content(TEXT)
    return mail


def read_file(path: Path, content: bytes) -> list[Article | Outcome]:
    path.write_bytes(content)
    return list(read([str(path)]))


@pytest.mark.parametrize("name", ["copy.eml", "copy.txt", "copy"])
def test_a_message_is_an_article_and_its_attachments_are_read(tmp_path: Path, name: str) -> None:
    mail = message()
    mail.add_alternative(f"<p>{TEXT}</p>", subtype="html")
    mail.add_attachment(b"\x89PNG\r\n", maintype="image", subtype="png", filename="pier.png")
    mail.add_attachment("title,text\nPier,The pier was built in 1911.\n", subtype="csv", filename="../pier.csv")
    article, picture, row = read_file(tmp_path / name, mail.as_bytes())
    assert isinstance(article, Article)
    assert (article.title, article.authors) == ("Ferry suspended – copy", ("Jane Doe",))
    assert article.published_at == datetime(2020, 2, 12, 16, 30, tzinfo=UTC)
    assert article.text == TEXT.strip()
    assert isinstance(picture, Outcome)
    assert "image/png" in picture.reason
    assert isinstance(row, Article)
    assert (row.title, row.origin) == ("Pier", f"{tmp_path / name}!pier.csv:2")


def test_a_message_of_html_alone(tmp_path: Path) -> None:
    mail = message()
    mail.set_content(
        "<p>The pier &amp; the ferry are closed.</p><script>x()</script><p>Both until Friday.</p>", subtype="html"
    )
    (article,) = read_file(tmp_path / "copy.eml", mail.as_bytes())
    assert isinstance(article, Article)
    assert article.text == "The pier & the ferry are closed.\n\nBoth until Friday."


def test_a_page_that_a_browser_saved_as_one_file(tmp_path: Path) -> None:
    page = EmailMessage()
    page["From"] = "<Saved by Blink>"
    page["Snapshot-Content-Location"] = "https://courier.example/2020/02/12/ferry"
    page["MIME-Version"] = "1.0"
    paragraphs = "".join(f"<p>{line}</p>" for line in TEXT.strip().split("\n\n"))
    page.set_content(
        f"<html><body><article><h1>The ferry is suspended again</h1>{paragraphs}</article></body></html>",
        subtype="html",
    )
    page.make_related()
    (article,) = read_file(tmp_path / "ferry.mht", page.as_bytes())
    assert isinstance(article, Article)
    assert (article.title, article.url) == ("The ferry is suspended again", "https://courier.example/2020/02/12/ferry")
    assert article.published == date(2020, 2, 12)
    assert "“at least”" in article.text


@pytest.mark.parametrize("cut", [0.2, 0.5, 0.9])
def test_a_message_that_is_cut_off_is_survived(tmp_path: Path, cut: float) -> None:
    mail = message()
    mail.add_attachment(b"\x00" * 3000, maintype="application", subtype="octet-stream", filename="x.bin")
    content = mail.as_bytes()
    assert read_file(tmp_path / "copy.eml", content[: int(len(content) * cut)])


def test_headers_alone_do_not_make_a_message() -> None:
    assert kind_of(message().as_bytes()) is Kind.MAIL
    assert kind_of(b"Title: Ferry\nURL Source: https://e.org/a\n\nThe ferry is closed.") is Kind.PAGE_TEXT
    assert kind_of(b"Subject: Ferry\nDate: today\n\nThe ferry is closed.", "note.txt") is Kind.PAGE_TEXT
    assert kind_of(b"Subject: Ferry\nDate: today\n\nThe ferry is closed.", "note.eml") is Kind.MAIL
    assert kind_of(b"{\\rtf1 x}") is Kind.MEDIA

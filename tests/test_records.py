"""Records under all the names that collectors give them become articles; bad ones cost only themselves."""

from __future__ import annotations

import csv
import json
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from bot.schema import Article, Outcome, OutcomeKind
from ingest.read import Limits, ReadOptions, read
from ingest.read.cleaning import first_sentence
from ingest.read.fields import FIELD_NAMES, Fields, filled, key_of_name, known_names, published_of
from ingest.read.records import article_of_record

TEXT = "The ferry between the islands sails again.\n\nIt had been out of service since March."


def _articles(path: Path, options: ReadOptions = ReadOptions()) -> list[Article]:  # noqa: B008
    return [item for item in read([str(path)], options) if isinstance(item, Article)]


def _outcomes(path: Path, options: ReadOptions = ReadOptions()) -> list[Outcome]:  # noqa: B008
    return [item for item in read([str(path)], options) if isinstance(item, Outcome)]


@pytest.mark.parametrize(
    "record",
    [
        {"url": "https://x.example/f", "title": "Ferry", "text": TEXT, "published": "2021-05-04",
         "authors": ["Ann Lee"], "source": "The Tide", "language": "en", "section": "Travel"},
        {"link": "https://x.example/f", "headline": "Ferry", "body": TEXT, "pubDate": "Tue, 04 May 2021 08:00:00 +0200",
         "author": "By Ann Lee", "publisher": "The Tide", "lang": "en-GB", "category": "Travel"},
        {"canonical_url": "https://x.example/f", "Title": "Ferry", "maintext": TEXT,
         "date_publish": "2021-05-04 08:00:00", "byline": "Ann Lee", "outlet": "The Tide", "Language": "EN",
         "section": ["Travel", "Sea"]},
        {"canonicalUrl": "https://x.example/f", "title": "Ferry", "content": TEXT, "publish_date": "2021/05/04",
         "authors": [{"name": "Ann Lee"}], "site": {"id": 3, "name": "The Tide"}, "inLanguage": "en_US",
         "articleSection": "Travel"},
        {"URL": "https://x.example/f", "Title": "Ferry",
         "articleBody": f"<p>{TEXT.replace(chr(10) * 2, '</p><p>')}</p>",
         "datePublished": "2021-05-04T08:00:00Z", "author": {"@type": "Person", "name": "Ann Lee"},
         "publisher": {"@type": "Organization", "name": "The Tide"}, "language": "en", "category": "Travel"},
    ],
)  # fmt: skip
def test_common_names_are_understood(record: dict[str, Any]) -> None:
    article = article_of_record(record, "x:1", ReadOptions())
    assert article.url == "https://x.example/f"
    assert article.title == "Ferry"
    assert article.text == TEXT
    assert article.published == date(2021, 5, 4)
    assert article.authors == ("Ann Lee",)
    assert article.source == "The Tide"
    assert article.language == "en"
    assert article.section == "Travel"
    assert article.origin == "x:1"


def test_fields_that_a_person_names_win() -> None:
    options = ReadOptions(fields={"text": "story.full", "title": "kop", "published": "seen"})
    record = {"text": "teaser", "story": {"full": TEXT}, "title": "wrong", "kop": "Ferry", "seen": "4 May 2021"}
    article = article_of_record(record, "", options)
    assert (article.text, article.title, article.published) == (TEXT, "Ferry", date(2021, 5, 4))


@pytest.mark.parametrize(
    ("value", "day", "moment"),
    [
        (1620108000, date(2021, 5, 4), datetime(2021, 5, 4, 6, tzinfo=UTC)),
        (1620108000000, date(2021, 5, 4), datetime(2021, 5, 4, 6, tzinfo=UTC)),
        ("1620108000", date(2021, 5, 4), datetime(2021, 5, 4, 6, tzinfo=UTC)),
        ({"$date": "2021-05-04T06:00:00Z"}, date(2021, 5, 4), datetime(2021, 5, 4, 6, tzinfo=UTC)),
        (20210504, date(2021, 5, 4), None),
        ("2022/06/12", date(2022, 6, 12), None),
        ("2021-05-04T23:30:00-05:00", date(2021, 5, 4),
         datetime(2021, 5, 4, 23, 30, tzinfo=timezone(timedelta(hours=-5)))),
        (date(2021, 5, 4), date(2021, 5, 4), None),
        (datetime(2021, 5, 4, 8), date(2021, 5, 4), None),  # noqa: DTZ001 - a table's column without a zone
        (True, None, None),
        (12, None, None),
        (float("nan"), None, None),
        (float("inf"), None, None),
        (10**400, None, None),
        ("yesterday", None, None),
        ([], None, None),
        ("", None, None),
    ],
)  # fmt: skip
def test_dates_in_all_forms(value: Any, day: date | None, moment: datetime | None) -> None:
    assert published_of(value) == (day, moment)


def test_a_crawl_time_is_no_date_of_publication() -> None:
    record = {
        "text": TEXT,
        "timestamp": "2021-05-04T06:00:00Z",
        "date_download": "2021-05-04",
        "crawled_at": 1620108000,
    }
    assert article_of_record(record, "", ReadOptions()).published is None


def test_authors_in_one_string() -> None:
    for names in ("By Ann Lee and Bo Ek", "Ann Lee, Bo Ek", "Ann Lee; Bo Ek", "['Ann Lee', 'Bo Ek']"):
        assert article_of_record({"text": TEXT, "author": names}, "", ReadOptions()).authors == ("Ann Lee", "Bo Ek")


def test_without_a_title_the_first_sentence_stands_in() -> None:
    assert article_of_record({"text": TEXT}, "", ReadOptions()).title == "The ferry between the islands sails again."
    assert len(first_sentence("word " * 100)) <= 161


def test_json_lines_name_the_line_that_is_broken_and_read_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"text": "One."}\n{broken\n\n[1]\n{"title": "No text"}\n{"text": "Two."}\n')
    items = list(read([str(path)]))
    assert [item.text for item in items if isinstance(item, Article)] == ["One.", "Two."]
    assert [item.origin for item in items] == [f"{path}:{line}" for line in (1, 2, 4, 5, 6)]
    broken, number, empty = (item for item in items if isinstance(item, Outcome))
    assert broken.kind == OutcomeKind.FAILED
    assert "line 2 is not JSON" in broken.reason
    assert "the other lines were read" in broken.reason
    assert number.kind == empty.kind == OutcomeKind.SKIPPED
    assert "--field text=" in empty.reason
    assert empty.title == "No text"


def test_json_lines_whose_first_line_is_broken(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"text": "One\n{"text": "Two."}\n{"text": "Three."}\n')
    assert [article.text for article in _articles(path)] == ["Two.", "Three."]
    assert [outcome.origin for outcome in _outcomes(path)] == [f"{path}:1"]


@pytest.mark.parametrize(
    "document",
    [
        [{"text": "One."}, {"text": "Two."}],
        {"status": "ok", "articles": [{"text": "One."}, {"text": "Two."}]},
        {"response": {"total": 2, "results": [{"text": "One."}, {"text": "Two."}]}},
        {"hits": {"hits": [{"_id": 1, "_source": {"text": "One."}}, {"_id": 2, "_source": {"text": "Two."}}]}},
        {"day": "Monday", "stories_of_the_day": [{"text": "One."}, {"text": "Two."}]},
    ],
)
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_arrays_and_wrappers(tmp_path: Path, document: Any, indent: int | None, encoding: str) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(json.dumps(document, indent=indent).encode(encoding))
    assert [article.text for article in _articles(path)] == ["One.", "Two."]
    assert _articles(path)[1].origin == f"{path}:2"


@pytest.mark.parametrize("indent", [None, 2])
def test_one_record_alone(tmp_path: Path, indent: int | None) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"title": "A", "text": "One.", "tags": [{"name": "x"}]}, indent=indent))
    assert [(article.title, article.text) for article in _articles(path)] == [("A", "One.")]


def test_indented_objects_one_after_the_other(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text("\n".join(json.dumps({"text": text}, indent=1) for text in ("One.", "Two.")))
    assert [article.text for article in _articles(path)] == ["One.", "Two."]


def test_a_cut_array_gives_what_stands_before_the_cut(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps([{"text": "One."}, {"text": "Two."}])[:-8])
    assert [article.text for article in _articles(path)] == ["One."]
    assert "not valid JSON after entry 1" in _outcomes(path)[0].reason
    path.write_text('[{"text": "One."}, {"text": "Two."}')
    assert len(_articles(path)) == 2
    assert "cut off after entry 2" in _outcomes(path)[0].reason


def test_a_long_array_is_read_in_pieces(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    long = "word " * 40_000
    path.write_text(json.dumps([{"text": f"{number} {long}"} for number in range(12)]))
    limits = Limits(document_bytes=300_000)
    assert [article.text.split()[0] for article in _articles(path, ReadOptions(limits=limits))] == [
        str(number) for number in range(12)
    ]


def test_a_line_beyond_the_cap_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"text": "One."}\n{"text": "' + "x" * 200_000 + '"}\n{"text": "Two."}')
    options = ReadOptions(limits=Limits(document_bytes=100_000))
    assert [article.text for article in _articles(path, options)] == ["One.", "Two."]
    (outcome,) = _outcomes(path, options)
    assert (outcome.kind, outcome.origin) == (OutcomeKind.FAILED, f"{path}:2")
    assert "line 2 is longer than 98 kB" in outcome.reason


def test_nesting_without_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"text": "One."}\n{"a": ' + "[" * 100_000 + "\n" + '{"text": "Two."}')
    assert len(_articles(path)) == 2
    array = tmp_path / "y.json"
    array.write_text("[" * 100_000)
    assert [outcome.kind for outcome in _outcomes(array)] == [OutcomeKind.FAILED]


def test_mixed_encodings_nuls_and_overrides_in_lines(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(
        '{"text": "Zürich."}\n'.encode()
        + '{"text": "Genève."}\n'.encode("cp1252")
        + b'{"text": "a\\u0000b\\u202ec\\ud800d", "title": "x\\u0000y"}\n'
    )
    assert [article.text for article in _articles(path)] == ["Zürich.", "Genève.", "abcd"]
    assert _articles(path)[2].title == "xy"


def test_csv_with_quotes_newlines_and_long_fields(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    long = "A sentence. " * 20_000
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["url", "title", "text", "date"])
        rows.writerow(["https://x.example/1", 'The "tide"', "One.\n\nTwo, three.", "2021-05-04"])
        rows.writerow(["", "", long, ""])
        rows.writerow(["", "Only a title", "", ""])
    first, second = _articles(path)
    assert (first.title, first.text, first.published) == ('The "tide"', "One.\n\nTwo, three.", date(2021, 5, 4))
    assert second.text == long.strip()
    assert [outcome.kind for outcome in _outcomes(path)] == [OutcomeKind.SKIPPED]


@pytest.mark.parametrize(("delimiter", "encoding"), [(";", "cp1252"), ("\t", "utf-16"), ("|", "utf-8-sig")])
def test_other_delimiters_and_encodings(tmp_path: Path, delimiter: str, encoding: str) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(f"Headline{delimiter}Full Text\r\nZürich{delimiter}Der Zug fährt, endlich.\r\n".encode(encoding))
    assert [(article.title, article.text) for article in _articles(path)] == [("Zürich", "Der Zug fährt, endlich.")]


def test_a_quote_left_open_does_not_eat_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text('title,text\nA,One.\nB,"' + "open for ever\n" * 20_000)
    options = ReadOptions(limits=Limits(document_bytes=50_000))
    assert [article.title for article in _articles(path, options)] == ["A"]
    assert "quote may be left open" in _outcomes(path, options)[0].reason


def test_a_table_without_known_columns_says_what_it_needs(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n")
    (outcome,) = read([str(path)])
    assert isinstance(outcome, Outcome)
    assert outcome.reason.endswith("name them by --field text=NAME --field title=NAME")
    path.write_text("a,the words\n1,2\n")
    (outcome,) = read([str(path)])
    assert isinstance(outcome, Outcome)
    assert outcome.reason.endswith('with quotes around a name with a blank: --field "text=the words"')


@pytest.mark.parametrize("text", ["story text", "Story", "Article Text", "body text"])
@pytest.mark.parametrize("source", ["paper", "Newspaper", "outlet", "publication"])
def test_a_table_of_a_newsroom_names_its_text_and_its_outlet(text: str, source: str, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(f"headline,{text},{source}\nBridge closed,It has a crack.,Quay News\n")
    (article,) = _articles(path)
    assert (article.title, article.text, article.source) == ("Bridge closed", "It has a crack.", "Quay News")


def test_parquet(tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    table = pa.table(
        {
            "maintext": ["One.", None, "Two."],
            "title": ["A", "B", "C"],
            "date_publish": [datetime(2021, 5, 4, 6, tzinfo=UTC)] * 3,
            "authors": [["Ann Lee"], [], None],
            "embedding": [[0.5], [0.5], [0.5]],
        }
    )
    path = tmp_path / "x.parquet"
    parquet.write_table(table, path, row_group_size=2)
    one, two = _articles(path)
    assert (one.text, one.title, one.published, one.authors) == ("One.", "A", date(2021, 5, 4), ("Ann Lee",))
    assert (two.text, two.origin) == ("Two.", f"{path}:3")
    assert [outcome.origin for outcome in _outcomes(path)] == [f"{path}:2"]

    cut = tmp_path / "cut.parquet"
    cut.write_bytes(path.read_bytes()[:-20])
    assert [(outcome.kind, "Parquet data cannot be read" in outcome.reason) for outcome in _outcomes(cut)] == [
        (OutcomeKind.FAILED, True)
    ]

    unknown = tmp_path / "unknown.parquet"
    parquet.write_table(pa.table({"a": [1]}), unknown)
    assert "--field text=NAME" in _outcomes(unknown)[0].reason


def test_parquet_says_what_it_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(b"PAR1 and more PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)  # as where it is not installed
    (outcome,) = _outcomes(path)
    assert (outcome.kind, 'pip install "newsbot[parquet]"' in outcome.reason) == (OutcomeKind.FAILED, True)


def test_the_outlet_is_found_by_its_address_where_no_name_is_given(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    rows = [
        {"text": TEXT, "url": "https://edition.cnn.com/2021/05/04/a"},
        {"text": TEXT, "source": "http://www.reuters.com/"},
        {"text": TEXT, "source_domain": "bbc.co.uk"},
        {"text": TEXT, "url": "https://tide.example/a"},
        {"text": TEXT, "url": "https://edition.cnn.com/2021/05/04/a", "source": "The Tide"},
    ]
    path.write_text("\n".join(json.dumps(row) for row in rows))
    assert [article.source for article in _articles(path)] == ["CNN", "Reuters", "BBC", "tide.example", "The Tide"]


def test_the_language_is_told_from_the_text_where_no_field_says_it(tmp_path: Path) -> None:
    german = "Die Fähre zwischen den Inseln fährt wieder, nachdem sie seit dem März nicht mehr auf dem Wasser war. " * 3
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps({"text": german}) + "\n" + json.dumps({"text": german, "lang": "de-AT"}))
    assert [article.language for article in _articles(path)] == ["de", "de"]


@pytest.mark.parametrize(
    "record",
    [
        {"headline": {"main": "Ferry"}, "body": [{"type": "p", "text": TEXT}], "web_url": "https://x.example/f"},
        {"post_title": "Ferry", "post_content": TEXT, "guid": 3, "link": "https://x.example/f"},
        {"type": "story", "attributes": {"title": "Ferry", "body": TEXT, "url": "https://x.example/f"}},
        {"webTitle": "Ferry", "webUrl": "https://x.example/f", "fields": {"bodyText": TEXT}},
    ],
)
def test_records_as_newsrooms_export_them(record: dict[str, object]) -> None:
    article = article_of_record(record, "x", ReadOptions())
    assert (article.title, article.text, article.url) == ("Ferry", TEXT, "https://x.example/f")


def test_case_signs_and_the_prefixes_of_vocabularies_do_not_count() -> None:
    record = {
        "og:title": "Ferry",
        "Article_Text": TEXT,
        "article:published_time": "2021-05-04",
        "dc.creator": "Ann Lee",
    }
    article = article_of_record(record, "x", ReadOptions())
    assert (article.title, article.text, article.published) == ("Ferry", TEXT, date(2021, 5, 4))
    assert article.authors == ("Ann Lee",)


def test_one_description_of_an_article_is_filled_from_another() -> None:
    """A day and its moment go together: a moment of another day would be a lie."""
    moment = datetime(2021, 5, 5, 6, tzinfo=UTC)
    page = Article(title="Ferry", text="", published=date(2021, 5, 4), authors=("Ann Lee",))
    feed = Article(title="Boat", text=TEXT, published=date(2021, 5, 5), published_at=moment, section="Sea")
    both = filled(page, feed)
    assert (both.title, both.text, both.authors, both.section) == ("Ferry", TEXT, ("Ann Lee",), "Sea")
    assert (both.published, both.published_at) == (date(2021, 5, 4), None)
    undated = filled(Article(title="Ferry", text=TEXT), feed)
    assert (undated.published, undated.published_at) == (date(2021, 5, 5), moment)


@pytest.mark.parametrize("row", known_names().items(), ids=known_names())
def test_every_name_in_the_table_is_a_key_and_leads_to_its_field(row: tuple[str, tuple[str, ...]]) -> None:
    ours, names = row
    assert ours in FIELD_NAMES
    for name in names:
        assert key_of_name(name) == name
        assert list(Fields({name: "x"}).values(ours)) == ["x"]
    assert not {other for field in FIELD_NAMES if field != ours for other in known_names()[field]} & set(names)

"""Dates as printed: what is read, what is refused, and what stays unknown."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.read.dates import date_in_url, find_dates, parse_date

DAY = date(2020, 2, 12)


@pytest.mark.parametrize(
    "text",
    [
        "2020-02-12",
        "2020/02/12",
        "20200212",
        "February 12, 2020",
        "Feb. 12, 2020",
        "Feb 12 2020",
        "12 February 2020",
        "12th of February 2020",
        "Wednesday, 12 February 2020",
        "12-Feb-2020",
        "12.02.2020",
        "12. Februar 2020",
        "12 février 2020",
        "12 de febrero de 2020",
        "12 febbraio 2020",
        "12 de fevereiro de 2020",
        "12 februari 2020",
        "12 lutego 2020",
        "2020年2月12日",
        "2020년 2월 12일",
        "minute readFebruary 12, 2020",
        "Published on Feb 12, 2020 | 3 min read",
    ],
)
def test_a_day_is_read_in_the_usual_forms(text: str) -> None:
    assert parse_date(text) == (DAY, None)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2020-02-12T16:30:00Z", datetime(2020, 2, 12, 16, 30, tzinfo=UTC)),
        ("2020-02-12 16:30:00 +0100", datetime(2020, 2, 12, 16, 30, tzinfo=timezone(timedelta(hours=1)))),
        ("2020-02-12T16:30:00.123+05:30", datetime(2020, 2, 12, 16, 30, tzinfo=timezone(timedelta(hours=5.5)))),
        ("Wed, 12 Feb 2020 16:30:00 GMT", datetime(2020, 2, 12, 16, 30, tzinfo=UTC)),
        ("Wed 12 Feb 2020 16.30 GMT", datetime(2020, 2, 12, 16, 30, tzinfo=UTC)),
        ("February 12, 20202:26 PM GMT+2", datetime(2020, 2, 12, 14, 26, tzinfo=timezone(timedelta(hours=2)))),
        ("Feb. 12, 2020, 5:00 p.m. ET", datetime(2020, 2, 12, 17, 0, tzinfo=timezone(timedelta(hours=-5)))),
        ("July 4, 2020 12:05 AM ET", datetime(2020, 7, 4, 0, 5, tzinfo=timezone(timedelta(hours=-4)))),
        ("16:23 GMT, 12 February 2020", datetime(2020, 2, 12, 16, 23, tzinfo=UTC)),
        ("4:00 PM PST · February 12, 2020", datetime(2020, 2, 12, 16, 0, tzinfo=timezone(timedelta(hours=-8)))),
    ],
)
def test_a_moment_needs_a_time_and_a_zone_and_keeps_the_zone(text: str, moment: datetime) -> None:
    day, found = parse_date(text)
    assert found == moment
    assert found is not None
    assert found.utcoffset() == moment.utcoffset()
    assert day == found.date()


@pytest.mark.parametrize("text", ["12.02.2020, 16.23 Uhr", "12 February 2020 16:23", "Feb 12, 2020 at 4:30pm IST"])
def test_a_time_without_a_known_zone_is_no_moment(text: str) -> None:
    assert parse_date(text) == (DAY, None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5 hours ago",
        "yesterday",
        "Feb 30, 2020",
        "2020-13-01",
        "May 2020",
        "2020",
        "Page 12 of 2020",
        "12/2020",
        "99.99.2020",
    ],
)
def test_what_is_no_day_stays_unknown(text: str) -> None:
    assert parse_date(text) == (None, None)


def test_a_numeric_date_that_can_be_two_days_needs_the_order() -> None:
    assert parse_date("06/01/2026") == (None, None)
    assert parse_date("06/01/2026", day_first=True)[0] == date(2026, 1, 6)
    assert parse_date("06/01/2026", day_first=False)[0] == date(2026, 6, 1)
    assert parse_date("26/01/2026")[0] == date(2026, 1, 26)
    assert parse_date("01/26/2026")[0] == date(2026, 1, 26)
    assert parse_date("06/01/2026 - 13:55 GMT+1")[0] == date(2026, 1, 6)
    assert parse_date("06/01/2026 1:55 PM EST")[0] == date(2026, 6, 1)


def test_dates_are_found_where_they_stand() -> None:
    text = "Updated 13 Feb 2020 | Published: 16:23, 12 Feb 2020"
    found = list(find_dates(text))
    assert [one.day for one in found] == [date(2020, 2, 13), DAY]
    assert text[found[1].start : found[1].end] == "16:23, 12 Feb 2020"


@pytest.mark.parametrize(
    ("url", "day"),
    [
        ("https://example.com/2024/01/11/story", date(2024, 1, 11)),
        ("https://example.com/world/2024/jan/11/story", date(2024, 1, 11)),
        ("https://example.com/article/2024-01-11-story", date(2024, 1, 11)),
        ("https://example.com/world/story-2024-01-11/", date(2024, 1, 11)),
        ("https://example.com/news/story-20240111", date(2024, 1, 11)),
        ("https://example.com/2024/01/story", None),
        ("https://example.com/2024/13/45/story", None),
        ("https://example.com/story-16879335?date=2024-01-11", None),
        ("http://[broken", None),
    ],
)
def test_an_address_may_carry_the_day(url: str, day: date | None) -> None:
    assert date_in_url(url) == day


@given(st.text(max_size=300))
def test_any_text_is_survived(text: str) -> None:
    day, moment = parse_date(text)
    assert moment is None or (day is not None and moment.tzinfo is not None)
    assert list(find_dates(text)) == sorted(find_dates(text), key=lambda one: one.start)
    date_in_url(text)


@given(st.dates(min_value=date(1900, 1, 1), max_value=date(2099, 12, 31)))
def test_every_day_is_read_back(day: date) -> None:
    for form in ("%Y-%m-%d", "%B %d, %Y", "%d %B %Y", "%d. %b %Y", "%d.%m.%Y", "%Y/%m/%d"):
        assert parse_date(day.strftime(form))[0] == day

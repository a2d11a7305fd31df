"""The chart of a topic: counted right, drawn as a PNG, legible on dark and on light."""

from __future__ import annotations

import io
import sys
from datetime import date, timedelta

import pytest

from bot.corpus.catalog.articles import Dated
from bot.discord_bot.charts import DARK, LIGHT, Theme, coverage_chart
from bot.retrieval.periods import KEY_DATES_MOST, OTHERS, UNNAMED, counted


def written(day: date, source: str = "The Post", number: int = 0) -> Dated:
    return Dated(f"{day}-{source}-{number}", day, source, f"Title {number}", "https://post.example/a")


def test_weeks_begin_on_monday_and_none_is_missing() -> None:
    found = counted([written(date(2024, 3, 6)), written(date(2024, 3, 10), number=1), written(date(2024, 4, 1))])
    assert not found.is_monthly
    assert found.starts == tuple(date(2024, 3, 4) + timedelta(weeks=n) for n in range(5))
    assert found.by_source == {"The Post": (2, 0, 0, 0, 1)}
    assert (found.first, found.last) == (date(2024, 3, 6), date(2024, 4, 1))


def test_long_spans_are_counted_by_month() -> None:
    found = counted([written(date(2023, 11, 30)), written(date(2024, 12, 1))])
    assert found.is_monthly
    assert found.starts[0] == date(2023, 11, 1)
    assert len(found.starts) == 14
    assert found.by_source["The Post"] == (1, *[0] * 12, 1)


def test_small_sources_are_together_and_nameless_ones_have_a_name() -> None:
    articles = [written(date(2024, 3, 4), name, n) for name in "abcde" for n in range(2)]
    articles += [written(date(2024, 3, 4), name) for name in ("f", "g")]
    found = counted(sorted(articles, key=lambda each: each.day))
    assert list(found.by_source) == [*"abcde", OTHERS]
    assert found.by_source[OTHERS] == (2,)
    assert list(counted([written(date(2024, 3, 4), "")]).by_source) == [UNNAMED]


def test_key_dates_are_the_busiest_days_of_the_busiest_weeks_in_order() -> None:
    articles = [
        written(date(2024, 1, 1) + timedelta(weeks=week), number=n) for week in range(10) for n in range(1 + week % 4)
    ]
    articles += [written(date(2024, 1, 24), number=7), written(date(2024, 1, 24), number=8)]
    keys = counted(sorted(articles, key=lambda each: each.day)).key_dates
    assert len(keys) == KEY_DATES_MOST
    assert [key.day for key in keys] == sorted(key.day for key in keys)
    busiest = max(keys, key=lambda key: key.count)
    assert (busiest.day, busiest.count) == (date(2024, 1, 22), 6)
    assert busiest.article.day == busiest.day


@pytest.mark.parametrize("theme", [DARK, LIGHT])
@pytest.mark.parametrize("language", ["en", "de", "el"])
def test_a_chart_is_a_png_of_a_phones_size(theme: Theme, language: str) -> None:
    articles = [written(date(2024, 1, 1) + timedelta(days=4 * n), "_$Post$_", n) for n in range(60)]
    drawn = coverage_chart(counted(articles), "a $topic$ _of_ " + "many words " * 9, theme, language)
    assert drawn.startswith(b"\x89PNG")
    width, height = int.from_bytes(drawn[16:20]), int.from_bytes(drawn[20:24])
    assert 900 < width < 1500
    assert 500 < height < 1000
    assert len(drawn) < 300_000


def test_it_fills_its_own_ground_so_that_it_reads_in_both_themes() -> None:
    from matplotlib.image import imread

    for theme in (DARK, LIGHT):
        pixels = imread(io.BytesIO(coverage_chart(counted([written(date(2024, 3, 4))]), "topic", theme)))
        ground = tuple(int(theme.ground[n : n + 2], 16) for n in (1, 3, 5))
        assert tuple(round(float(each) * 255) for each in pixels[2, 2][:3]) == ground
        assert float(pixels[..., 3].min()) == 1.0, "nothing shines through"


@pytest.mark.parametrize("theme", [DARK, LIGHT])
def test_words_and_bars_stand_out_from_the_ground(theme: Theme) -> None:
    assert contrast(theme.ink, theme.ground) > 7
    assert all(contrast(bar, theme.ground) > 3 for bar in theme.bars)
    assert len(set(theme.bars)) == len(theme.bars)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of the Web Content Accessibility Guidelines."""

    def luminance(colour: str) -> float:
        parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_drawing_needs_no_global_state() -> None:
    coverage_chart(counted([written(date(2024, 3, 4))]), "topic")
    assert "matplotlib.pyplot" not in sys.modules

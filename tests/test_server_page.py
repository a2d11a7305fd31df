"""The page in a real headless Chromium: ask, narrow, read; by keyboard, on a phone, without scripts; its escaping."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Iterator
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote, urlencode

import httpx2
import pytest

from bot.asking import Asker
from bot.corpus.catalog.articles import Dated
from bot.retrieval.periods import counted
from bot.schema import Article
from bot.server.chart import BOTTOM, HEIGHT, TOP, WIDTH, chart_of
from bot.server.guard import CSP
from bot.server.http import http_app
from bot.server.page import FOLDER, TextRun, paragraphs, text_pieces, web_link
from bot.server.queries import CorpusQueries
from bot.settings import Settings
from bot.wiring import open_asker, open_corpus
from ingest.pipeline import ingest
from tests import servers
from tests.chromium import WAIT_SECONDS, Chromium, chromium_path, needs_chromium
from tests.servers import served

asker, address, client = servers.asker, servers.address, servers.client

ASKED = "How many NATO personnel are in Iraq?"
TOKEN = "a-token-of-some-length"
HOSTILE = Article(
    title='<script>alert("zirconia")</script> & \u202ezirconia "quoted"',
    text='<img src=x onerror="document.title=1"> The zirconia mine at Holt produced 4,100 tonnes in 2023. '
    "</blockquote><script>document.title = 'owned'</script>\n\n<b>Second</b> paragraph of the zirconia mine.",
    url="javascript:alert(1)//https://post.example/zirconia",
    source="Po<st & Co",
    published=date(2024, 5, 6),
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    path = chromium_path()
    assert path is not None
    opened = Chromium(path, tmp_path_factory.mktemp("chromium"))
    yield opened
    opened.close()


def sized(browser: Chromium, width: int) -> None:
    browser.call("Emulation.setDeviceMetricsOverride", width=width, height=760, deviceScaleFactor=1, mobile=width < 500)


def press(browser: Chromium, key: str, code: int, text: str = "") -> None:
    for kind in ("keyDown", "keyUp"):
        given = {"text": text} if text and kind == "keyDown" else {}
        browser.call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, **given)


def until(browser: Chromium, condition: str) -> None:
    """Wait until a condition of the page holds, however slow the machine."""
    last = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            if browser.evaluate(f"!!({condition})"):
                return
        except AssertionError:
            pass  # one page goes and the next has not come yet
        assert time.monotonic() < last, condition
        time.sleep(0.02)


# What is sent


def test_the_answer_needs_no_script(client: httpx2.Client, asker: Asker) -> None:
    page = client.get("/", params={"q": ASKED})
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["content-security-policy"] == CSP
    answer = asker(ASKED)
    for each in answer.citations:
        assert each.link is not None
        assert each.quote.replace("'", "&#39;") in page.text
        assert each.link.replace("&", "&amp;") in page.text
        assert f"/article/{each.article.id}?start={each.start}&amp;end={each.end}#quote" in page.text
    assert "24 May 2024" in page.text
    assert not re.search(r"(?i)<script(?! src=\"/page\.js\")|\son\w+=|\sstyle=|<style", page.text)


def test_days_and_outlets_narrow_and_stay_filled_in(client: httpx2.Client) -> None:
    page = client.get("/", params={"q": ASKED, "after": "", "before": "2020-12-31", "source": "Harbour Post"}).text
    assert "13 February 2020" in page
    assert "24 May 2024" not in page
    assert 'value="2020-12-31"' in page
    assert re.search(r'value="Harbour Post" checked', page)
    assert "<details open>" in page


def test_a_refusal_leads_to_what_is_near(client: httpx2.Client) -> None:
    page = client.get("/", params={"q": "Who won the 2031 world cup?"}).text
    assert "The corpus does not say" in page
    assert "Read the nearest article" in page


@pytest.mark.parametrize(
    ("place", "status", "said"),
    [
        ("/?" + urlencode({"q": "x" * 1001}), 400, "at most 1,000"),
        ("/?" + urlencode({"q": "x", "after": "soon"}), 400, "after is a day"),
        ("/?" + urlencode({"q": "x", "source": "<Nobody>"}), 400, "&lt;Nobody&gt;"),
        ("/topic?" + urlencode({"words": "x" * 101}), 400, "at most 100"),
        ("/article/nothing", 404, "No article here"),
    ],
)
def test_what_cannot_be_shown_is_told_on_the_page(place: str, status: int, said: str, client: httpx2.Client) -> None:
    page = client.get(place)
    assert page.status_code == status
    assert page.headers["content-type"].startswith("text/html")
    assert said in page.text
    assert 'role="alert"' in page.text


def test_a_topic_is_charted_with_its_articles(client: httpx2.Client) -> None:
    page = client.get("/topic", params={"words": "nato"}).text
    assert "<svg" in page
    assert "6 from 13 February 2020 to 24 May 2024" in page
    assert "Dutch general takes over NATO mission in Iraq" in page
    assert "No article here" in client.get("/topic", params={"words": "xyzzy"}).text
    narrowed = client.get("/topic", params={"words": "nato", "after": "2024-01-01"}).text
    assert "2 from 7 March 2024 to 24 May 2024" in narrowed


def test_outlets_are_listed_with_how_fresh_they_are(client: httpx2.Client) -> None:
    page = client.get("/sources").text
    assert re.search(r"Harbour Post</th><td class=\"number\">9</td>", page)
    assert "8 December 2024" in page


# Foreign text


class Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src", "action")]


@pytest.fixture(scope="module")
def hostile(sample_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Asker]]:
    folder = tmp_path_factory.mktemp("hostile") / "data"
    settings = sample_settings.model_copy(update={"data_dir": folder})
    corpus = open_corpus(settings, create=True)
    harmless = Article(title=HOSTILE.title, text=HOSTILE.text, source=HOSTILE.source, published=HOSTILE.published,
                       url="https://post.example/zirconia?a=1&b=<2>")  # fmt: skip
    with corpus.writing():
        list(ingest(corpus, [harmless]))
    corpus.close()
    asker = open_asker(settings)
    with served(http_app(CorpusQueries(asker, at_once=2, seconds=120)), Settings(server_per_minute=0)) as opened:
        yield opened, asker


def places(asker: Asker) -> list[str]:
    (article,) = asker.retriever.corpus.catalog.articles(
        [each.split(".")[0] for each in asker.retriever.corpus.catalog.passage_ids()]
    ).values()
    start = article.text.index("The zirconia")
    return [
        "/?" + urlencode({"q": "How many tonnes did the zirconia mine produce?"}),
        "/?" + urlencode({"q": "<script>alert(1)</script>"}),
        f"/article/{quote(article.id)}?start={start}&end={start + 60}",
        "/topic?" + urlencode({"words": "zirconia"}),
        "/sources",
        "/",
    ]


def test_articles_become_no_markup(hostile: tuple[str, Asker]) -> None:
    opened, asker = hostile
    found = 0
    for place in places(asker):
        page = httpx2.get(opened + place, trust_env=False, timeout=120).text
        seen = Links()
        seen.feed(page)
        assert seen.tags.count("script") == 1, place
        assert not {"img", "b", "iframe"} & set(seen.tags) or seen.tags.count("img") == 0, place
        assert all(each.startswith(("/", "#", "https://", "data:,")) for each in seen.addresses), place
        assert "\u202e" not in page
        found += "&lt;img src=x" in page or "&lt;script&gt;" in page
    assert found >= 3, "the foreign words are shown as words"


@pytest.mark.parametrize(
    ("url", "is_shown"),
    [("https://a.example/", True), ("HTTP://a.example/", True), ("javascript:alert(1)", False),
     ("data:text/html,x", False), ("//a.example/", False), ("", False), (None, False)],
)  # fmt: skip
def test_links_lead_to_the_web_alone(url: str | None, is_shown: bool) -> None:
    assert web_link(url) == (url if is_shown else None)


# Its parts


def test_the_short_answer_is_bold_where_it_stands_as_words_of_its_own() -> None:
    pieces = text_pieces("In 2015 the 5 of 5.2 came [1] and [7].", "5", frozenset({1}))
    assert "".join(piece.text for piece in pieces) == "In 2015 the 5 of 5.2 came [1] and [7]."
    assert [piece.text for piece in pieces if piece.bold] == ["5"]
    assert [piece.number for piece in pieces if piece.number] == [1]


@pytest.mark.parametrize(("start", "end"), [(0, 5), (4, 20), (12, 16), (0, 27), (26, 27), (0, 0), (9, 4), (0, 99)])
def test_a_mark_reaches_over_paragraphs_and_no_letter_is_lost(start: int, end: int) -> None:
    article = Article(title="", text="One two.\n\nThree four.\n\n5678")
    runs = [piece for paragraph in paragraphs(article, start, end) for piece in paragraph]
    assert "".join(piece.text for piece in runs) == article.text.replace("\n\n", "")
    is_part = 0 <= start < end <= len(article.text)
    marked = article.text[start:end].replace("\n", "") if is_part else ""
    assert "".join(piece.text for piece in runs if piece.marked) == marked
    assert all(isinstance(piece, TextRun) and piece.text for piece in runs)


@pytest.mark.parametrize("count", [1, 2, 7, 10, 99, 100, 101, 12_345])
def test_bars_stand_within_the_chart_and_stack_up_to_their_counts(count: int) -> None:
    articles = [Dated(str(n), date(2024, 1, 1 + n % 28), f"outlet {n % 3}", "t", None) for n in range(count)]
    chart = chart_of(counted(articles))
    highest = int(chart.lines[-1].text.replace(",", ""))
    assert count / 5 <= highest <= max(2 * count, 2)
    for bar in chart.bars:
        assert bar.x >= 0
        assert bar.x + bar.width <= WIDTH
        assert bar.y >= TOP - 0.01
        assert bar.y + bar.height <= BOTTOM + 0.01
    scale = (BOTTOM - TOP) / highest
    assert sum(bar.height for bar in chart.bars) / scale == pytest.approx(count)
    assert all(0 <= label.x <= WIDTH and label.y <= HEIGHT for label in (*chart.ticks, *chart.marks))
    assert all(int(line.text.replace(",", "")) == round((BOTTOM - line.y) / scale) for line in chart.lines)


def test_the_page_is_small() -> None:
    assert sum(len(path.read_bytes()) for path in FOLDER.iterdir()) < 40_000


# In a browser


@needs_chromium
@pytest.mark.parametrize("width", [360, 1200])
@pytest.mark.parametrize(
    "place", ["/", "/?" + urlencode({"q": ASKED, "before": "2030-01-01"}), "/topic?words=nato", "/sources", "/docs"]
)
def test_nothing_is_wider_than_the_screen_and_nothing_breaks_the_policy(
    place: str, width: int, address: str, browser: Chromium
) -> None:
    sized(browser, width)
    browser.call("Log.enable")
    browser.call("Runtime.enable")
    browser.open(address + place)
    assert browser.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert browser.evaluate("getComputedStyle(document.body).margin") == "0px", "the style sheet is there"
    told = [event["params"] for event in browser.events() if event.get("method") == "Log.entryAdded"]
    assert not [each for each in told if each["entry"]["level"] == "error"], told


@needs_chromium
def test_asking_by_keyboard(address: str, browser: Chromium, asker: Asker) -> None:
    sized(browser, 1200)
    browser.open(address + "/sources")
    browser.open(address + "/topic?words=nato")
    browser.open(address + "/")
    assert browser.evaluate("document.activeElement.id") == "q"
    browser.evaluate("document.activeElement.blur(); window.stayed = true")
    press(browser, "/", 191, "/")
    assert browser.evaluate("document.activeElement.id") == "q"
    assert browser.evaluate("document.activeElement.value") == "", "the key itself is not written"
    browser.call("Input.insertText", text=ASKED)
    press(browser, "Enter", 13, "\r")
    until(browser, "document.querySelector('.source')")
    assert browser.evaluate("window.stayed"), "the page was not loaded anew"
    assert asker(ASKED).citations[0].quote in browser.evaluate("document.querySelector('blockquote').textContent")
    assert "q=How+many" in browser.evaluate("location.search")
    until(browser, "document.activeElement.id === 'answer'")
    press(browser, "Tab", 9)
    assert browser.evaluate("document.activeElement.closest('.source') !== null"), "on to the first source"
    browser.evaluate("history.back()")
    until(browser, "document.readyState === 'complete' && !document.querySelector('.source') && !location.search")


@needs_chromium
def test_without_scripts_the_form_is_sent_and_the_answer_is_a_page(
    address: str, browser: Chromium, asker: Asker
) -> None:
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        # Not `open`, which waits for a frame by a script.
        assert browser.go(address + "/") is None
        until(browser, "document.readyState === 'complete' && document.activeElement.id === 'q'")
        browser.call("Input.insertText", text=ASKED)
        press(browser, "Enter", 13, "\r")
        until(browser, "location.search.includes('q=How+many') && document.querySelector('.source')")
        assert asker(ASKED).citations[0].quote in browser.evaluate("document.querySelector('blockquote').textContent")
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)


@needs_chromium
def test_an_article_opens_at_its_quote(address: str, browser: Chromium, asker: Asker) -> None:
    cited = asker(ASKED).citations[-1]
    sized(browser, 360)
    browser.open(f"{address}/article/{cited.article.id}?start={cited.start}&end={cited.end}#quote")
    assert browser.evaluate("document.getElementById('quote').textContent") == cited.quote
    top, bottom = (browser.evaluate(f"document.getElementById('quote').getBoundingClientRect().{edge}")
                   for edge in ("top", "bottom"))  # fmt: skip
    assert 0 <= top < bottom <= 760
    assert browser.evaluate("getComputedStyle(document.getElementById('quote')).backgroundColor") != "rgba(0, 0, 0, 0)"


@needs_chromium
def test_foreign_markup_does_nothing_in_a_browser(hostile: tuple[str, Asker], browser: Chromium) -> None:
    opened, asker = hostile
    for place in places(asker):
        browser.open(opened + place)
        assert browser.evaluate("document.title").endswith("newsbot"), place
        assert browser.evaluate("document.images.length") == 0


@needs_chromium
def test_a_browser_shows_the_token_as_a_password(asker: Asker, browser: Chromium) -> None:
    app = http_app(CorpusQueries(asker, at_once=2, seconds=120))
    with served(app, Settings(server_per_minute=0, server_token=TOKEN)) as address:
        # It would ask for the password; without a window to ask in, it gives up.
        assert browser.go(address + "/sources") == "net::ERR_INVALID_AUTH_CREDENTIALS"
        browser.open(address.replace("://", f"://anyone:{TOKEN}@") + "/sources")
        assert "Harbour Post" in browser.evaluate("document.body.textContent")
        browser.open(address + "/topic")
        assert browser.evaluate("getComputedStyle(document.body).margin") == "0px", "the style sheet came with it"
        browser.evaluate("document.activeElement.value = 'nato'")
        press(browser, "Enter", 13, "\r")
        until(browser, "document.querySelector('figure svg')")


def test_the_screenshot_in_the_docs_is_a_picture_and_not_too_large() -> None:
    picture = (Path(__file__).parents[1] / "docs" / "images" / "page.png").read_bytes()
    assert picture.startswith(base64.b64decode("iVBORw0KGgo="))
    assert len(picture) < 200_000

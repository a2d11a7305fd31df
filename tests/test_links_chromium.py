"""A citation's link opens the page at the quoted sentence in a real browser: it is in view and marked, nothing else is.

Each page is served on loopback. It colours what the browser marks, so that the marked pixels can be laid over the
rectangles where the quote stands.
"""

from __future__ import annotations

import html
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest

from bot.answering.links import WHOLE_QUOTE_CHARS, text_fragment_link
from tests.chromium import MARKS, Chromium, chromium_path

pytestmark = [*MARKS]

FRAMES_MOST = 10
MARK = (0, 200, 0)
STYLE = (
    "body{font:18px sans-serif;width:640px;margin:20px;background:#fff;color:#fff} a{color:#fff}"
    f"::target-text{{background:rgb{MARK};color:transparent}}"
)
"""White on white but for the mark, so that no letter covers it."""
MENU = "<nav><a href='/'>Home</a> <a href='/world'>World</a> <a href='/sport'>Sport</a></nav>"
FILLER = [
    f"In hall number {n} the guide spoke for {n + 3} minutes of the {n}th exhibit and of who had given it."
    for n in range(11, 51)
]
ONLY_ON_PAGE = "<!-- -->"
"""Begins a paragraph that a reader of pages leaves out."""
TAG = re.compile(r"<[^>]+>")
HIDDEN = re.compile(r"<(span style='display:none'|script)>.*?</\w+>")


@dataclass(frozen=True)
class Case:
    """A page's paragraphs as HTML, and the quote (as the article has it) whose link is opened."""

    name: str
    paragraphs: list[str]
    quote: str
    occurrence: int = 0


LONG = " ".join(f"On day {n} the crew sailed {n * 7} miles and saw {n + 2} other ships." for n in range(1, 9))
CHINESE = "北约周三决定扩大在伊拉克的训练任务，国防部长们在布鲁塞尔会晤时一致同意。"
CHINESE_LONG = "".join(f"第{n}天船员航行了{n * 7}海里，看见了{n + 2}艘船，晚上停在第{n}号港口。" for n in range(1, 16))
RUSSIAN_LONG = " ".join(f"На {n}-й день команда прошла {n * 7} миль и увидела {n + 2} судов." for n in range(1, 5))

CASES = [
    Case("plain", ["The tower fell at dawn. Nobody was hurt."], "The tower fell at dawn."),
    Case("commas", ["Ann, Bob, and Cy, all of Leeds, came. They left."], "Ann, Bob, and Cy, all of Leeds, came."),
    Case("dashes", ["The well-known so-called half-truth - a lie – or not—won. End."],
         "The well-known so-called half-truth - a lie – or not—won."),
    Case("percent signs", ["Prices rose 4.5% in May, 100%25 more than planned. So it was."],
         "Prices rose 4.5% in May, 100%25 more than planned."),
    Case("typographic quotes", ["He said: “It’s ‘over’ now,” and left… Then he came back."],
         "“It’s ‘over’ now,” and left…"),
    Case("straight quotes", ['He said: "It\'s over," and left. Then he came back.'], '"It\'s over," and left.'),
    Case("ampersand", ["Marks &amp; Spencer &amp; Co=1 #top ?x=1&amp;y=2 fell. Others rose."],
         "Marks & Spencer & Co=1 #top ?x=1&y=2 fell."),
    Case("brackets and slashes", ["The (old) [big] and/or c:\\new &lt;b&gt; +5 ~ *sign* was read. Fine."],
         "The (old) [big] and/or c:\\new <b> +5 ~ *sign* was read."),
    Case("lines wrapped in the source", ["The bridge was\n   closed for\nthe night. It opened again."],
         "The bridge was closed for the night."),
    Case("a line break on the page", ["Roses are here<br>and violets there. Nothing else."],
         "Roses are here\nand violets there."),
    Case("no-break spaces", ["It cost 840&nbsp;million euros in&nbsp;all. Much."], "It cost 840 million euros in all."),
    Case("inline tags", ["The <a href='/x'>prime minister</a> of <em>Nor<b>vale</b></em> <span>resigned</span>. Why?"],
         "The prime minister of Norvale resigned."),
    Case("begins and ends inside tags", ["So <em>it was. The end <a href='/e'>came soon. Then</a> rain.</em>"],
         "The end came soon."),
    # Not a script: Chromium 150 takes one amid a sentence for the end of a block and finds no text across it.
    Case("what is hidden in it", ["The end <span style='display:none'>now!</span> came<!-- no --> soon. Then."],
         "The end came soon."),
    Case("two paragraphs", ["Not this. The mission grows.", "It has 500 people. Not that."],
         "The mission grows.\n\nIt has 500 people."),
    Case("three paragraphs", ["Not this. The mission grows.", "In between.", "It has 500 people. Not that."],
         "The mission grows.\n\nIn between.\n\nIt has 500 people."),
    Case("a long quote", [f"Before it. {LONG} After it."], LONG),
    Case("a long quote whose first words recur", [f"On day 1 the crew slept. {LONG} After it."], LONG),
    Case("words that recur, first", ["It was late. Al slept.", "It was late. Bo sang."], "It was late."),
    Case("words that recur, last", ["Al slept. It was late.", "Bo sang. It was late."], "It was late.", 1),
    Case("words that recur, context in the paragraph before", ["It was late.", "Bo sang.", "It was late."],
         "It was late.", 1),
    Case("words that recur, context in the paragraph after", ["It was late.", "It was late.", "Bo sang."],
         "It was late.", 1),
    Case("words that recur many times over", [f"It was late. Then {n} came." for n in "abcdefgh"], "It was late.", 4),
    Case("words that recur after tags", ["<b>Al</b> slept. It was late.", "<b>Bo</b> <i>sang</i>. It was late."],
         "It was late.", 1),
    Case("words that recur after a dash", ["Al - the cook - slept. Late.", "Bo – the well-off guest – sang. Late."],
         "Late.", 1),
    Case("words inside other words", ["The cartoon art is here. Really, art is here."], "art is here.", 1),
    Case("a caption between its paragraphs", ["Al slept. The mission grows.", f"{ONLY_ON_PAGE}<b>Ad</b>",
         "It has 500 people. Bo sang."], "The mission grows.\n\nIt has 500 people."),
    Case("a caption before its paragraph, which recurs", ["It was late. Al slept.", f"{ONLY_ON_PAGE}<b>A boat</b>",
         "It was late. Bo sang."], "It was late.", 1),
    Case("a caption after its paragraph, which recurs", ["Al slept. It was late.", "Bo sang. It was late.",
         f"{ONLY_ON_PAGE}<b>A boat</b>"], "It was late.", 1),
    Case("no blank after the full stop", ["Al slept.It was late.Bo sang."], "It was late."),
    Case("letters of another case", ["THE TOWER FELL. Once more: The tower fell. End."], "The tower fell."),
    Case("accents", ["Zoë Müller fährt über Łódź nach São Paulo. Punkt."],
         "Zoë Müller fährt über Łódź nach São Paulo."),
    Case("letters that change length in lower case", ["İstanbul’da İzmir sözü geçti. Bitti."],
         "İstanbul’da İzmir sözü geçti."),
    Case("Russian", ["НАТО расширит миссию в Ираке. Так решили министры."], "НАТО расширит миссию в Ираке."),
    Case("a long quote in Russian", [f"Вчера шёл дождь. {RUSSIAN_LONG} Сегодня ясно."], RUSSIAN_LONG),
    Case("Greek", ["Ο πρωθυπουργός παραιτήθηκε. Τέλος."], "Ο πρωθυπουργός παραιτήθηκε."),
    Case("Arabic", ["قال الوزير إن البعثة ستتوسع. ثم غادر."], "قال الوزير إن البعثة ستتوسع."),
    Case("Hebrew", ["השר אמר שהמשימה תתרחב. אחר כך הלך."], "השר אמר שהמשימה תתרחב."),
    Case("Hindi", ["मंत्री ने कहा कि मिशन बढ़ेगा। फिर वे चले गए।"], "मंत्री ने कहा कि मिशन बढ़ेगा।"),
    Case("Chinese", ["昨天下雨。" + CHINESE + "今天晴天。"], CHINESE),
    Case("a long quote in Chinese", ["昨天下雨。" + CHINESE_LONG + "今天晴天。"], CHINESE_LONG),
    Case("Chinese that recurs", ["甲睡了。天晚了。", "乙唱歌。天晚了。"], "天晚了。", 1),
    Case("Japanese", ["首相は辞任した。理由は明らかにされていない。"], "首相は辞任した。"),
    Case("Thai", ["นายกรัฐมนตรีลาออกแล้ว เขาไม่ได้บอกเหตุผล"], "นายกรัฐมนตรีลาออกแล้ว"),
    Case("emoji", ["The 🚀 launch 👩‍🚀 went well 🎉. Next."], "The 🚀 launch 👩‍🚀 went well 🎉."),
    Case("a soft hyphen", ["Die Bundes&shy;regierung tagt heute. Morgen nicht."],
         "Die Bundes\u00adregierung tagt heute."),
    Case("a list", ["<li>First: the boats</li>", "<li>Second: the nets, all 12</li>"], "Second: the nets, all 12"),
    Case("a heading before", ["<h2>What next?</h2>", "The vote is on Monday. It may fail."], "The vote is on Monday."),
]  # fmt: skip


def page_of(case: Case) -> str:
    blocks = [f"<p>{text}</p>" for text in FILLER]
    for paragraph in case.paragraphs:
        tag = re.match(r"<(li|h2)>", paragraph)
        if paragraph.startswith(ONLY_ON_PAGE):
            blocks.append(f"<figure>{paragraph}</figure>")
        elif tag:
            blocks.append(paragraph.replace(tag[0], f"<{tag[1]} class=case>"))
        else:
            blocks.append(f"<p class=case>{paragraph}</p>")
    blocks += [f"<p>{text}</p>" for text in reversed(FILLER)]
    head = f"<!doctype html><html lang=en><head><meta charset=utf-8><style>{STYLE}</style><title>News</title></head>"
    return f"{head}<body>{MENU}<h1>Museum opens</h1><article>{''.join(blocks)}</article></body></html>"


def text_of(paragraph: str) -> str:
    """A paragraph as a reader of pages stores it."""
    paragraph = HIDDEN.sub("", paragraph)
    lines = [" ".join(html.unescape(TAG.sub("", line)).split()) for line in paragraph.split("<br>")]
    return "\n".join(lines)


def article_of(case: Case) -> tuple[str, int, int]:
    """The article's text, and where in it the quote begins and ends."""
    stored = [text_of(paragraph) for paragraph in case.paragraphs if not paragraph.startswith(ONLY_ON_PAGE)]
    text = "\n\n".join([*FILLER, *stored, *reversed(FILLER)])
    starts = [found.start() for found in re.finditer(re.escape(case.quote), text)]
    start = starts[case.occurrence]
    return text, start, start + len(case.quote)


RECTANGLES = """
(() => {
  // Where the quote stands: letters that are no white space are counted over the paragraphs of the case.
  const [first, last] = %s;
  const boxes = [];
  let seen = 0;
  for (const block of document.querySelectorAll('.case')) {
    const walker = document.createTreeWalker(block, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const node = walker.currentNode;
      if (!node.parentElement.checkVisibility()) continue;
      const range = document.createRange();
      let inside = false;
      for (let at = 0; at < node.data.length; at++) {
        if (/\\s/.test(node.data[at])) continue;
        if (seen >= first && seen <= last) {
          if (!inside) range.setStart(node, at);
          range.setEnd(node, at + 1);
          inside = true;
        }
        seen++;
      }
      if (inside) boxes.push(...Array.from(range.getClientRects(), box => [box.left, box.top, box.right, box.bottom]));
    }
  }
  return boxes;
})()
"""


def rectangles(browser: Chromium, case: Case) -> list[list[float]]:
    text, start, end = article_of(case)
    begin = len("\n\n".join(FILLER))

    def letters(run: str) -> int:
        """As JavaScript counts: UTF-16 units that are no white space."""
        return len("".join(run.split()).encode("utf-16-le")) // 2

    first = letters(text[begin:start])
    found: list[list[float]] = browser.evaluate(RECTANGLES % json.dumps([first, first + letters(text[start:end]) - 1]))
    return found


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    pages = {f"/{number}": page_of(case).encode() for number, case in enumerate(CASES)}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = pages.get(self.path.partition("?")[0])
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    path = chromium_path()
    assert path is not None
    opened = Chromium(path, tmp_path_factory.mktemp("chromium"))
    yield opened
    opened.close()


def marked(browser: Chromium) -> Any:
    """Which pixels are marked. A slow machine may need some frames more until they are."""
    for _ in range(FRAMES_MOST):
        found = (browser.pixels() == MARK).all(axis=2)
        if found.any():
            break
        browser.evaluate("new Promise(requestAnimationFrame)")
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_link_opens_the_page_at_the_quote(case: Case, site: str, browser: Chromium) -> None:
    link = text_fragment_link(f"{site}/{CASES.index(case)}", *article_of(case))
    browser.open(link)
    found = marked(browser)
    boxes = rectangles(browser, case)
    height = len(found)
    expected = np.zeros_like(found)
    for left, top, right, bottom in boxes:
        expected[max(0, round(top)) : round(bottom), max(0, round(left)) : round(right)] = True
    assert browser.evaluate("window.scrollY") > height, f"not scrolled: {link}"
    assert boxes and all(top >= 0 and bottom <= height for _, top, _, bottom in boxes), f"not in view: {link}"
    assert found.any(), f"nothing is marked: {link}"
    overlap = (found & expected).sum() / (found | expected).sum()
    assert overlap > 0.85, f"another run is marked, {overlap:.2f} of the quote: {link}"


def test_the_test_can_fail(site: str, browser: Chromium) -> None:
    """Words that are not on the page: nothing is marked, and the page stays at its top."""
    browser.open(f"{site}/0#:~:text=The%20tower%20stood")
    assert not marked(browser).any()
    assert browser.evaluate("window.scrollY") == 0


def test_long_quotes_are_long_enough_to_be_given_by_their_edges() -> None:
    assert min(len(LONG), len(CHINESE_LONG)) > WHOLE_QUOTE_CHARS


def test_a_fragment_of_the_publishers_own_stays(site: str, browser: Chromium) -> None:
    number = next(number for number, case in enumerate(CASES) if case.name == "plain")
    link = text_fragment_link(f"{site}/{number}?utm=1#comments", *article_of(CASES[number]))
    browser.open(link)
    assert marked(browser).any()
    assert browser.evaluate("location.hash") == "#comments"

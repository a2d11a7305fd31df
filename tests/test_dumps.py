"""Saved pages as text dumps, in the forms that browsers and converters write them."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import ReadError
from ingest.read.dumps.page import read_page_text

SEED = Path(__file__).resolve().parents[2] / "shared" / "seed" / "dw-nato-iraq-2020-02-12.txt"

BODY = [
    "The only ferry to three northern islands has been suspended until at least Friday after a storm tore a hole in "
    "the pier, the operator said.",
    "About 900 people live on the islands, which depend on the boat for food, post and hospital visits.",
    "A smaller vessel is to be chartered for urgent trips, but it cannot carry cars or more than 30 passengers.",
    "Shop owner Mary Roe said people had stocked up ahead of the weekend. “Last year it did not come for nine days.”",
    "The harbour authority has asked for £2m to rebuild the structure in steel within the next three years.",
]
TITLE = "Ferry service to northern islands suspended after storm damage"
LEAD = "Hundreds of islanders must wait until Friday for food and post, the operator says"


def plain_dump(head: str, body: list[str], tail: str = "") -> str:
    """What a browser's "select all, copy" gives: no blank lines, no marks."""
    menu = "Skip to content\nHome\nNews\nSport\nWeather\nWorld\nBusiness\nPolitics\nMore\n"
    return f"{menu}{head}\n" + "\n".join(body) + f"\n{tail}"


def test_the_seed_page_is_read_whole_and_alone() -> None:
    if not SEED.exists():
        pytest.skip(f"{SEED} is not here")
    article = read_page_text(SEED.read_text(encoding="utf-8"), origin="seed")
    assert article.title == "NATO Iraq mission could grow under new plan"
    assert article.published == date(2020, 2, 12)
    assert article.published_at is None
    assert article.source == "DW"
    assert article.url == "https://p.dw.com/p/3XeL4"
    assert article.section == "Politics"
    assert article.credits == ("dpa", "AP", "AFP")
    assert article.language == "en"
    assert article.origin == "seed"
    paragraphs = article.text.split("\n\n")
    assert paragraphs[0].startswith("A NATO-led training mission ")
    assert "US welcomes the proposal" in paragraphs
    assert "What else is on the agenda?" in paragraphs
    assert paragraphs[-1].endswith("similar issues will be discussed.")
    for foreign in ("Skip to", "Image:", "NATO training for police", "Read more", "Sign up", "p.dw.com", "kmm/rc"):
        assert foreign not in article.text
    assert article.title not in article.text


def test_a_browsers_dump() -> None:
    head = (
        f"{TITLE}\nPublished\n12 February 2020\nComments\n34\nShare\nShare page\nCopy link\nBy Jane Doe\nExample News"
    )
    tail = "More on this story\nStorm leaves thousands without power\n11 February 2020\nRelated Topics\nFerries\nStorms"
    article = read_page_text(plain_dump(head, BODY, tail))
    assert article.title == TITLE
    assert article.published == date(2020, 2, 12)
    assert article.authors == ("Jane Doe",)
    assert article.section is None  # the last entry of the menu is none
    assert article.text == "\n\n".join(BODY)


def test_captions_and_credits_without_blank_lines() -> None:
    head = f"{TITLE}\n12 February 2020\nThe damaged pier on Tuesday morning\nIMAGE SOURCE,PA MEDIA\nImage caption,"
    body = [*BODY[:2], "Waves break over the pier", "Photo: John Roe/AFP via Getty Images", *BODY[2:]]
    assert read_page_text(plain_dump(head, body)).text == "\n\n".join(BODY)


def test_a_paragraph_above_a_credit_stays_where_the_dump_has_no_blank_lines() -> None:
    body = [*BODY[:2], "Image: John Roe/AFP", *BODY[2:]]
    assert read_page_text(plain_dump(TITLE, body)).text == "\n\n".join(BODY)


def test_a_markdown_dump_with_headings_lists_and_boxes() -> None:
    text = f"""
  * [Home](https://example.org/)
  * [News](https://example.org/news)
    * [World](https://example.org/world)

# {TITLE}

{LEAD}

By Jane Doe and John Roe | Published Feb. 12, 2020, 5:00 p.m. ET | Updated Feb. 14, 2020

![The pier](https://example.org/pier.jpg)

*The pier on Tuesday. (AP Photo/John Roe)*

{BODY[0]}

{BODY[1]}

## 'We are used to it'

{BODY[2]}

Sign up to the Morning Letter

Email

By signing up you agree to our terms.

**Read more:** [Islands ask for second ferry](https://example.org/2)

{BODY[3]}

{BODY[4]}

## More from the islands

  * [A baker who feeds a whole street](https://example.org/3)

### Why the post is late again

It is not the weather alone.

## Comments

Nonsense, the boat never came on Fridays anyway, not once in all the forty years that I have lived here.

It did come on Fridays when my grandmother was young, and it brought the newspapers and the doctor as well.
"""
    article = read_page_text(text)
    assert article.title == TITLE
    assert article.authors == ("Jane Doe", "John Roe")
    assert article.published == date(2020, 2, 12)
    assert article.published_at is not None
    assert article.published_at.utcoffset() == timedelta(hours=-5)
    assert article.text == "\n\n".join([LEAD, *BODY[:2], "'We are used to it'", *BODY[2:]])


def test_an_indented_dump_tells_asides_by_their_depth() -> None:
    menu = "        * News\n            + UK\n            + World\n        * Sport\n            + Cricket\n"
    lines = [f"          {line}\n" for line in BODY]
    aside = "                Another story altogether that people are reading at this very moment on our site.\n\n"
    text = (
        f"{menu}\n      {TITLE}\n\n          Jane Doe\n            Published February 12, 2020 9:26pm Updated "
        f"February 19, 2020 4:23pm\n            Share this with\n      Comments\n\n{lines[0]}\n{lines[1]}\n"
        f"          What the islanders say\n\n{lines[2]}\n{aside}{lines[3]}\n{lines[4]}\n"
        "            Most Read\n              1. A cat called Harbour\n              2. A dog called Ferry\n"
    )
    article = read_page_text(text)
    assert article.title == TITLE
    assert article.published == date(2020, 2, 12)
    assert article.authors == ("Jane Doe",)
    assert article.text == "\n\n".join([*BODY[:2], "What the islanders say", *BODY[2:]])


def test_paragraphs_broken_at_a_fixed_width_are_joined() -> None:
    import textwrap

    text = f"{TITLE}\n\nFebruary 12, 2020\n\n" + "\n\n".join(textwrap.fill(line, 72) for line in BODY)
    assert read_page_text(text).text == "\n\n".join(BODY)


@pytest.mark.parametrize(
    "matter",
    [
        '---\ntitle: "{title}"\nurl: https://example.org/ferry\ndate: 2020-02-12\nauthor: Jane Doe\nsource: Example\n'
        "tags:\n  - sea\n---\n",
        "Title: {title}\nURL Source: https://example.org/ferry\nPublished Time: 2020-02-12\nAuthor: Jane Doe\n"
        "Source: Example\n\nMarkdown Content:\n",
    ],
)
def test_fields_on_top_are_read(matter: str) -> None:
    article = read_page_text(matter.format(title=TITLE) + "\n" + "\n\n".join(BODY))
    assert article.title == TITLE
    assert article.url == "https://example.org/ferry"
    assert article.published == date(2020, 2, 12)
    assert article.authors == ("Jane Doe",)
    assert article.source == "Example"
    assert article.text == "\n\n".join(BODY)


def test_what_is_given_wins() -> None:
    article = read_page_text(plain_dump(TITLE, BODY), url="https://www.dw.com/a-1", source="The Harbour Courier")
    assert (article.url, article.source) == ("https://www.dw.com/a-1", "The Harbour Courier")
    assert read_page_text(plain_dump(TITLE, BODY), url="https://www.dw.com/a-1").source == "DW"


@pytest.mark.parametrize(
    ("printed", "day"),
    [
        ("Wed 12 Feb 2020 16.30 GMT\nLast modified on Thu 13 Feb 2020 09.12 GMT", date(2020, 2, 12)),
        ("Updated: 13 February 2020 | Published: 12 February 2020", date(2020, 2, 12)),
        ("PUBLISHED: 16:23 GMT, 12 February 2020 | UPDATED: 17:00 GMT, 13 February 2020", date(2020, 2, 12)),
        ("Published Wed, Feb 12 20205:00 AM EST\nUpdated Thu, Feb 13 20209:18 AM EST", date(2020, 2, 12)),
        ("Publicado: 12/02/2020 - 17:30 h CET", date(2020, 2, 12)),
        ("Updated 10:11 AM EST, Wed February 12, 2020", None),
        ("Last updated: 12 February 2020", None),
        ("Stand: 12.02.2020 16:23 Uhr", None),
        ("Published 5 hours ago", None),
        ("06/01/2026", None),
    ],
)
def test_the_date_is_that_of_publication_or_unknown(printed: str, day: date | None) -> None:
    assert read_page_text(plain_dump(f"{TITLE}\n{printed}", BODY)).published == day


def test_an_outlet_that_no_table_has_is_named_as_the_page_names_it() -> None:
    text = plain_dump(TITLE, BODY, "More from Harbour Post\nContact")
    assert read_page_text(text, url="https://www.harbourpost.example/a").source == "Harbour Post"
    assert read_page_text(plain_dump(TITLE, BODY), url="https://harbourpost.example/a").source == "harbourpost.example"


def test_a_newspaper_that_signs_below_the_title_is_the_source() -> None:
    head = f"{TITLE}\nBy Ola Brandt\nThe Kelmouth Gazette\nPublished 14 March 2025"
    assert read_page_text(plain_dump(head, BODY)).source == "The Kelmouth Gazette"
    assert read_page_text(plain_dump(f"{TITLE}\nWorld News", BODY)).source is None


def test_an_address_a_caption_and_a_credit_under_each_other_are_three_lines() -> None:
    url = "https://harbourpost.example/2020/02/12/ferry-service-suspended"
    picture = f"{url}\nThe northern pier was damaged in the storm on Tuesday night\nImage: Nadia Roe/Harbour Post"
    text = "\n\n".join([TITLE, BODY[0], picture, *BODY[1:], "nr/lm (Tessera, AP)"])
    article = read_page_text(text)
    assert (article.url, article.published) == (url, date(2020, 2, 12))
    assert article.credits == ("Tessera", "AP")
    assert article.text == "\n\n".join(BODY)


def test_other_dates_on_the_page_are_not_taken() -> None:
    text = "Today's Paper\nTuesday, 3 March 2026\n" + plain_dump(
        TITLE, [*BODY, "It was built on 3 May 1911, said a plaque."]
    )
    text += "\nTop Stories\nMinister resigns\n4 March 2026\n© 2026 Example"
    assert read_page_text(text).published is None


def test_an_address_with_a_day_overrules_a_bare_date_but_not_a_labelled_one() -> None:
    url = "https://example.org/2020/02/12/ferry"
    assert read_page_text(plain_dump(f"{TITLE}\n14 February 2020", BODY), url=url).published == date(2020, 2, 12)
    assert read_page_text(plain_dump(TITLE, BODY), url=url).published == date(2020, 2, 12)
    labelled = plain_dump(f"{TITLE}\nPublished 14 February 2020", BODY)
    assert read_page_text(labelled, url=url).published == date(2020, 2, 14)


def test_german_and_french_pages() -> None:
    german = """Zum Inhalt springen
Anmelden
Menü
Startseite
Reederei zieht ihre Schiffe ab
Der größte Kunde des Hafens hat genug von den Streiks: Vom März an sollen seine Frachter andere Häfen anlaufen.
Von Erika Mustermann
Veröffentlicht am 12. Februar 2020
Zur Merkliste hinzufügen
Containerschiff im Hafen von Musterstadt
Foto: Max Muster / dpa
Die Reederei Nordwind verlegt ihre Linien nach Asien vom 1. März an nach Rotterdam und Antwerpen, wie sie mitteilte.
»Wir haben lange gewartet und sehr viel Geduld gehabt«, sagte der Vorstandschef am Mittwoch vor Journalisten.
Gewerkschaft weist Vorwürfe zurück
Die Gewerkschaft nannte die Entscheidung »Erpressung«. Sie fordert elf Prozent mehr Lohn, die Arbeitgeber bieten vier.
mmu/Reuters/dpa
Mehr zum Thema
Tarifkonflikt: Warum die Docker streiken
Impressum
Datenschutz"""
    article = read_page_text(german)
    assert article.title == "Reederei zieht ihre Schiffe ab"
    assert (article.published, article.language) == (date(2020, 2, 12), "de")
    assert article.authors == ("Erika Mustermann",)
    assert article.credits == ("Reuters", "dpa")
    paragraphs = article.text.split("\n\n")
    assert paragraphs[0].startswith("Der größte Kunde")
    assert paragraphs[3] == "Gewerkschaft weist Vorwürfe zurück"
    assert len(paragraphs) == 5

    french = """Aller au contenu
Se connecter
Actualités
Le dernier haut-fourneau du pays va fermer en septembre
Par Jeanne Dupont
Publié le 12 février 2020 à 10h30, modifié le 13 février 2020 à 14h10
Temps de Lecture 2 min.
Partager
La décision était attendue, mais elle a été reçue comme un choc dans cette vallée où l’on coule de l’acier depuis 1902.
La direction a annoncé mercredi qu’elle éteindrait le dernier de ses deux hauts-fourneaux au mois de septembre.
Lire aussi : La sidérurgie européenne cherche un second souffle
« On nous avait promis une transition, pas un enterrement », a déclaré un délégué syndical devant les grilles."""
    article = read_page_text(french)
    assert article.title == "Le dernier haut-fourneau du pays va fermer en septembre"
    assert (article.published, article.language) == (date(2020, 2, 12), "fr")
    assert article.authors == ("Jeanne Dupont",)
    assert len(article.text.split("\n\n")) == 3
    assert "Lire aussi" not in article.text


def test_the_text_is_clean_and_quotes_are_verbatim() -> None:
    dirty = (
        "The min\u00adister said \u202e“no\u00a0comment”\u202c on\u200b Tuesday\x00, "
        "and left the\x07 room for good, it’s said."
    )
    article = read_page_text("\r\n".join(["Minister leaves the room without a word", "", dirty, "", *BODY]))
    assert article.text.split("\n\n")[0] == (
        "The minister said “no comment” on Tuesday, and left the room for good, it’s said."
    )


def test_sentences_about_newsletters_and_cookies_stay() -> None:
    body = [
        *BODY,
        "The company said it would change its privacy policy after regulators found that its cookies tracked visitors.",
        "By providing weapons to the islands, the government broke its own law, a court said on Tuesday afternoon.",
    ]
    assert read_page_text(plain_dump(TITLE, body)).text == "\n\n".join(body)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n \n",
        "Home\nNews\nSport\nContact\n",
        "  * Home\n  * News\n  * Sport\n" * 50,
        "We use cookies to personalise content and ads. You can change your preferences in your browser at any time.",
        "# Log in\n\nEmail\n\nPassword\n\nForgot your password?\n",
    ],
)
def test_a_page_without_an_article_is_refused(text: str) -> None:
    with pytest.raises(ReadError, match="no article text"):
        read_page_text(text)


def test_a_text_that_is_only_paragraphs_needs_no_page_around_it() -> None:
    article = read_page_text("\n\n".join(BODY))
    assert article.text == "\n\n".join(BODY)
    assert article.title
    assert article.published is None


def test_reading_twice_gives_the_same() -> None:
    assert read_page_text(plain_dump(TITLE, BODY)) == read_page_text(plain_dump(TITLE, BODY))


_PIECES = st.sampled_from(
    [*BODY, TITLE, LEAD, "# x", "## Comments", "---", "Title: x", "By Jane Doe", "12/02/2020", "* a", "> b", "[a](b)",
     "![", "\t", "Image: x", "(dpa, AP)", "https://example.org/2020/02/12/a", "\u202e", "\x00", "   ", "1. one", "===="]
)  # fmt: skip


@settings(deadline=None, max_examples=150)
@given(st.lists(st.one_of(_PIECES, st.text(max_size=60)), max_size=30), st.sampled_from(["\n", "\n\n", "\r\n", " "]))
def test_any_text_gives_an_article_or_a_clear_refusal(pieces: list[str], separator: str) -> None:
    try:
        article = read_page_text(separator.join(pieces))
    except ReadError as error:
        assert str(error)
        return
    assert article.title.strip()
    assert article.text.strip() == article.text
    assert "\x00" not in article.text
    assert "\n\n\n" not in article.text


def test_heading_with_nothing_under_it_is_the_text() -> None:
    sentence = "The ferry to the three northern islands was suspended on Monday after a storm tore a hole in the pier."
    assert read_page_text(f"# {sentence} {sentence}").text.count(sentence) == 2


NOTICES = [
    "Try refreshing your browser, or tap here to see other videos from our team",
    "Sorry, this video is not available in your country",
    "LINDMOUTH, Northern Isles",
    "LINDMOUTH (AP) -",
    "Wednesday, 12 February 2020",
    "The ferry to the northern islands at the pier after the storm. Photo: John Roe/AFP",
]


@pytest.mark.parametrize("notice", NOTICES)
@pytest.mark.parametrize("above", [True, False])
def test_a_notice_a_caption_or_a_dateline_is_no_title(notice: str, above: bool) -> None:
    head = f"{notice}\n{TITLE}\nBy Jane Doe" if above else f"{TITLE}\nBy Jane Doe\n{notice}"
    assert read_page_text(plain_dump(head, BODY)).title == TITLE


@pytest.mark.parametrize(
    "title",
    [f"{TITLE} - National | Globalnews.ca", f"{TITLE} * The Gateway Pundit * by Jane Doe", f"{TITLE} | Metro News"],
)
def test_the_title_without_the_sites_name(title: str) -> None:
    assert read_page_text(plain_dump(title, BODY)).title == TITLE


def test_one_paragraph_is_an_article() -> None:
    article = read_page_text(f"{TITLE}\n\n{BODY[0]}")
    assert (article.title, article.text) == (TITLE, BODY[0])


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Ferry stops\n\nThe ferry stopped on Monday. It sails again on Friday.", "Ferry stops"),
        ("Ferry stops\n\nThe ferry stopped on Monday.\n\nIt sails again on Friday.", "Ferry stops"),
        ("The bridge opened on Monday. It cost three million.", "The bridge opened on Monday."),
        ("Mayor resigns\n3 March 2025\n\nThe mayor of Lindmouth resigned. No reason was given.", "Mayor resigns"),
        ("# Quake\n\nA quake of 4.2 shook the coast. Nobody was hurt.", "Quake"),
        ("Le pont rouvre\n\nLe pont de Nantes rouvre lundi. Il avait fermé en 2019.", "Le pont rouvre"),
    ],
)
def test_two_short_sentences_that_name_something_are_an_article(text: str, title: str) -> None:
    article = read_page_text(text)
    assert article.title == title
    assert " ".join(article.text.split()) == " ".join(line for line in text.split("\n\n") if line.endswith("."))


@pytest.mark.parametrize(
    "text",
    [
        "404 Not Found\n\nnginx",
        "Page not found\n\nThe page you requested could not be found. Go back to the Front Page.",
        "Access denied\n\nYou do not have permission to open it. Reference 18.2.",
        "Just a moment...\n\nChecking your browser before accessing the site. This process is automatic.",
        "Please enable JavaScript to continue. Then reload.",
        "This video is unavailable. Watch it on another site.",
        "Internal Server Error\n\nThe server encountered an internal error. Contact the administrator.",
        "Subscribe to continue reading. Already a subscriber? Log in.",
        "410 Gone\n\nThe resource is no longer here. No forwarding address is known.",
        "Connection timed out\n\nThe origin took too long to respond. Error code 522.",
        "Verifying the connection. It takes a few seconds.",
        "Robot check. Type the characters in the picture.",
        "Home. About. Contact. News.",
        "Terms of Service. Privacy Policy.",
    ],
)
def test_a_page_that_only_says_why_it_has_no_article_is_none(text: str) -> None:
    with pytest.raises(ReadError, match="no article text"):
        read_page_text(text)


def test_hours_counted_to_24_stand_behind_the_day_first() -> None:
    assert read_page_text(plain_dump(f"{TITLE}\nIssued on: 03/02/2020 - 17:30", BODY)).published == date(2020, 2, 3)
    assert read_page_text(plain_dump(f"{TITLE}\n03/02/2020 5:30 PM", BODY)).published is None


def test_a_long_line_of_buttons_gives_the_date_behind_published_alone() -> None:
    line = "Jane Doe Bureau Chief Published Wed, Feb 12 2020 Share " + "Share Article via Email " * 12
    assert read_page_text(plain_dump(f"{TITLE}\n{line}", BODY)).published == date(2020, 2, 12)
    told = f"{BODY[0]} A report on the pier, printed 3 May 2019, had warned of it. " + BODY[1] + BODY[2]
    assert read_page_text(plain_dump(f"{TITLE}\n{told}", BODY)).published is None


@pytest.mark.parametrize(
    ("line", "source"),
    [
        ("Fjord Courier, 3 March 2025", "Fjord Courier"),
        ("The Kelmouth Gazette | 3 March 2025", "The Kelmouth Gazette"),
        ("March 3, 2025 · Fjord Courier", "Fjord Courier"),
        ("BBC News - 3 March 2025", "BBC"),
        ("Quay News, 3 March 2025", "Quay News"),
        ("Quay News\n3 March 2025", "Quay News"),
        ("The Kelmouth Gazette\n3 March 2025", "The Kelmouth Gazette"),
        ("Oslo, 3 March 2025", None),
        ("Jane Doe, 3 March 2025", None),
        ("World News | 3 March 2025", None),
        ("Breaking News, 3 March 2025", None),
        ("Staff Reporter, 3 March 2025", None),
    ],
)
def test_a_line_under_the_title_gives_the_outlet_and_the_day(line: str, source: str | None) -> None:
    for body in (BODY, BODY[:1]):
        article = read_page_text(f"{TITLE}\n{line}\n\n" + "\n\n".join(body))
        assert (article.title, article.source, article.published) == (TITLE, source, date(2025, 3, 3))
        assert article.authors == ()
        assert line not in article.text


@pytest.mark.parametrize("mark", ["*", "_", "**", ""])
def test_a_markdown_line_in_italics_under_the_title_gives_the_outlet_and_the_day(mark: str) -> None:
    text = f"# {TITLE}\n\n{mark}Northvale Post, 2 February 2025{mark}\n\n{BODY[0]}\n\nThe *Northern Star* sails on."
    article = read_page_text(text)
    assert (article.title, article.source, article.published) == (TITLE, "Northvale Post", date(2025, 2, 2))
    assert article.text == f"{BODY[0]}\n\nThe Northern Star sails on."


@pytest.mark.parametrize(
    "sentence",
    [
        "The Fjord Courier first told of the damage on 3 March 2025.",
        "The Fjord Courier, in the words of its editor, broke the story on 3 March 2025",
        "It was printed by the Kelmouth Gazette, 3 March 2025.",
    ],
)
def test_a_sentence_that_ends_in_a_date_is_no_outlet(sentence: str) -> None:
    article = read_page_text(f"{TITLE}\n{sentence}\n\n" + "\n\n".join(BODY))
    assert (article.title, article.source) == (TITLE, None)

"""What of a passage is embedded: its words and its article's title, or the words that carry the matter alone.

A passage in, a text out.

A model reads every token at the same price, and more than half of the tokens of English news are function words,
punctuation and words that stood there before. Without them a passage costs the default model less than half, and is
found no worse: compare `newsbot eval FILE --rows dense` over corpora made with NEWSBOT_EMBEDDING_WORDS=content and
=all.
"""

from __future__ import annotations

import re

from bot.schema import Passage

_WORD = re.compile(r"[$£€]?\d+(?:[.,:]\d+)*%?|[^\W_]+(?:['’](?:s|re|ve|ll|m|d|t)\b)?", re.IGNORECASE)
_MARKED = re.compile(r"['’]")
_LISTED = """
    a about according across after again against all already also always among an and another any are around as at
    away back be became because become been before being between both but by came can come comes could did do does
    doing done down during each even ever every few for from get gets getting go goes going got had has have having
    he her here him his how however i if in including instead into is it its just keep kept know known let like made
    make makes making many may me might more most much must my now of off on once only or other our out
    over own perhaps put quite rather said same say says see seen several shall she should since so some still such
    take taken takes taking than that the their them then there these they thing things think this those though
    through to together told too toward towards under until up upon us use used using very was way we well went
    were what when where whether which while who whom whose why will with within would yet you your
    """
_FUNCTION_WORDS = frozenset(_LISTED.split())
"""Of English, and words as light. "No", "not", "never" and "without" stay: they turn what is said round."""
CONTENT_WORDS = "content, each once, no title"
"""What an index notes of the words it embeds: change it when other words are taken."""


def document(passage: Passage, *, content_words: bool) -> str:
    """The text that stands for a passage: its title gives the words of the passage their subject.

    With `content_words`, the title, function words, punctuation and repetitions are left out of what is in English, or
    in no language that is known: with half of its words a passage is found by what it says of its own, and the title is
    searched by words (see `lexical`).
    """
    article = passage.article
    if content_words and article.language in (None, "en") and (words := _content_words(passage.text)):
        return " ".join(words)
    return f"{article.title}\n{passage.text}"


def _content_words(text: str) -> list[str]:
    """The words that carry the matter, each once, in the order in which they first stand."""
    words: dict[str, str] = {}
    for found in _WORD.findall(text):
        word, *ending = _MARKED.split(found)
        if ending == ["t"] and word.endswith("n"):
            word = "not"  # "don't"
        key = word.lower()
        if key not in _FUNCTION_WORDS or word == "US":
            words.setdefault(key, word)
    return list(words.values())

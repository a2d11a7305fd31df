"""What of a passage is embedded: its article's title and its words, or those of them that carry the matter.

Knows nothing about models, vectors or indexes: a passage in, a text out.

A model reads every token at the same price, and almost half of the tokens of English news are function words and
punctuation. Without them a passage costs the default model little more than half, and is found no worse: compare
`newsbot eval FILE --rows dense` over corpora made with NEWSBOT_EMBEDDING_WORDS=content and =all.
"""

from __future__ import annotations

import re

from bot.schema import Passage

_WORD = re.compile(r"[$£€]?\d+(?:[.,:]\d+)*%?|[^\W_]+(?:['’](?:s|S)\b)?")
_OWNED = ("'s", "’s", "'S", "’S")
_LISTED = """
    a about after again against all also an and any are as at be because been before being between both but by can
    could did do does doing done down during each few for from had has have having he her here his how i if in into is
    it its just many may me might more most much must my of off on only or other our out over own said same say says
    shall she should since so some such than that the their them then there these they this those through to told too
    under until up us very was we were what when where which while who whom whose why will with would you your
    according
    """
_FUNCTION_WORDS = frozenset(_LISTED.split())
"""Of English. "No", "not" and "without" stay: they turn what is said round."""


def document(passage: Passage, *, content_words: bool) -> str:
    """The text that stands for a passage: the title gives the words of the passage their subject.

    With `content_words`, function words and punctuation are left out of what is in English, or in no language that
    is known.
    """
    article = passage.article
    text = f"{article.title}\n{passage.text}"
    if not content_words or article.language not in (None, "en"):
        return text
    return " ".join(_content_words(text)) or text


def _content_words(text: str) -> list[str]:
    found = (word[:-2] if word.endswith(_OWNED) else word for word in _WORD.findall(text))
    return [word for word in found if word.lower() not in _FUNCTION_WORDS]

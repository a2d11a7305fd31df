"""What a message is: talk among people, small talk with the bot, a question, or a wish for what is new on a topic."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

Kind = Literal["fact", "topic", "talk"]
"""`fact` is any question that a passage may answer."""

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_SMALL = {
    "hello": r"(hi+|hey+|hello|hallo|good (morning|evening|afternoon|day)|yo|greetings)( there| all| bot| newsbot)*",
    "thanks": r"(many )?(thanks?|thank you|thx|ty|cheers|danke|merci)( a lot| so much| very much| bot| newsbot| mate)*",
    "able": r"(what can you do|(who|what) are you|how do(es)? (you|this|it) work|help|what do you do)( for me| here)?",
}
_REPLIES = {
    "hello": "Hello. Ask me about the news, such as: “Who won the election?” `/help` says what else I can do.",
    "thanks": "You're welcome.",
    "able": "I answer questions from a collection of news articles, with quotes, dates and links: mention me or use "
    "`/ask`. “what's the latest on …?” gives a digest. `/help` says more.",
}
_TOPIC = re.compile(
    r"(?:(?:so )?(?:what(?:['’]?s| is| are)|any|give me|show me|tell me) )?(?:the |some )?"
    r"(?:latest|news|newest|new|headlines|happening|going on)(?: (?:latest|news|headlines|today|now|stories))*"
    r"(?: (?:on|about|from|in|with|regarding) (?P<on>.+))?"
    r"|(?:please |can you |could you )*(?:summari[sz]e|sum up|catch me up on|brief me on)(?: the news)?"
    r"(?: (?:on|about|of))? ?(?P<about>.*)",
    re.IGNORECASE,
)
_IS_THAT_TRUE = re.compile(
    r"((is|was|are|were|isn['’]?t) )?(that|this|it|he|she|they)?( (really|actually|even|all))? ?"
    r"(true|right|correct|real|legit|so)|(can you |please )*(fact[- ]?check|check|verify)( (this|that|it))?|really"
    r"|(any )?source|any truth (to|in) (that|this|it)"
)
_WISH = re.compile(
    r"(please )?((can|could|would) you (please )?)?(tell me|explain|list|say|compare|name|give me|show me)\b"
    r"|do you know\b|(does )?anyone know\b"
)
_NOT_ASKED = re.compile(
    r"what (an?|the|time)\b|who cares|why not|how (are|nice|cool|come|so|rude)\b|what['’]?s up|how about no"
)
_FOLLOW_UP = re.compile(r"(and|but|what about|how about)\b")


@dataclass(frozen=True, slots=True)
class Talk:
    """What a message is. `subject` is the topic of a `topic`, empty for everything that is new."""

    kind: Kind
    subject: str = ""


def read(text: str) -> Talk:
    """What somebody wants of the bot with a text that may as well be meant for others."""
    if found := _TOPIC.fullmatch(" ".join(text.split()).strip("?!. ")):
        subject = (found["on"] or found["about"] or "").strip()
        if not _words("people").intersection(_WORD.findall(subject.lower())):
            return Talk("topic", subject)
    return Talk(question_kind(text))


def question_kind(text: str) -> Kind:
    """Whether a text asks something that news may answer, or is talk.

    A seam: a learned classifier of the kind of a question belongs here. Until then a few words decide.
    """
    words = _plain(text)
    parts = _WORD.findall(words)
    if not parts or _small(words) or _NOT_ASKED.match(words):
        return "talk"
    wish = _WISH.match(words)
    parts = _WORD.findall(words[wish.end() :]) if wish else parts
    content = [word for word in parts if not any(word in _words(name) for name in ("asking", "idle", "people"))]
    named = re.search(
        r"(?<!^)(?<![.!?] )\b(?!I\b|I['’])(?!(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)[A-Z]\w|\d", text.strip()
    )
    if _words("chat").intersection(parts) or (_words("people").intersection(parts) and not named):
        return "talk"
    asks = bool(parts) and parts[0] in _words("asking")
    if not text.rstrip().endswith("?"):
        return "fact" if (wish or (asks and len(parts) >= 4)) and len(content) >= 2 else "talk"
    if _FOLLOW_UP.match(words):
        return "fact" if content else "talk"
    return "fact" if (asks or wish) and (len(content) >= 2 or named) else "talk"


def small_talk(text: str) -> str:
    """What a person would answer to a greeting, to thanks, to "what can you do?"; empty for all else."""
    return _REPLIES.get(_small(_plain(text)), "")


def is_thanks(text: str) -> bool:
    """Whether a text says thank you."""
    return _small(_plain(text)) == "thanks"


def asks_whether_true(text: str) -> bool:
    """Whether a text asks if the message that it answers is true."""
    return _IS_THAT_TRUE.fullmatch(_plain(text)) is not None


def _small(words: str) -> str:
    return next((name for name, pattern in _SMALL.items() if re.fullmatch(pattern, words)), "")


def _plain(text: str) -> str:
    return re.sub(r"[\s,]+", " ", re.sub(r"[!?.…]+\s*$", "", text.strip())).strip().lower()


@cache
def _words(name: str) -> frozenset[str]:
    lines = Path(__file__).with_name("talk.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(next(line for line in lines if line.startswith(f"{name}: ")).split()[1:])

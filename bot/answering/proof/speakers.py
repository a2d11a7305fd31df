"""Who says what in a sentence, and whether someone else says it in the passage.

Knows nothing about what else is done.
"""

from __future__ import annotations

from bot.answering.proof.evidence_text import Evidence
from bot.answering.proof.statement import Statement
from bot.answering.proof.units import listed


def other_speaker(claim: Statement, evidence: Evidence) -> str | None:
    """ "X said that" where the sentence that says it gives it to Y."""
    said, roles = speakers(claim), _speaking_roles(claim)
    if not said and not roles:
        return None
    names = {word for name in claim.names for word in name.words if set(name.words) & said}
    told = claim.meanings - said - roles - names
    if not told or not evidence.sentences:
        return None
    place = max(range(len(evidence.sentences)), key=lambda at: len(evidence.sentences[at].meanings & told))
    sentence = evidence.sentences[place]
    held = speakers(sentence)
    opens = [token.low for token in sentence.tokens[:2]]
    if not held and place and opens[:1] in (["he"], ["she"]) and opens[1:] and opens[1] in _SAYING:
        held = {word for name in evidence.sentences[place - 1].names for word in name.words}
    if len(sentence.meanings & told) < len(told) / 2 or not held or held & said:
        return None
    # "The chairman said" of "Osama Rabie, the chairman, said" is the same one.
    is_pronoun = _pronoun_speaks(sentence) and opens[:1] not in (["he"], ["she"])
    if (roles and not said and roles & sentence.meanings) or said & evidence.frame_words or is_pronoun:
        return None
    return "someone else says this in the cited passage"


_SAYING = listed(
    "said says warned told stressed promised admitted according called wrote added announced expects estimates projects"
    " estimated expected"
)


def _pronoun_speaks(statement: Statement) -> bool:
    return any(
        one.low in ("he", "she", "they") and other.low in _SAYING
        for one, other in zip(statement.tokens, statement.tokens[1:], strict=False)
    )


def speakers(statement: Statement) -> set[str]:
    """Words of the names beside a verb of speaking: "Stoltenberg said", "said Bill Nelson", "according to AFAD"."""
    found: set[str] = set()
    openings = [term for term in statement.terms if term.is_opening and term.text[0].isupper() and not term.is_name]
    for token in statement.tokens:
        if token.low not in _SAYING:
            continue
        own = [name for name in statement.names if name.end < token.start]
        own = [name for name in own if statement.clause_at(name.start) == statement.clause_at(token.start)]
        is_apart = bool(own) and "," in statement.text[own[0].end : token.start]
        if is_apart and statement.text[: token.start].rstrip().endswith(","):
            found |= set(own[0].words)  # "Eirik Lunde, who had campaigned for it, said"
        for name in statement.names:
            reach = 5 if token.low == "according" else 25 if token.low == "said" else 2
            is_behind = 0 < name.start - token.end <= reach and " that " not in statement.text[token.end : name.start]
            if 0 < token.start - name.end <= 2 or (is_behind and token.low != "told"):
                found |= set(name.words)
        found |= {term.low for term in openings if 0 < token.start - term.end <= 2}
    return found


def _speaking_roles(statement: Statement) -> set[str]:
    """Words beside a verb of speaking that are no names: "the driver said"."""
    starts = {token.start for token in statement.tokens if token.low in _SAYING}
    return {
        term.meaning
        for term in statement.terms
        if not term.is_name and term.end + 1 in starts and term.low not in _ANYBODY
    }


_ANYBODY = listed("officials official sources source police experts government spokesman spokeswoman agency company")

"""Whether a passage proves what a sentence says, as far as code can prove it, and which of its words are nearest.

Proven are quotations, numbers with their units, days and names. What a sentence says of them - who did it, why,
whether at all - takes judgement: see `judge`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, combinations, product

from bot.answering.check.claim import ParsedPassage, ParsedSentence
from bot.text.dates import Day, Partial, agrees, printed, resolved
from bot.text.names import Name, are_alike, initials, is_title, one_form
from bot.text.numbers import Amount, Quantity, says_same, word_value
from bot.text.unicode import folded, folded_text

RELATED_LEAST, RELATED_WORDS_LEAST = 0.3, 2
"""Share of a sentence's words, and how many, that a passage must hold to be found for it. Of faithful paraphrases of
real news 99% share .33 or more of their words with their passage, 95% share .17 or less with another one."""
ORDER_SHARE = 0.3
"""Of the words that the passage does not hold, an order that holds so many is what the sentence repeats."""
WORD, NAME, NUMBER, DAY, QUOTATION = 1.0, 1.3, 4.0, 2.5, 6.0
"""What it counts for the nearest window that it holds one of these of the sentence."""
LENGTH_COST = 1.5
"""What one more sentence in the window must add."""
WINDOW_SENTENCES_MOST = 3
QUOTES_MOST = 3
QUOTE_CHARS_MOST = 600


def find_violation(claim: ParsedSentence, passage: ParsedPassage) -> str | None:
    """Why the passage does not prove the sentence, fit to show; None where nothing speaks against it."""
    for quotation in claim.quotations:
        if not _holds_quotation(quotation, passage):
            return f"“{quotation}” is not in the cited passage"
    for name in claim.names:
        if missing := _missing(name, passage):
            return f"{missing} is not named in the cited passage"
    for quantity in claim.quantities:
        if not _holds_number(quantity, passage):
            return f"{quantity.text} is not in the cited passage"
    for day in claim.days:
        if not _holds_day(day, passage):
            return f"{day.text} is not a day in the cited passage"
    if reason := _find_order(claim, passage):
        return reason
    return None if _is_about(claim, passage) else "the cited passage speaks of something else"


def relatedness(claim: ParsedSentence, passage: ParsedPassage) -> float:
    """The share of the sentence's words whose stems stand in the passage, its title or frame; 1 where it has none."""
    return len(claim.stems & passage.stems) / len(claim.stems) if claim.stems else 1.0


def _is_about(claim: ParsedSentence, passage: ParsedPassage) -> bool:
    """Whether a passage that a sentence marks holds a word of it that is no name, two names, a number or a day.

    No faithful paraphrase of real news shares less with its passage; .98 of sentences about other passages do. Of
    abstract sentences over short invented news it takes away .09; asking for a fifth of the words took away .20.
    """
    shared = claim.stems & passage.stems
    is_proven = bool(claim.days) or not all(map(_is_counted, claim.quantities))
    return is_proven or len(shared) > 1 or bool(shared - claim.name_stems) or claim.stems <= claim.name_stems


def is_related(claim: ParsedSentence, passage: ParsedPassage) -> bool:
    """Whether a passage shares enough words with a sentence to be found for it where no mark names it."""
    least = min(RELATED_WORDS_LEAST, len(claim.stems))
    return relatedness(claim, passage) >= RELATED_LEAST and 0 < least <= len(claim.stems & passage.stems)


def _find_order(claim: ParsedSentence, passage: ParsedPassage) -> str | None:
    """An order proves nothing, its payload neither: what it tells to say, and the rest of the passage does not."""
    own = claim.stems - passage.stems
    if passage.orders and not is_related(claim, passage):
        return "it says little of what stands in a passage that gives orders"
    if own and any(len(own & order.stems) >= ORDER_SHARE * len(own) for order in passage.orders):
        return "it repeats an order that stands in the passage"
    return None


def _holds_quotation(quotation: str, passage: ParsedPassage) -> bool:
    parts = folded_text(quotation).replace("[...]", "...").replace("…", "...").split("...")
    return all(part.strip(" .,!?;:[]'\"") in passage.folded_text for part in parts)


def _missing(name: Name, passage: ParsedPassage) -> str | None:
    """The word of a name that the passage does not hold."""
    missing = [word for word in name.words if not is_title(word) and not _holds_word(word, passage)]
    if not missing or initials(name.words) in passage.word_set:
        return None
    # A first name that the passage leaves out may stand elsewhere in the article: "Keir" of "Keir Starmer".
    if len(missing) < len(name.words) and all(folded(word) in passage.article_words for word in missing):
        return None
    return missing[0]


def _holds_word(word: str, passage: ParsedPassage) -> bool:
    low = folded(word).replace(".", "")
    if low in passage.word_set or one_form(word) in passage.word_set:
        return True
    if word.isupper() and low in passage.acronyms:
        return True
    return any(are_alike(low, other) for other in passage.name_words)


def _holds_number(said: Quantity, passage: ParsedPassage) -> bool:
    if _is_counted(said):
        return True
    held = [each for part in passage.parts for each in part.quantities]
    if any(says_same(said, each) for each in held):
        return True
    value, unit, most = said.readings[0]
    held_units = {one.unit for each in held for one in each.readings}
    bare = said._replace(readings=tuple(one._replace(unit="") for one in said.readings))
    if unit in held_units and any(says_same(bare, each) for each in held if each.readings[-1].unit == ""):
        return True  # "asking 34 million" in a passage that counts in euros elsewhere
    years = {day.said.year for part in passage.parts for day in part.days if day.said.year}
    if (unit == "" and value in years) or (unit == "decade" and any(value <= year < value + 10 for year in years)):
        return True
    ends = {end for each in held for one in each.readings if one.most for end in (one.value, one.most)}
    if unit == "score":
        return {value, most} <= ends | {each.readings[0].value for each in held}
    return (unit == "" and value in ends) or _is_computed(said, held)


def _is_counted(said: Quantity) -> bool:
    """Whether a number may be a count of what the passage lists, or a share of it: "four of her children", "a third".

    Up to twelve, written as a word: asking that each stands in the passage takes away five true ones for one false one.
    """
    word = said.text.lower().split()[0].partition("-")[0]
    is_small = word == "half" or 0 < (word_value(word) or 0) <= 12
    units = {one.unit for one in said.readings}
    return "fraction" in units or (is_small and bool(units & {"", "ordinal", "s", "month", "times"}))


def _is_computed(said: Quantity, held: Sequence[Quantity]) -> bool:
    """Whether a number is the sum or the difference of two of the passage: "14 million more than in 2022"."""
    return any(
        value and says_same(said, Quantity(0, 0, "", (Amount(value, unit),)))
        for first, second in combinations(held, 2)
        for one in first.readings
        for other in second.readings
        if one.unit == other.unit or "" in (one.unit, other.unit)
        for value in (one.value + other.value, abs(one.value - other.value))
        for unit in {one.unit or other.unit, "points" if one.unit == "%" else ""} - {""} or {""}
    )


def _holds_day(day: Day, passage: ParsedPassage) -> bool:
    if _agrees(day, [*printed(passage.article.published), *chain.from_iterable(passage.days)], passage):
        return True
    is_number = day.is_bare_year or (day.said.year and not day.said.month)
    counts = [held.readings[0].value for part in passage.parts for held in part.quantities]
    return bool(is_number) and day.said.year in counts


def _agrees(day: Day, held: Iterable[Partial], passage: ParsedPassage) -> bool:
    said = resolved(day, passage.article.published) if day.shift else [day.said]
    return any(agrees(one, other) for one, other in product(said, held))


def quotes(claim: ParsedSentence, passage: ParsedPassage) -> list[tuple[int, int]]:
    """The spans of the article that the sentence rests on: the nearest window, and those of numbers elsewhere."""
    held = [_held(claim, passage, place) for place in range(len(passage.sentences))]
    windows = [
        (first, last)
        for first in range(len(held))
        for last in range(first + 1, min(len(held), first + WINDOW_SENTENCES_MOST) + 1)
        if last == first + 1 or _span(passage, first, last)[1] - passage.sentences[first].offset <= QUOTE_CHARS_MOST
    ]
    found: list[tuple[int, int]] = []
    while windows and len(found) < QUOTES_MOST:
        parts = {(first, last): {k: v for each in held[first:last] for k, v in each.items()} for first, last in windows}
        worth = {each: sum(parts[each].values()) - LENGTH_COST * (each[1] - each[0] - 1) for each in windows}
        best = max(windows, key=lambda window: worth[window])
        if found and worth[best] < DAY:
            break
        found.append(_span(passage, *best))
        held = [{k: v for k, v in each.items() if k not in parts[best] and v >= DAY} for each in held]
    return sorted(found)


def _span(passage: ParsedPassage, first: int, last: int) -> tuple[int, int]:
    ending = passage.sentences[last - 1]
    return passage.sentences[first].offset, ending.offset + len(ending.text)


def _held(claim: ParsedSentence, passage: ParsedPassage, place: int) -> dict[str, float]:
    """What of a sentence stands in sentence `place` of the passage, each with what it counts."""
    sentence = passage.sentences[place]
    parts = {f"word {each}": WORD for each in claim.stems & sentence.stems}
    for name in claim.names:
        parts |= {f"word {word}": NAME for word in name.words if one_form(word) in sentence.word_set}
    for at, quantity in enumerate(claim.quantities):
        if any(says_same(quantity, other) for other in sentence.quantities):
            parts[f"number {at}"] = NUMBER
    for at, day in enumerate(claim.days):
        if _agrees(day, passage.days[place], passage):
            parts[f"day {at}"] = DAY
    for at, quotation in enumerate(claim.quotations):
        if folded_text(quotation).strip(".,!?;: ") in folded_text(sentence.text):
            parts[f"quotation {at}"] = QUOTATION
    return parts

"""Citation marks in the shapes that models write, and brackets that are none."""

from __future__ import annotations

import pytest

from bot.answering.check.marks import find_marks

KEYS = ("k3f9", "m2p4", "q8z1")
NUMBERS = tuple(str(number) for number in range(1, 8))


def named(text: str, keys: tuple[str, ...] = KEYS) -> list[tuple[str, ...]]:
    return [mark.keys for mark in find_marks(text, keys)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("NATO has 500 [k3f9].", [("k3f9",)]),
        ("NATO has 500. [k3f9]", [("k3f9",)]),
        ("NATO has 500.[k3f9]", [("k3f9",)]),
        ("NATO has 500[k3f9].", [("k3f9",)]),
        ("[k3f9] NATO has 500.", [("k3f9",)]),
        ("NATO has [K3F9] 500.", [("k3f9",)]),
        ("x [k3f9][m2p4]", [("k3f9",), ("m2p4",)]),
        ("x [k3f9] [m2p4]", [("k3f9",), ("m2p4",)]),
        ("x [k3f9, m2p4]", [("k3f9", "m2p4")]),
        ("x [k3f9,m2p4,q8z1]", [("k3f9", "m2p4", "q8z1")]),
        ("x [k3f9; m2p4]", [("k3f9", "m2p4")]),
        ("x [k3f9 and m2p4]", [("k3f9", "m2p4")]),
        ("x [k3f9 & m2p4]", [("k3f9", "m2p4")]),
        ("x [k3f9/m2p4]", [("k3f9", "m2p4")]),
        ("x [k3f9][k3f9]", [("k3f9",), ("k3f9",)]),
        ("x [k3f9, k3f9]", [("k3f9",)]),
        ("x [[k3f9]]", [("k3f9",)]),
        ("x [ k3f9 ]", [("k3f9",)]),
        ("x 【k3f9】", [("k3f9",)]),
        ("x ［k3f9］", [("k3f9",)]),
        ("x 〔k3f9〕", [("k3f9",)]),
        ("x 【k3f9†source】", [("k3f9",)]),
        ("x [source: k3f9]", [("k3f9",)]),
        ("x [Source k3f9]", [("k3f9",)]),
        ("x [Sources: k3f9, m2p4]", [("k3f9", "m2p4")]),
        ("x [ref: k3f9]", [("k3f9",)]),
        ("x [cite: k3f9]", [("k3f9",)]),
        ("x [see k3f9]", [("k3f9",)]),
        ("x [doc k3f9]", [("k3f9",)]),
        ("x [^k3f9]", [("k3f9",)]),
        ("x [#k3f9]", [("k3f9",)]),
        ("x [key=k3f9]", [("k3f9",)]),
        ("x [`k3f9`]", []),
        ('x ["k3f9"]', [("k3f9",)]),
        ("x [**k3f9**]", [("k3f9",)]),
        ("x [{k3f9}]", [("k3f9",)]),
        ("x [<k3f9>]", [("k3f9",)]),
        ("x [Harbour Post, k3f9]", [("k3f9",)]),
        ("x [k3f9: Harbour Post, 13 February 2020]", [("k3f9",)]),
        ("x [k3f9](https://evil.example)", [("k3f9",)]),
        ("x [k3f9](#k3f9)", [("k3f9",)]),
        ("x (k3f9).", [("k3f9",)]),
        ("x (source: k3f9) and more.", [("k3f9",)]),
        ("x <sup>1</sup>", [("k3f9",)]),
        ("x <sup>[2]</sup>", [("m2p4",)]),
        ("x.¹", [("k3f9",)]),
        ("x [1]", [("k3f9",)]),
        ("x [^2]", [("m2p4",)]),
        ("x [1, 3]", [("k3f9", "q8z1")]),
        ("x [1-3]", [("k3f9", "m2p4", "q8z1")]),
        ("x [1–3]", [("k3f9", "m2p4", "q8z1")]),
        ("x [1 - 2]", [("k3f9", "m2p4")]),
        ("x [１]", [("k3f9",)]),
        ("x (1).", [("k3f9",)]),
    ],
)
def test_shapes(text: str, expected: list[tuple[str, ...]]) -> None:
    assert named(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "He said [sic] so",
        "In [2020] it was",
        "from [2014-2018] on",
        "[the president] said",
        "[...] and so on",
        "[…]",
        "[G20] states",
        "[COVID-19] cases",
        "a [link](https://x.example)",
        "![1](https://x.example/1.png)",
        "`array[1]` in code",
        "`[k3f9]`",
        "an empty [] pair",
        "[ ]",
        "an open [k3f9",
        "a closed k3f9]",
        "[k3f9\n]",
        "(up to 4000 personnel) stay",
        "(2) is the second of them",
        "in the year (2020).",
        "the first (1) of them",
        "5 km² of land",
        "m² of land",
        "[emphasis added]",
    ],
)
def test_brackets_that_are_no_marks(text: str) -> None:
    assert find_marks(text, KEYS) == []


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("x [9]", ("9",)),
        ("x [0]", ("0",)),
        ("x [00]", ("00",)),
        ("x [99999999999999999999]", ("99999999999999999999",)),
        ("x [zz99]", ("zz99",)),
        ("x [k3f0]", ("k3f0",)),
        ("x [1-300]", ("1000300",)),
        ("x [3-1]", ("1000001",)),
        ("x [source 12]", ("12",)),
        ("x 【7】", ("7",)),
        ("x [[8]]", ("8",)),
    ],
)
def test_what_names_no_source_is_known_to_be_a_mark(text: str, unknown: tuple[str, ...]) -> None:
    (mark,) = find_marks(text, KEYS)
    assert (mark.keys, mark.unknown) == ((), unknown)


def test_known_and_unknown_together() -> None:
    (mark,) = find_marks("x [k3f9, 9]", KEYS)
    assert (mark.keys, mark.unknown) == (("k3f9",), ("9",))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x [1]", [("1",)]),
        ("x [7]", [("7",)]),
        ("x [1][2]", [("1",), ("2",)]),
        ("x [2-4]", [("2", "3", "4")]),
        ("x [8]", [()]),
        ("x [0]", [()]),
        ("x [1.]", [("1",)]),
    ],
)
def test_keys_that_are_numbers_are_no_places(text: str, expected: list[tuple[str, ...]]) -> None:
    assert named(text, NUMBERS) == expected


def test_a_mark_has_its_place() -> None:
    text = "NATO has 500 [k3f9](x) and more."
    (mark,) = find_marks(text, KEYS)
    assert text[mark.start : mark.end] == "[k3f9](x)"


def test_no_evidence_no_marks_but_unknown_ones() -> None:
    assert named("x [1] [k3f9]", ()) == [()]

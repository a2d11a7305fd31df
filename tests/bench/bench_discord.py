"""How the bot on Discord feels while it is busy: 25 questions at once from 10 people, while an ingest runs beside it.

The bot is newsbot's own in a process of its own, over real sockets; Discord is the fake of the tests, in this process;
the ingest is a third process that embeds as fast as it can.

    python -m tests.bench.bench_discord --articles 3000
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from tests.bench.bench_ingest import CACHE, ROOT
from tests.fake_discord import FakeDiscord
from tests.fake_discord_people import Interaction
from tests.killing import story

PEOPLE, QUESTIONS = 10, 25
HEARTBEAT_SECONDS = 1.0
SAMPLE_SECONDS = 0.005
BUSY_SECONDS = 900
"""How long a start or an answer may take where the machine does other things as well."""
LOOP_DELAY_MAX_MS, ACKNOWLEDGED_MAX_MS = 100.0, 500.0


async def be_the_bot(data: Path) -> None:
    """Run the bot until it is told to leave; print how late its event loop was."""
    from bot.discord_bot.running import Running, favour_the_event_loop, open_context
    from bot.settings import Settings

    settings = Settings(data_dir=data, cache_dir=CACHE)
    running = Running(open_context(settings))
    favour_the_event_loop()
    delays: list[float] = []

    async def watch() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(SAMPLE_SECONDS)
            delays.append(time.perf_counter() - before - SAMPLE_SECONDS)

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, running.leave)
    loop.add_signal_handler(signal.SIGUSR1, delays.clear)  # what counts begins now
    watching = asyncio.create_task(watch())
    await running.serve()
    watching.cancel()
    print(json.dumps([round(1000 * each, 2) for each in delays]), flush=True)


def start(arguments: list[str], **env: str) -> subprocess.Popen[str]:
    return subprocess.Popen(arguments, cwd=ROOT, env=os.environ | env, stdout=subprocess.PIPE, text=True)


def ingest(data: Path, source: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "bot", "ingest", "--json", "--data", str(data), str(source)]
    return start(command, NEWSBOT_CACHE_DIR=str(CACHE))


def write_stories(path: Path, count: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            fields = {name: value for name, value in asdict(story(number)).items() if value and name != "id"}
            file.write(json.dumps(fields, default=date.isoformat) + "\n")


async def ask_at_once(fake: FakeDiscord, questions: list[str], round_number: int) -> list[Interaction]:
    """Everybody asks in the same moment; returns when all have their answers."""
    people = [fake.person(f"person {round_number} {number}") for number in range(PEOPLE)]
    asked = await asyncio.gather(
        *(fake.slash("ask", question=text, author=people[i % PEOPLE]) for i, text in enumerate(questions))
    )
    # Who waits in the queue is told so first; an answer has an embed.
    answered = (fake.until(lambda it=it: it.original and it.original["embeds"], BUSY_SECONDS) for it in asked)
    await asyncio.gather(*answered)
    return list(asked)


async def measure(options: argparse.Namespace, folder: Path) -> bool:
    data, stories = folder / "data", folder / "stories.jsonl"
    ingest(data, ROOT / "ingest" / "sample" / "news").communicate()
    write_stories(stories, options.articles)
    lines = (ROOT / "ingest" / "sample" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line)["question"] for line in lines]
    async with FakeDiscord(heartbeat_seconds=HEARTBEAT_SECONDS, acknowledge_seconds=3.0) as fake:
        fake.contract = None  # holding requests against Discord's description takes this process seconds
        child = [sys.executable, "-m", "tests.bench.bench_discord", "--child", str(data)]
        bot = start(child, DISCORD_TOKEN=fake.token, DISCORD_API_BASE=fake.api_base)
        writer = None
        try:
            await fake.until(lambda: fake.gateway.open or bot.poll() is not None, BUSY_SECONDS)
            await fake.connected(seconds=BUSY_SECONDS)
            await asyncio.sleep(3)
            writer = ingest(data, stories)
            await asyncio.sleep(options.lead)
            asked: list[Interaction] = []
            bot.send_signal(signal.SIGUSR1)
            began = time.monotonic()
            for number in range(options.rounds):
                part = [questions[(number * QUESTIONS + i) % len(questions)] for i in range(QUESTIONS)]
                asked += await ask_at_once(fake, part, number)
            seconds = time.monotonic() - began
            ingesting = writer.poll() is None
            silence, connections = fake.gateway.longest_silence_seconds(), len(fake.gateway.connections)
        finally:
            for process in (bot, writer):
                if process is not None:
                    process.terminate()
        out, _ = await asyncio.to_thread(bot.communicate)
        await asyncio.to_thread(writer.communicate)
    return told(asked, json.loads(out.splitlines()[-1]), silence, connections, seconds, ingesting)


def told(
    asked: list[Interaction], delays_ms: list[float], silence: float, connections: int, seconds: float, ingesting: bool
) -> bool:
    """Print the figures; returns whether they are as good as is promised."""
    acknowledged = [1000 * each.acknowledged_after_seconds for each in asked]
    answered = sum(bool(each.original and each.original["embeds"]) for each in asked)
    delay_p99, acknowledged_p95 = percentile(delays_ms, 99), percentile(acknowledged, 95)
    lost_heartbeats = silence > 2 * HEARTBEAT_SECONDS or connections > 1
    rows: list[tuple[str, Any, str]] = [
        ("questions, answered", f"{len(asked)}, {answered}", "all"),
        ("seconds for all", f"{seconds:.1f}", ""),
        ("acknowledged, ms: median, p95, most",
         f"{statistics.median(acknowledged):.0f}, {acknowledged_p95:.0f}, {max(acknowledged):.0f}",
         f"p95 below {ACKNOWLEDGED_MAX_MS:.0f}"),
        ("event-loop delay, ms: median, p99, most",
         f"{statistics.median(delays_ms):.1f}, {delay_p99:.1f}, {max(delays_ms):.1f}",
         f"p99 below {LOOP_DELAY_MAX_MS:.0f}"),
        ("longest time between heartbeats, s", f"{silence:.2f}", f"interval {HEARTBEAT_SECONDS}, below twice that"),
        ("connections to the gateway", connections, "1"),
        ("ingest still running at the end", ingesting, "True"),
    ]  # fmt: skip
    for name, value, wanted in rows:
        print(f"{name:42} {value!s:>24}   {wanted}")
    return (
        answered == len(asked)
        and not lost_heartbeats
        and delay_p99 < LOOP_DELAY_MAX_MS
        and acknowledged_p95 < ACKNOWLEDGED_MAX_MS
        and ingesting
    )


def percentile(values: list[float], percent: int) -> float:
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--articles", type=int, default=3000, help="how many are ingested beside it")
    parser.add_argument("--rounds", type=int, default=2, help="how often 25 questions come (60 a minute are allowed)")
    parser.add_argument("--lead", type=float, default=8, help="seconds that the ingest runs before the first question")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        asyncio.run(be_the_bot(options.child))
        return 0
    with tempfile.TemporaryDirectory() as name:
        return 0 if asyncio.run(measure(options, Path(name))) else 1


if __name__ == "__main__":
    sys.exit(main())

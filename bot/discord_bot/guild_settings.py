"""What a server's administrators have set: where and whom to answer, how much, when, in which language of dates.

Knows nothing about Discord's objects: channels, roles and servers are ids. Safe defaults hold for new servers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.corpus.catalog import Catalog
from bot.corpus.catalog_feedback import guild_settings, put_guild_settings
from bot.discord_bot.days import LANGUAGES
from bot.discord_bot.limits import Rate
from bot.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class GuildSettings:
    """The settings of one server. Ids are those of channels and roles.

    Where channels are allowed, all others are not; a denied one is never answered in. In open channels every message
    is a question. Roles alike. During quiet hours (`quiet_from` to `quiet_to`, as "22:00", in `time_zone`) mentions
    and replies are left unanswered, commands are not.
    """

    allowed_channels: tuple[int, ...] = ()
    denied_channels: tuple[int, ...] = ()
    open_channels: tuple[int, ...] = ()
    allowed_roles: tuple[int, ...] = ()
    denied_roles: tuple[int, ...] = ()
    user_per_minute: int = 5
    user_per_hour: int = 60
    server_per_minute: int = 60
    server_per_hour: int = 1000
    queue_length: int = 50
    quiet_from: str | None = None
    quiet_to: str | None = None
    time_zone: str = "UTC"
    language: str = "en"

    def answers_in(self, channels: Collection[int]) -> bool:
        """Whether questions are answered in a channel; a thread is given with its parent."""
        if any(each in self.denied_channels for each in channels):
            return False
        known = {*self.allowed_channels, *self.open_channels}
        return not self.allowed_channels or any(each in known for each in channels)

    def is_open(self, channels: Collection[int]) -> bool:
        """Whether every message of a channel is a question."""
        return self.answers_in(channels) and any(each in self.open_channels for each in channels)

    def answers_to(self, roles: Collection[int]) -> bool:
        """Whether somebody with these roles is answered."""
        if any(each in self.denied_roles for each in roles):
            return False
        return not self.allowed_roles or any(each in self.allowed_roles for each in roles)

    def is_quiet(self, now: datetime) -> bool:
        """Whether mentions are left unanswered at this moment (with its time zone)."""
        if self.quiet_from is None or self.quiet_to is None:
            return False
        here = now.astimezone(_zone(self.time_zone)).time()
        begin, end = time.fromisoformat(self.quiet_from), time.fromisoformat(self.quiet_to)
        if begin <= end:
            return begin <= here < end
        return here >= begin or here < end

    @property
    def user_rates(self) -> tuple[Rate, ...]:
        """What one person may ask."""
        return Rate(self.user_per_minute, 60), Rate(self.user_per_hour, 3600)

    @property
    def server_rates(self) -> tuple[Rate, ...]:
        """What all of a server may ask together."""
        return Rate(self.server_per_minute, 60), Rate(self.server_per_hour, 3600)


def clock_time(text: str) -> str:
    """A time of day as "22:00", from "22", "22:00" or "7:30". Raises UsageError."""
    hours, _, minutes = text.strip().partition(":")
    if hours.isdigit() and (minutes or "00").isdigit() and int(hours) < 24 and int(minutes or "00") < 60:
        return f"{int(hours):02}:{int(minutes or '00'):02}"
    raise UsageError(f"{text[:20]!r} is no time of day. Write it as 22:00.")


def time_zone(text: str) -> str:
    """The name of a time zone, such as "Europe/Berlin". Raises UsageError."""
    _zone(text.strip())
    return text.strip()


def settings_from(values: Mapping[str, Any]) -> GuildSettings:
    """Settings from stored values; a value that cannot be used is its default again."""
    usable: dict[str, Any] = {}
    for each in fields(GuildSettings):
        value = values.get(each.name)
        if isinstance(each.default, tuple) and isinstance(value, list):
            usable[each.name] = tuple(int(one) for one in value)
            continue
        is_count = isinstance(each.default, int) and isinstance(value, int) and value >= 0
        if is_count or (isinstance(each.default, str | None) and isinstance(value, str)):
            usable[each.name] = value
    made = GuildSettings(**usable)
    try:
        made.is_quiet(datetime.now(UTC))
        _zone(made.time_zone)
    except (ValueError, UsageError):
        made = GuildSettings(**(usable | {"quiet_from": None, "quiet_to": None, "time_zone": "UTC"}))
    if made.language not in LANGUAGES:
        made = GuildSettings(**(asdict(made) | {"language": "en"}))
    return made


class Shelf:
    """The settings of all servers: read from the catalog once, off the event loop, then kept."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._known: dict[int, GuildSettings] = {}

    async def get(self, guild: int | None) -> GuildSettings:
        """A server's settings; the defaults for direct messages. Raises CorpusError."""
        if guild is None:
            return GuildSettings()
        if guild not in self._known:
            values = await asyncio.to_thread(guild_settings, self._catalog, guild)
            self._known[guild] = settings_from(values)
        return self._known[guild]

    async def put(self, guild: int, settings: GuildSettings) -> None:
        """Set a server's settings. Raises CorpusError, and then nothing is changed."""
        values = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(settings).items()}
        await asyncio.to_thread(put_guild_settings, self._catalog, guild, values)
        self._known[guild] = settings


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(f"{name[:40]!r} is no time zone. Write it as Europe/Berlin or UTC.") from error

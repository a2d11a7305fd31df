"""What a server's administrators have set: where and whom to answer, how much, when, in which language of dates."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from bot.corpus.catalog import Catalog
from bot.corpus.catalog.feedback import guild_settings, guilds_with_settings, put_guild_settings
from bot.errors import UsageError
from bot.wording.days import LANGUAGES

PLACES_MOST = 100
Ids = tuple[int, ...]


class GuildSettings(BaseModel):
    """The settings of one server. Ids are those of channels, roles and people; safe defaults hold for new servers.

    Where channels are allowed, all others are not; a denied one is never answered in. In open channels every question
    is answered without a mention. Roles alike. During quiet hours (`quiet_from` to `quiet_to`, as "22:00", in
    `time_zone`) mentions and replies are left unanswered, commands are not. A rate of 0 is any number, up to what the
    operator allows.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    allowed_channels: Ids = Field(default=(), max_length=PLACES_MOST)
    denied_channels: Ids = Field(default=(), max_length=PLACES_MOST)
    open_channels: Ids = Field(default=(), max_length=PLACES_MOST)
    allowed_roles: Ids = Field(default=(), max_length=PLACES_MOST)
    denied_roles: Ids = Field(default=(), max_length=PLACES_MOST)
    blocked_people: Ids = Field(default=(), max_length=PLACES_MOST)
    user_per_minute: int = Field(default=5, ge=0, le=1000)
    user_per_hour: int = Field(default=60, ge=0, le=10_000)
    server_per_minute: int = Field(default=60, ge=0, le=10_000)
    server_per_hour: int = Field(default=1000, ge=0, le=100_000)
    queue_length: int = Field(default=50, ge=1, le=500)
    quiet_from: str | None = None
    quiet_to: str | None = None
    time_zone: str = "UTC"
    language: str = "en"
    chat_model: bool = True
    """Whether a chat model may write answers here, where the operator has set one."""

    @field_validator("quiet_from", "quiet_to")
    @classmethod
    def _clock(cls, value: str | None) -> str | None:
        hours, _, minutes = (value or "").strip().partition(":")
        if not hours and not minutes:
            return None
        if hours.isdigit() and (minutes or "00").isdigit() and int(hours) < 24 and int(minutes or "00") < 60:
            return f"{int(hours):02}:{int(minutes or '00'):02}"
        raise ValueError(f"{value!r} is no time of day. Write it as 22:00")

    @field_validator("time_zone")
    @classmethod
    def _zoned(cls, value: str) -> str:
        try:
            zone_of(value.strip())
        except UsageError as error:
            raise ValueError(str(error).removesuffix(".")) from error
        return value.strip()

    @field_validator("language")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in LANGUAGES:
            raise ValueError(f"dates cannot be written in {value!r}")
        return value

    @model_validator(mode="after")
    def _both(self) -> GuildSettings:
        if (self.quiet_from is None) != (self.quiet_to is None) or (
            self.quiet_from is not None and self.quiet_from == self.quiet_to
        ):
            raise ValueError("quiet hours need a beginning and another end, such as 22:00 and 07:00")
        return self

    def changed(self, **values: Any) -> GuildSettings:
        """The same with some values changed. Raises UsageError for a value that cannot be used."""
        try:
            return GuildSettings(**(self.model_dump() | values))
        except ValidationError as error:
            raise UsageError(f"{error.errors()[0]['msg'].removeprefix('Value error, ')}.") from error

    def answers_in(self, channels: Collection[int]) -> bool:
        """Whether questions are answered in a channel; a thread is given with its parent."""
        if any(each in self.denied_channels for each in channels):
            return False
        known = {*self.allowed_channels, *self.open_channels}
        return not self.allowed_channels or any(each in known for each in channels)

    def is_open(self, channels: Collection[int]) -> bool:
        """Whether every question of a channel is answered."""
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
        here = now.astimezone(zone_of(self.time_zone)).time()
        begin, end = time.fromisoformat(self.quiet_from), time.fromisoformat(self.quiet_to)
        return begin <= here < end if begin <= end else here >= begin or here < end


def settings_from(values: Mapping[str, Any]) -> GuildSettings:
    """Settings from stored values; a value that cannot be used is its default again."""
    usable = dict(values)
    while True:
        try:
            return GuildSettings(**usable)
        except ValidationError as error:
            wrong = {str(each["loc"][0]) for each in error.errors() if each["loc"]} or {"quiet_from", "quiet_to"}
            usable = {name: value for name, value in usable.items() if name not in wrong}


class GuildSettingsStore:
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
        await asyncio.to_thread(put_guild_settings, self._catalog, guild, settings.model_dump(mode="json"))
        self._known[guild] = settings

    async def denying(self) -> dict[int, GuildSettings]:
        """The servers that deny somebody, by role or by name. Raises CorpusError."""
        for guild in await asyncio.to_thread(guilds_with_settings, self._catalog):
            await self.get(guild)
        return {guild: each for guild, each in self._known.items() if each.denied_roles or each.blocked_people}


def zone_of(name: str) -> ZoneInfo:
    """A time zone by its name. Raises UsageError."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(f"{name[:40]!r} is no time zone. Write it as Europe/Berlin or UTC.") from error


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)

"""A server's settings: where, whom, how often and when the bot answers, and the language of dates."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, time
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator

from bot.corpus.catalog import Catalog
from bot.corpus.catalog.feedback import guild_settings, guilds_with_settings, put_guild_settings
from bot.errors import UsageError
from bot.wording.days import LANGUAGES
from bot.wording.markdown import escaped

PLACES_MOST, CHOSEN_MOST = 100, 25
"""Ids that a setting may hold, and that Discord takes in one select."""
SECTIONS = {
    "Where I answer": ("allowed_channels", "denied_channels", "open_channels"),
    "Whom I answer": ("allowed_roles", "denied_roles", "blocked_people"),
    "How much I answer": ("user_per_minute", "user_per_hour", "server_per_minute", "server_per_hour", "queue_length"),
    "Quiet hours": ("quiet_from", "quiet_to", "time_zone"),
    "Language and chat model": ("language", "chat_model"),
}
"""What is set together, in one form: at most five of them, as Discord has it."""
MENTIONS = {"channels": "<#{}>", "roles": "<@&{}>", "people": "<@{}>"}
"""How the ids of a setting are shown, by the last word of its name."""
Ids = Annotated[tuple[int, ...], Field(max_length=PLACES_MOST)]


class GuildSettings(BaseModel):
    """The settings of one server, each with its title in forms; safe defaults hold for new servers.

    Ids are those of channels, roles and people. Where channels are allowed, all others are not; a denied one is never
    answered in; in open ones every question is answered without a mention. Roles alike. During quiet hours (from and
    to as "22:00", in `time_zone`) mentions and replies are left unanswered, commands are not. A rate of 0 is any
    number, up to what the operator allows; so is the chat model's use, where the operator has set one.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    allowed_channels: Ids = Field(default=(), title="Answer in these channels alone")
    denied_channels: Ids = Field(default=(), title="Never answer in these channels")
    open_channels: Ids = Field(default=(), title="Answer without a mention in")
    allowed_roles: Ids = Field(default=(), title="Answer these roles alone")
    denied_roles: Ids = Field(default=(), title="Never answer these roles")
    blocked_people: Ids = Field(default=(), title="Never answer these people")
    user_per_minute: int = Field(default=5, ge=0, le=1000, title="Questions of one person in a minute")
    user_per_hour: int = Field(default=60, ge=0, le=10_000, title="Questions of one person in an hour")
    server_per_minute: int = Field(default=60, ge=0, le=10_000, title="Questions of the server in a minute")
    server_per_hour: int = Field(default=1000, ge=0, le=100_000, title="Questions of the server in an hour")
    queue_length: int = Field(default=50, ge=1, le=500, title="Questions that may wait")
    quiet_from: str | None = Field(default=None, title="No answers to mentions from, such as 22:00")
    quiet_to: str | None = Field(default=None, title="No answers to mentions to, such as 07:00")
    time_zone: str = Field(default="UTC", title="Time zone, such as Europe/Berlin")
    language: str = Field(default="en", pattern=f"^({'|'.join(LANGUAGES)})$", title="Dates are written in")
    chat_model: bool = Field(default=True, title="The operator's chat model may write")

    @field_validator("quiet_from", "quiet_to", "time_zone")
    @classmethod
    def _usable(cls, value: str | None, field: ValidationInfo) -> str | None:
        text = (value or "").strip()
        try:
            if field.field_name == "time_zone":
                return zone_of(text).key
            return clock(text) if text else None
        except UsageError as error:
            raise ValueError(str(error)) from error

    @model_validator(mode="after")
    def _both(self) -> GuildSettings:
        begin, end = self.quiet_from, self.quiet_to
        if (begin is None) != (end is None) or (begin is not None and begin == end):
            raise ValueError("quiet hours need a beginning and another end, such as 22:00 and 07:00")
        return self

    def line(self, name: str) -> str:
        """A setting in a line of markup."""
        value, kind = getattr(self, name), name.rpartition("_")[2]
        if kind in MENTIONS:
            none = "all" if name.startswith("allowed") else "none"
            shown = ", ".join(MENTIONS[kind].format(each) for each in value) or none
        elif isinstance(value, bool):
            shown = "yes" if value else "no"
        elif isinstance(value, int):
            shown = f"{value:,}" if value else "any number"
        else:
            shown = LANGUAGES[value] if name == "language" else escaped(value or "none")
        return f"- {type(self).model_fields[name].title}: {shown}"

    def changed(self, **values: Any) -> GuildSettings:
        """The same with some values changed. Raises UsageError for a value that cannot be used."""
        try:
            return GuildSettings(**(self.model_dump() | values))
        except ValidationError as error:
            said = error.errors()[0]["msg"].removeprefix("Value error, ").removesuffix(".")
            raise UsageError(f"{said}.") from error

    def answers_in(self, channels: Collection[int]) -> bool:
        """Whether questions are answered in a channel; a thread is given with its parent."""
        known = {*self.allowed_channels, *self.open_channels}
        return _is_open_to(channels, known if self.allowed_channels else (), self.denied_channels)

    def is_open(self, channels: Collection[int]) -> bool:
        """Whether every question of a channel is answered."""
        return self.answers_in(channels) and not set(channels).isdisjoint(self.open_channels)

    def answers_to(self, roles: Collection[int]) -> bool:
        """Whether somebody with these roles is answered."""
        return _is_open_to(roles, self.allowed_roles, self.denied_roles)

    def is_quiet(self, now: datetime) -> bool:
        """Whether mentions are left unanswered at this moment (with its time zone)."""
        if self.quiet_from is None or self.quiet_to is None:
            return False
        here = now.astimezone(zone_of(self.time_zone)).time()
        begin, end = time.fromisoformat(self.quiet_from), time.fromisoformat(self.quiet_to)
        return begin <= here < end if begin <= end else here >= begin or here < end


def _is_open_to(ids: Collection[int], allowed: Collection[int], denied: Collection[int]) -> bool:
    """None of the ids is denied, and one is allowed where any are."""
    return set(ids).isdisjoint(denied) and not (allowed and set(ids).isdisjoint(allowed))


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
            self._known[guild] = settings_from(await asyncio.to_thread(guild_settings, self._catalog, guild))
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


def clock(text: str) -> str:
    """A time of day as "22:00", from that or "7". Raises UsageError."""
    hours, _, minutes = text.strip().partition(":")
    try:
        return f"{time(int(hours), int(minutes or 0)):%H:%M}"
    except ValueError as error:
        raise UsageError(f"“{text[:20]}” is no time of day. Write it as 22:00.") from error


def zone_of(name: str) -> ZoneInfo:
    """A time zone by its name. Raises UsageError."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(f"{name[:40]!r} is no time zone. Write it as Europe/Berlin or UTC.") from error


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)

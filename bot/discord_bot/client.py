"""The client on Discord: what it asks to be told, what it may do, and its commands, synced only when they changed."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import json
import logging
import math
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import discord
import discord.backoff
import discord.shard
import yarl
from discord import app_commands
from discord.ext import commands as ext
from discord.gateway import DiscordWebSocket, ReconnectWebSocket
from discord.http import Route

from bot.discord_bot.answer_service import AnswerService, tell_failure
from bot.discord_bot.logs import cause, keep_quiet
from bot.discord_bot.pace import Pace
from bot.discord_bot.targets import OF_THE_LINE, persist
from bot.errors import SettingsError
from bot.settings import Settings

COMMANDS_FILE, TRANSLATIONS_FILE = "discord_commands.txt", "translations.json"
MESSAGES_KEPT = 100
"""Messages of all servers that stay in memory; what is older is fetched when it is needed."""
API_VERSION = "v10"
HANDSHAKE_SECONDS = 20.0
SYNC_PAUSES_SECONDS = (5.0, 300.0)
"""The first and the longest pause before Discord is told the commands again, where it did not take them."""
SIGN_IN_SECONDS = 15.0
LEAST_PERMISSIONS = discord.Permissions(
    view_channel=True, send_messages=True, send_messages_in_threads=True, create_public_threads=True,
    embed_links=True, attach_files=True, read_message_history=True, add_reactions=True,
)  # fmt: skip
"""What the bot needs in a server for everything that it can do."""
NO_TOKEN = (
    "DISCORD_TOKEN is not set. Make a bot in Discord's developer portal (https://discord.com/developers/applications), "
    "and put its token into the environment or into .env."
)
BAD_TOKEN = (
    "Discord does not take the token in DISCORD_TOKEN. Make a new one in the developer portal (Bot, Reset Token) and "
    "put it there."
)

log = logging.getLogger(__name__)

CogMaker = Callable[["NewsClient"], ext.Cog]
"""Makes a cog for a client: a class of the room, or a test's own."""


class NoSessionsLeft(ConnectionError):
    """Discord lets this bot begin no session for so many seconds."""

    def __init__(self, retry_after_seconds: float) -> None:
        super().__init__(errno.EBUSY, "no new connections are allowed today")
        self.retry_after_seconds = retry_after_seconds


class Unpaused(discord.backoff.ExponentialBackoff[bool]):
    """discord.py's own pauses between connections, which grow to a quarter of an hour: `Pace` makes them instead."""

    def delay(self) -> float:
        """No seconds."""
        return 0.0


class NewsClient(ext.AutoShardedBot):
    """The connections to Discord, as many as it advises, with the commands of these cogs; not connected yet.

    `content` is whether to ask for the message content intent; without it the bot reads what mentions it and what is
    written to it alone. `options` go to `discord.Client`.

    Attributes: `service`, which answers; `tree`, the application commands; `syncing`, the task that tells Discord them.
    """

    def __init__(
        self, service: AnswerService, cogs: Sequence[CogMaker], pace: Pace, *, content: bool, **options: Any
    ) -> None:
        settings = service.context.settings
        point_at_discord(settings)
        discord.shard.ExponentialBackoff = Unpaused  # type: ignore[attr-defined, assignment]
        keep_quiet()
        mentions, direct = settings.discord_mention_trigger, settings.discord_direct_messages
        super().__init__(
            command_prefix=(),
            help_command=None,
            intents=intents(mentions=mentions, content=content, direct=direct),
            max_messages=MESSAGES_KEPT,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            allowed_mentions=discord.AllowedMentions.none(),
            **options,
        )
        self.service = service
        self._was_let_in = self._is_lost = False
        self._makers = cogs
        self._pace = pace
        self.syncing: asyncio.Task[None] | None = None
        self._open_websocket = self.http.ws_connect
        self.http.ws_connect = self._connect_in_turn  # type: ignore[method-assign]

    async def _connect_in_turn(self, url: str, **options: Any) -> Any:
        """Open a websocket when it is time to. A session goes on where that fails: discord.py would begin a new one."""
        await self._pace.turn(self.shard_count or 1)
        try:
            async with asyncio.timeout(HANDSHAKE_SECONDS):
                return await self._open_websocket(url, **options)
        except (OSError, TimeoutError, aiohttp.ClientError) as error:
            if not self._was_let_in:
                raise
            log.warning("Discord's gateway did not take a connection (%s); trying again.", cause(error))
            raise ReconnectWebSocket(None) from error

    async def setup_hook(self) -> None:
        """Once, between logging in and connecting: add the commands. They are synced while the bot is online."""
        for make in self._makers:
            await self.add_cog(make(self))
        settings = self.service.context.settings
        await self.tree.set_translator(Translations())
        for command in self.tree.get_commands():
            # What is not for servers only is offered in direct messages and to people who installed the bot, too.
            is_own = not isinstance(command, app_commands.Group) and not command.guild_only
            pocket = is_own and settings.discord_direct_messages
            command.allowed_contexts = app_commands.AppCommandContext(
                guild=True, dm_channel=pocket, private_channel=pocket
            )
            command.allowed_installs = app_commands.AppInstallationType(guild=True, user=pocket)
        self.tree.error(tell_failure)
        keep_quiet()
        assert self.application_id is not None
        log.info("Invite the bot to a server: %s", invite_link(self.application_id))
        self.syncing = asyncio.create_task(self._sync())

    async def launch_shards(self) -> None:
        """Connect as many shards as are set or advised. Raises NoSessionsLeft where Discord allows none today."""
        settings = self.service.context.settings
        try:
            advised, url, limit = await self.http.get_bot_gateway()
        except discord.GatewayNotFound as error:
            status = getattr(error.__cause__, "status", 0)
            if status != 404 or not settings.discord_gateway_url:
                raise error.__cause__ or error from None
            advised, url = 1, settings.discord_gateway_url  # a stand-in for Discord may give no advice
        else:
            if limit["remaining"] <= 0:  # with more, Discord resets the token
                raise NoSessionsLeft(limit["reset_after"] / 1000)
        point_at_discord(settings, url)
        self.shard_count = settings.discord_shards or advised
        await super().launch_shards()

    async def close(self) -> None:
        """Leave Discord."""
        if self.syncing is not None:
            self.syncing.cancel()
        await super().close()

    async def _sync(self) -> None:
        """Tell Discord the commands; where it cannot be told now, later again: meanwhile the bot is online."""
        path = self.service.context.settings.data_dir / COMMANDS_FILE
        try:
            await persist(lambda: sync_commands(self, path), math.inf, SYNC_PAUSES_SECONDS)
        except OF_THE_LINE as error:
            log.error("Discord refused the commands (%s); those that it knows go on working.", cause(error))

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Discord's gateway was reached, and a session is begun."""
        self._pace.identified()
        await super().before_identify_hook(shard_id, initial=initial)

    def dispatch(self, event: str, /, *args: Any, **options: Any) -> None:
        """Note what happens to the line, and pass an event on.

        discord.py says at every attempt that the line is gone; the log, once. When the client closes there is no loop
        to run anything: discord.py would break on it.
        """
        if event == "disconnect":
            self._pace.lost()
            if self._was_let_in and not self._is_lost and not self.is_closed():
                self._is_lost = True
                self.service.counts["losses"] += 1
                log.warning("The connection to Discord's gateway was lost; reconnecting.")
        elif event in {"connect", "resumed"}:
            self._pace.settled()
            self._was_let_in = True
            if event == "resumed" and self._is_lost:
                log.info("Connected again to Discord's gateway; nothing was missed.")
        elif event == "ready":
            shards = f" over {self.shard_count} shards" if (self.shard_count or 1) > 1 else ""
            log.info("Connected to Discord as %s, in %d servers%s.", self.user, len(self.guilds), shards)
        elif event == "interaction":
            self.service.counts[args[0].type.name] += 1
        if event in {"ready", "resumed"} and not any(shard.is_closed() for shard in self.shards.values()):
            self._is_lost = False
        if not self.is_closed():
            super().dispatch(event, *args, **options)

    async def on_message(self, message: discord.Message, /) -> None:
        """A message came: the cogs listen. It is no command of the kind that begins with a prefix."""


def token_of(settings: Settings) -> str:
    """The token that is set. Raises SettingsError where there is none."""
    if settings.discord_token is None:
        raise SettingsError(NO_TOKEN)
    return settings.discord_token.get_secret_value()


@asynccontextmanager
async def signed_in(settings: Settings) -> AsyncIterator[discord.Client]:
    """A client that knows who it is, to ask the REST API with; it is not connected to the gateway.

    Raises SettingsError where there is no token, or Discord does not take it.
    """
    token = token_of(settings)
    point_at_discord(settings)
    async with discord.Client(intents=discord.Intents.none()) as client:
        try:
            async with asyncio.timeout(SIGN_IN_SECONDS):
                await client.login(token)
        except discord.LoginFailure:
            raise SettingsError(BAD_TOKEN) from None
        yield client


class Translations(app_commands.Translator):
    """Names and descriptions of commands in other languages, from `translations.json`; English where it has none."""

    async def load(self) -> None:
        self._table = json.loads(Path(__file__).with_name(TRANSLATIONS_FILE).read_text(encoding="utf-8"))

    async def translate(
        self, string: app_commands.locale_str, locale: discord.Locale, _: app_commands.TranslationContextTypes
    ) -> str | None:
        found: str | None = self._table.get(string.message, {}).get(locale.value.split("-")[0])
        return found


def intents(*, mentions: bool, content: bool, direct: bool = True) -> discord.Intents:
    """The fewest intents that do: servers, direct messages, and messages of servers where mentions are answered."""
    return discord.Intents(
        guilds=True, dm_messages=direct, guild_messages=mentions, message_content=mentions and content
    )


def invite_link(application_id: int) -> str:
    """The address that adds the bot to a server, with the least permissions."""
    return discord.utils.oauth_url(
        application_id, permissions=LEAST_PERMISSIONS, scopes=("bot", "applications.commands")
    )


def api_base(settings: Settings) -> str | None:
    """The address of the REST API with its version, where it is not Discord's own."""
    if settings.discord_api_base is None:
        return None
    base = settings.discord_api_base.rstrip("/")
    return base if base.rsplit("/", 1)[-1] == API_VERSION else f"{base}/{API_VERSION}"


def point_at_discord(settings: Settings, gateway: str | None = None) -> None:
    """Let discord.py, which has one address for the whole process, use the addresses that are set.

    `gateway` is the one that the REST API named; where another server stands in for Discord, it is taken from there.
    """
    if base := api_base(settings):
        Route.BASE = base
    if chosen := settings.discord_gateway_url or (gateway if base else None):
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(chosen)


async def sync_commands(client: NewsClient, path: Path) -> None:
    """Tell Discord which commands there are, unless it has been told just these. Raises discord.HTTPException.

    `path` remembers what was told, and by which application. Discord is asked for the names that it knows, so that
    commands which somebody took away come back.
    """
    tree = client.tree
    assert tree.translator is not None
    told = [await command.get_translated_payload(tree, tree.translator) for command in tree.get_commands()]
    digest = hashlib.sha256(json.dumps([client.application_id, told], sort_keys=True).encode()).hexdigest()
    with contextlib.suppress(OSError, ValueError):
        if path.read_text(encoding="utf-8") == digest:
            known = {(command.name, command.type.value) for command in await tree.fetch_commands()}
            if known == {(command["name"], command["type"]) for command in told}:
                return
    await tree.sync()
    log.info("Discord was told the commands: %d.", len(told))
    try:
        path.write_text(digest, encoding="utf-8")
    except OSError as error:
        log.warning("%s cannot be written (%s); the commands will be told again.", path.name, error.strerror)

"""The client on Discord: what it asks to be told, what it may do, and its commands, synced only when they changed.

Knows nothing about answers (see `commands`), nor about how it is kept connected (see `running`).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import discord
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.discord_bot.logs import cause, keep_quiet

if TYPE_CHECKING:
    from bot.discord_bot.house import House
    from bot.settings import Settings

COMMANDS_FILE = "discord_commands.json"
MESSAGES_KEPT = 100
"""Messages of all servers that stay in memory; what is older is fetched when it is needed."""
API_VERSION = "v10"

log = logging.getLogger(__name__)


class Commands(Protocol):
    """What the client can do for people: the module `commands`, or a test's own."""

    def install(self, client: NewsClient) -> None:
        """Add every command, menu and lasting view to the client."""

    async def heard(self, client: NewsClient, message: discord.Message) -> None:
        """A message was written somewhere that the bot sees."""


class NewsClient(discord.Client):
    """One connection to Discord. Made by `make_client`.

    Attributes: `house`; `tree`, the application commands; `desk` and `queue`, which `commands` sets: the queue has
    `waiting`, `running` and `drain(seconds)`; `interactions`, how many came, by kind; `losses`, how often the gateway
    was lost; `met`, whether it was ever reached.
    """

    def __init__(self, house: House, commands: Commands, **options: Any) -> None:
        super().__init__(allowed_mentions=discord.AllowedMentions.none(), **options)
        self.house = house
        self.tree = app_commands.CommandTree(self)
        self.queue: Any = None
        self.desk: Any = None
        self.interactions: dict[str, int] = {}
        self.losses = 0
        self.met = False
        self._let_in = False
        self._lost = False
        self._commands = commands

    async def setup_hook(self) -> None:
        """Once, between logging in and connecting: install the commands, and sync them if they changed."""
        self._commands.install(self)
        keep_quiet()
        assert self.application_id is not None
        log.info("Invite the bot to a server: %s", invite_link(self.application_id))
        await sync_commands(self, self.house.settings.data_dir / COMMANDS_FILE)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Discord's gateway was reached."""
        self.met = True
        await super().before_identify_hook(shard_id, initial=initial)

    def dispatch(self, event: str, /, *args: Any, **options: Any) -> None:
        """Pass an event on; once the client closes there is no loop to run anything (discord.py would break on it)."""
        if not self.is_closed():
            super().dispatch(event, *args, **options)

    async def on_message(self, message: discord.Message) -> None:
        """A message came."""
        await self._commands.heard(self, message)

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Counts; the commands and views do the work."""
        kind = interaction.type.name
        self.interactions[kind] = self.interactions.get(kind, 0) + 1

    async def on_connect(self) -> None:
        """Discord's gateway let the bot in."""
        self._let_in = True

    async def on_ready(self) -> None:
        """Connected, with a new session; every server is known."""
        assert self.user is not None
        shards = f" over {self.shard_count} shards" if (self.shard_count or 1) > 1 else ""
        log.info("Connected to Discord as %s, in %d servers%s.", self.user, len(self.guilds), shards)
        self._found()

    async def on_resumed(self) -> None:
        """Connected again, with the old session and everything that happened meanwhile."""
        if self._lost:
            log.info("Connected again to Discord's gateway; nothing was missed.")
        self._found()

    async def on_disconnect(self) -> None:
        """The line is gone. discord.py says so at every attempt; the log, once."""
        if self._lost or self.is_closed() or not self._let_in:
            return
        self._lost = True
        self.losses += 1
        log.warning("The connection to Discord's gateway was lost; reconnecting.")

    def _found(self) -> None:
        # The news that all is well may come late, when the line is gone again.
        if all(gateway.open for gateway in self.gateways()):
            self._lost = False

    def gateways(self) -> list[DiscordWebSocket]:
        """The websockets, one for each shard; none before the first connection."""
        return [self.ws] if self.ws is not None else []


class ShardedNewsClient(NewsClient, discord.AutoShardedClient):
    """The same over several connections, for a bot in more servers than one can carry."""

    def gateways(self) -> list[DiscordWebSocket]:
        """As for one connection."""
        return [shard._parent.ws for shard in self.shards.values()]


def make_client(
    house: House, *, shards: int = 1, content: bool | None = None, commands: Commands | None = None, **options: Any
) -> NewsClient:
    """A client that is not connected yet.

    `content` is whether to ask for the message content intent (None: as the mention trigger is set); without it the
    bot reads what mentions it and what is written to it alone. `options` go to `discord.Client`.
    """
    if commands is None:
        from bot.discord_bot import commands as own

        commands = own
    settings = house.settings
    wanted = intents(
        mentions=settings.discord_mention_trigger,
        content=settings.discord_mention_trigger if content is None else content,
    )
    point_at_discord(settings)
    keep_quiet()
    options = {
        "intents": wanted,
        "max_messages": MESSAGES_KEPT,
        "member_cache_flags": discord.MemberCacheFlags.none(),
        "chunk_guilds_at_startup": False,
    } | options
    if shards > 1:
        return ShardedNewsClient(house, commands, shard_count=shards, **options)
    return NewsClient(house, commands, **options)


def intents(*, mentions: bool, content: bool) -> discord.Intents:
    """The least that the bot asks to be told: servers, direct messages, and messages where it may be mentioned."""
    wanted = discord.Intents.none()
    wanted.guilds = True
    wanted.dm_messages = True
    wanted.guild_messages = mentions
    wanted.message_content = mentions and content
    return wanted


def least_permissions() -> discord.Permissions:
    """What the bot needs in a server for everything that it can do."""
    return discord.Permissions(
        view_channel=True,
        send_messages=True,
        send_messages_in_threads=True,
        create_public_threads=True,
        embed_links=True,
        attach_files=True,
        read_message_history=True,
    )


def invite_link(application_id: int) -> str:
    """The address that adds the bot to a server, with the least permissions."""
    return discord.utils.oauth_url(
        application_id, permissions=least_permissions(), scopes=("bot", "applications.commands")
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


async def sync_commands(client: NewsClient, path: Path) -> bool:
    """Tell Discord which commands there are, unless it has been told just these; returns whether it was.

    `path` remembers what was told, by application. Discord is asked for the names that it knows, so that commands which
    somebody took away come back. Raises discord.HTTPException where trying again later may help.
    """
    assert client.application_id is not None
    application = str(client.application_id)
    told = [command.to_dict(client.tree) for command in client.tree.get_commands()]
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
    remembered = await asyncio.to_thread(_remembered, path)
    if remembered.get(application) == digest:
        known = {(command.name, command.type.value) for command in await client.tree.fetch_commands()}
        if known == {(command["name"], command["type"]) for command in told}:
            return False
    try:
        await client.tree.sync()
    except discord.HTTPException as error:
        if error.status == 429 or error.status >= 500:
            raise
        log.error("Discord refused the commands (%s); those that it knows go on working.", cause(error))
        return False
    log.info("Discord was told the commands: %d.", len(told))
    await asyncio.to_thread(_remember, path, remembered | {application: digest})
    return True


def _remembered(path: Path) -> dict[str, str]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _remember(path: Path, digests: dict[str, str]) -> None:
    try:
        path.write_text(json.dumps(digests, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        log.warning("%s cannot be written (%s); the commands will be told again.", path.name, error.strerror)

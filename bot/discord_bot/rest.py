"""Asks Discord's REST API a question without a client: who the bot is, which gateway, which servers."""

from __future__ import annotations

from typing import Any

import aiohttp
from discord.http import Route

from bot.discord_bot.client import DiscordRefused, api_base
from bot.errors import SettingsError
from bot.settings import Settings

TIMEOUT_SECONDS = 15
NO_TOKEN = (
    "DISCORD_TOKEN is not set. Make a bot in Discord's developer portal (https://discord.com/developers/applications), "
    "and put its token into the environment or into .env."
)
BAD_TOKEN = (
    "Discord does not take the token in DISCORD_TOKEN. Make a new one in the developer portal (Bot, Reset Token) and "
    "put it there."
)


def token_of(settings: Settings) -> str:
    """The token that is set. Raises SettingsError where there is none."""
    if settings.discord_token is None:
        raise SettingsError(NO_TOKEN)
    return settings.discord_token.get_secret_value()


class Rest:
    """A few reading requests with the bot's token. Use it with `async with`."""

    def __init__(self, settings: Settings) -> None:
        self._base = api_base(settings) or Route.BASE
        self._headers = {"Authorization": f"Bot {token_of(settings)}"}
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Rest:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
        self._session = aiohttp.ClientSession(headers=self._headers, timeout=timeout)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._session is not None
        await self._session.close()

    async def get(self, path: str) -> Any:
        """What Discord says to GET.

        Raises SettingsError where it does not take the token, DiscordRefused where it answers with another error,
        aiohttp.ClientError or TimeoutError where it cannot be reached.
        """
        assert self._session is not None
        async with self._session.get(self._base + path) as response:
            if response.status == 401:
                raise SettingsError(BAD_TOKEN)
            if response.status != 200:
                wait = response.headers.get("Retry-After", "")
                raise DiscordRefused(
                    f"Discord answered {response.status} to GET {path}.",
                    response.status,
                    float(wait) if wait.replace(".", "", 1).isdigit() else 0.0,
                )
            return await response.json(content_type=None)

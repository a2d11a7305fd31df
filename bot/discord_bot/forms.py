"""Forms and menus that people fill in: labelled fields in a modal, selects under a message."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import discord
from discord import ui

from bot.discord_bot.answer_service import tell_failure

OPEN_SECONDS = 900.0
"""How long a form or a menu can be used."""

Filled = Callable[[discord.Interaction[Any], Mapping[str, Any]], Awaitable[None]]
"""What is done with what was filled in: a text or None, or the list of what was chosen, by the field's custom_id."""


class Form(ui.Modal):
    """Labelled fields, each with its own custom_id; `filled` is called when they are sent."""

    def __init__(self, title: str, fields: Mapping[str, ui.Item[Any]], filled: Filled) -> None:
        super().__init__(title=title, timeout=OPEN_SECONDS)
        self._filled = filled
        for words, field in fields.items():
            self.add_item(ui.Label(text=words, component=field))

    async def on_submit(self, interaction: discord.Interaction[Any], /) -> None:
        fields = [each.component for each in self.children if isinstance(each, ui.Label)]
        texts = {each.custom_id: each.value.strip() or None for each in fields if isinstance(each, ui.TextInput)}
        chosen = {each.custom_id: each.values for each in fields if isinstance(each, ui.Select)}
        await self._filled(interaction, texts | chosen)

    async def on_error(self, interaction: discord.Interaction[Any], error: Exception, /) -> None:  # type: ignore[override]
        await tell_failure(interaction, error)


class Menu(ui.View):
    """Selects under a message; each calls its own function with what was chosen: values, or ids."""

    def __init__(self, *selects: tuple[ui.Item[Any], Callable[[discord.Interaction[Any], list[str]], Any]]) -> None:
        super().__init__(timeout=OPEN_SECONDS)
        for select, chosen in selects:
            select.callback = _callback(chosen)  # type: ignore[method-assign]
            self.add_item(select)

    async def on_error(self, interaction: discord.Interaction[Any], error: Exception, _item: ui.Item[Any], /) -> None:
        await tell_failure(interaction, error)


def _callback(chosen: Callable[[discord.Interaction[Any], list[str]], Any]) -> Callable[..., Any]:
    def call(interaction: discord.Interaction[Any]) -> Any:
        data: Any = interaction.data
        return chosen(interaction, list(data.get("values", [])))

    return call

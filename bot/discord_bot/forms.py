"""What people fill in: labelled fields in a modal, a select under a message."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import discord
from discord import ui

from bot.discord_bot.answer_service import tell_failure
from bot.discord_bot.context import Interaction

OPEN_SECONDS = 900.0
"""How long a form or a select can be used."""


class Form(ui.Modal):
    """Labelled fields; `filled` is given what they hold: a text or None, or the values or ids that were chosen."""

    def __init__(
        self,
        title: str,
        fields: Mapping[str, ui.Item[Any]],
        filled: Callable[[Interaction, Mapping[str, Any]], Awaitable[None]],
    ) -> None:
        super().__init__(title=title, timeout=OPEN_SECONDS)
        self._filled = filled
        for words, field in fields.items():
            self.add_item(ui.Label(text=words, component=field))

    async def on_submit(self, interaction: Interaction, /) -> None:
        fields: list[Any] = [each.component for each in self.children if isinstance(each, ui.Label)]
        await self._filled(interaction, {each.custom_id: _value(each) for each in fields})

    async def on_error(self, interaction: Interaction, error: Exception, /) -> None:  # type: ignore[override]
        await tell_failure(interaction, error)


class Choice(ui.View):
    """A select of options, labels by their values; `chosen` is called with the value that was chosen."""

    def __init__(
        self, words: str, options: Mapping[str, str], chosen: Callable[[Interaction, str], Awaitable[None]]
    ) -> None:
        super().__init__(timeout=OPEN_SECONDS)
        self._chosen = chosen
        offered = [discord.SelectOption(label=label, value=value) for value, label in options.items()]
        self._select: ui.Select[Any] = ui.Select(custom_id="choice", placeholder=words, options=offered)
        self._select.callback = self._picked  # type: ignore[method-assign]
        self.add_item(self._select)

    async def _picked(self, interaction: Interaction) -> None:
        await self._chosen(interaction, self._select.values[0])

    async def on_error(self, interaction: Interaction, error: Exception, _item: ui.Item[Any], /) -> None:
        await tell_failure(interaction, error)


def _value(field: Any) -> Any:
    if isinstance(field, ui.TextInput):
        return field.value.strip() or None
    return [getattr(each, "id", each) for each in field.values]

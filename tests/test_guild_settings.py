"""What administrators set: where, to whom and when the bot answers; stored values that are broken fall back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.corpus.catalog import Catalog
from bot.corpus.catalog.feedback import guild_settings, put_guild_settings
from bot.discord_bot.guild_settings import GuildSettings, GuildSettingsStore, settings_from
from bot.errors import UsageError

HERE, THERE, PARENT = 10, 11, 12


def test_new_servers_are_answered_everywhere_they_ask_and_nowhere_else() -> None:
    new = GuildSettings()
    assert new.answers_in([HERE])
    assert not new.is_open([HERE])
    assert new.answers_to([])
    assert not new.is_quiet(datetime.now(UTC))
    assert (new.user_per_minute, new.user_per_hour) == (5, 60)


def test_allowed_channels_close_all_others() -> None:
    settings = GuildSettings(allowed_channels=(HERE,), open_channels=(PARENT,))
    assert settings.answers_in([HERE])
    assert not settings.answers_in([THERE])
    assert settings.answers_in([99, HERE]), "a thread of an allowed channel"
    assert settings.is_open([99, PARENT])


def test_a_denied_channel_is_never_answered_in() -> None:
    settings = GuildSettings(denied_channels=(HERE,), open_channels=(HERE,))
    assert not settings.answers_in([HERE])
    assert not settings.is_open([HERE])
    assert settings.answers_in([THERE])


def test_roles() -> None:
    settings = GuildSettings(allowed_roles=(1,), denied_roles=(2,))
    assert settings.answers_to([1])
    assert not settings.answers_to([])
    assert not settings.answers_to([1, 2])


@pytest.mark.parametrize(
    ("moment", "quiet"),
    [("2024-07-01T20:30", True), ("2024-07-01T19:59", False), ("2024-07-01T04:59", True), ("2024-07-01T05:00", False)],
)
def test_quiet_hours_go_over_midnight_in_the_servers_zone(moment: str, quiet: bool) -> None:
    settings = GuildSettings(quiet_from="22:00", quiet_to="07:00", time_zone="Europe/Berlin")
    assert settings.is_quiet(datetime.fromisoformat(moment).replace(tzinfo=UTC)) is quiet


def test_times_and_zones_are_read_or_refused_in_words() -> None:
    new = GuildSettings()
    read = [new.changed(quiet_from=each, quiet_to="3:00").quiet_from for each in ("22", "7:30", " 07:00 ")]
    assert read == ["22:00", "07:30", "07:00"]
    for wrong in ("24:00", "7.30", "evening", "12:60"):
        with pytest.raises(UsageError, match="22:00"):
            new.changed(quiet_from=wrong, quiet_to="3:00")
    assert new.changed(time_zone="Europe/Berlin").time_zone == "Europe/Berlin"
    for wrong in ("Berlin/Europe", "../etc/passwd", "", "CEST-9:99"):
        with pytest.raises(UsageError, match="time zone"):
            new.changed(time_zone=wrong)
    for begin, end in (("22:00", None), (None, "7:00"), ("7", "07:00")):
        with pytest.raises(UsageError, match="a beginning and another end"):
            new.changed(quiet_from=begin, quiet_to=end)
    for value in ("many", -1, 1001):
        with pytest.raises(UsageError):
            new.changed(user_per_minute=value)


def test_broken_values_fall_back_to_the_defaults() -> None:
    stored = {
        "allowed_channels": "all", "user_per_minute": -3, "queue_length": "many", "language": "xx",
        "quiet_from": "late", "quiet_to": "07:00", "time_zone": "Nowhere", "unknown": 1, "user_per_hour": 7,
    }  # fmt: skip
    assert settings_from(stored) == GuildSettings(user_per_hour=7)


async def test_settings_survive_a_restart_and_belong_to_one_server(tmp_path: Path) -> None:
    catalog = Catalog.create(tmp_path / "catalog.sqlite")
    shelf = GuildSettingsStore(catalog)
    assert await shelf.get(1) == GuildSettings()
    changed = GuildSettings(open_channels=(HERE, 2**63), language="de", quiet_from="22:00", quiet_to="07:00")
    await shelf.put(1, changed)
    assert await shelf.get(1) == changed
    assert await GuildSettingsStore(Catalog.open(catalog.path)).get(1) == changed
    assert await shelf.get(2) == GuildSettings()
    assert await shelf.get(None) == GuildSettings()
    put_guild_settings(catalog, 1, {"language": "fr"})
    assert guild_settings(catalog, 1) == {"language": "fr"}
    assert (await GuildSettingsStore(catalog).get(1)).language == "fr"

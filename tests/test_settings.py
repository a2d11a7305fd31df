"""Settings: every knob is documented with its default, read from its place, and refused by name when it is off."""

from __future__ import annotations

import re
import traceback
from pathlib import Path
from typing import Any

import pytest

from bot.errors import SettingsError, UsageError
from bot.settings import Settings, variable_of
from bot.wiring import open_model_calls
from tests.pages import SAID

EXAMPLE = Path(__file__).resolve().parents[1] / ".env.example"


def documented() -> dict[str, str]:
    """Name -> default, as `.env.example` gives them; each stands under a comment that explains it."""
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    found = {}
    for before, line in zip(["", *lines], lines, strict=False):
        if match := re.fullmatch(r"#? ?((?:NEWSBOT|DISCORD)_[A-Z_]+)=(.*)", line):
            assert re.match(r"# \w.{10,}", before), f"{match[1]} is not explained"
            assert match[1] not in found, f"{match[1]} stands there twice"
            found[match[1]] = match[2]
        else:
            assert not line or line.startswith("#"), f"a line that is neither comment nor knob: {line}"
    return found


def defaults() -> dict[str, str]:
    """Name -> default, as the code has them."""
    return {
        variable_of(name): "" if field.default is None or field.default_factory else str(field.default)
        for name, field in Settings.model_fields.items()
    }


def test_the_example_names_every_knob_with_its_default_and_nothing_else() -> None:
    assert documented() == defaults()


def test_the_example_as_it_is_changes_nothing(tmp_path: Path) -> None:
    lines = [f"{name}={value}" for name, value in documented().items()]
    (tmp_path / ".env").write_text("\n".join(lines), encoding="utf-8")
    assert Settings() == Settings.model_construct()


def test_every_knob_says_what_it_is_for() -> None:
    assert SAID.keys() == Settings.model_fields.keys()
    assert all(len(said) > 15 for said in SAID.values())


def test_defaults_need_no_file_and_no_variable() -> None:
    assert Settings().cache_dir is None


def test_the_corpus_is_here_where_there_is_data_else_in_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Settings().data_dir == tmp_path / "home" / "newsbot"
    (tmp_path / "data").mkdir()
    assert Settings().data_dir == Path("data")
    (tmp_path / "data").rmdir()
    monkeypatch.setattr("platformdirs.user_data_path", lambda _: Path("~/.local/share/newsbot"))
    assert Settings().data_dir == Path("data"), "there is no home"


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSBOT_DATA_DIR", "/srv/news")
    monkeypatch.setenv("NEWSBOT_HITS", "20")
    monkeypatch.setenv("newsbot_threads", "3")
    monkeypatch.setenv("NEWSBOT_QUERY_PROMPT", "query: ")
    monkeypatch.setenv("NEWSBOTANY", "another program's")
    found = Settings()
    assert (found.data_dir, found.hits, found.threads, found.query_prompt) == (Path("/srv/news"), 20, 3, "query: ")


def test_the_env_file_of_the_working_directory_is_read(tmp_path: Path) -> None:
    lines = ["# ours", "NEWSBOT_HITS=7", 'NEWSBOT_EMBEDDING_MODEL="my/modèle"', "OPENAI_API_KEY=not-ours", ""]
    (tmp_path / ".env").write_text("\n".join(lines), encoding="utf-8")
    assert Settings().hits == 7
    assert Settings().embedding_model == "my/modèle"


def test_keyword_wins_over_environment_and_environment_over_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("NEWSBOT_HITS=7\nNEWSBOT_THREADS=1\nNEWSBOT_PASSAGE_CHARS=500\n", encoding="utf-8")
    monkeypatch.setenv("NEWSBOT_HITS", "8")
    monkeypatch.setenv("NEWSBOT_THREADS", "2")
    found = Settings(hits=9)
    assert (found.hits, found.threads, found.passage_chars) == (9, 2, 500)


@pytest.mark.parametrize("name", defaults())
def test_an_empty_value_is_as_if_it_were_not_there(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(name, "")
    (tmp_path / ".env").write_text(f"{name}=\n", encoding="utf-8")
    assert Settings() == Settings.model_construct()


BAD = [
    ("fetch_delay_seconds", "-1"),
    ("fetch_contact", "two words"),
    ("hits", "many"),
    ("hits", "0"),
    ("hits", "101"),
    ("passage_chars", "199"),
    ("question_chars", "1.5"),
    ("threads", "0"),
    ("threads", "-1"),
    ("lock_wait_seconds", "soon"),
    ("lock_wait_seconds", "-1"),
    ("embedding_runtime", "gpu"),
    ("llm_concurrency", "0"),
    ("llm_deadline_seconds", "0"),
    ("llm_temperature", "3"),
    ("discord_shards", "0"),
    ("discord_health_port", "65536"),
    ("discord_mention_trigger", "perhaps"),
    ("discord_api_base", "discord.com"),
    ("discord_gateway_url", "https://gateway.discord.gg"),
]


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_bad_value_is_refused_by_name(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    variable = variable_of(name)
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as caught:
        Settings()
    said = str(caught.value)
    assert variable in said
    assert value in said
    assert "\n" not in said
    assert isinstance(caught.value, UsageError), "the command line exits with 2"


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_bad_keyword_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(SettingsError, match=variable_of(name)):
        Settings(**{name: value})


@pytest.mark.parametrize("token", ["secret-part.of a-token", "secret-part.\nX-Header: 1", "secret-part.\u00e9"])
def test_a_bad_token_is_refused_without_showing_it(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", token)
    with pytest.raises(SettingsError, match="DISCORD_TOKEN") as caught:
        Settings()
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert "secret-part" not in shown


def test_a_token_is_taken_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "  Bot abc.secret ")
    found = Settings()
    assert found.discord_token is not None
    assert found.discord_token.get_secret_value() == "abc.secret"
    assert Settings(discord_token="other").discord_token == Settings(DISCORD_TOKEN="other").discord_token
    assert "secret" not in f"{found!r} {found} {found.model_dump()} {found.model_dump_json()}"


@pytest.mark.parametrize(
    ("name", "value"), [("NEWSBOT_LLM", "sk-secret-part"), ("NEWSBOT_LLM_BASE_URL", "secret-part")]
)
def test_a_key_in_the_wrong_place_is_not_shown(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name) as caught:
        open_model_calls(Settings())
    assert "secret-part" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("hits", "lots", "a whole number from 1 to 100 (got 'lots')"),
        ("lock_wait_seconds", "soon", "a number from 0 (got 'soon')"),
        ("threads", "0", "a whole number from 1 (got '0')"),
        ("embedding_runtime", "gpu", "one of auto, int8, fp32, torch (got 'gpu')"),
        ("llm_verify", "perhaps", "true or false (got 'perhaps')"),
    ],
)
def test_what_a_value_may_be_is_said_in_words(name: str, value: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings(**{name: value})  # type: ignore[arg-type]
    assert str(caught.value) == f"The setting {variable_of(name)} cannot be used: it is {said}."


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("gpt-5", "did you mean openai:gpt-5?"),
        ("claude-opus", "did you mean anthropic:claude-opus?"),
        ("some-model", "write it as openai:gpt-5-mini, for example."),
    ],
)
def test_a_chat_model_without_its_provider(name: str, meant: str) -> None:
    with pytest.raises(SettingsError) as caught:
        open_model_calls(Settings(llm=name))
    assert str(caught.value) == f"The setting NEWSBOT_LLM names no provider: {meant}"


def test_own_wordings_have_a_short_name_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSBOT_PROMPTS", "wordings")
    assert Settings().prompts_dir == Path("wordings")
    monkeypatch.setenv("NEWSBOT_PROMPTS_DIR", "others")
    assert Settings().prompts_dir == Path("others")


@pytest.mark.parametrize("place", ["the environment", r"\.env"])
def test_a_variable_that_is_no_setting_is_named_with_the_nearest(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if place == "the environment":
        monkeypatch.setenv("NEWSBOT_EMBEDING_MODEL", "secret-part")
    else:
        (tmp_path / ".env").write_text("NEWSBOT_EMBEDING_MODEL=secret-part\n", encoding="utf-8")
    told = rf"NEWSBOT_EMBEDING_MODEL, a variable in {place}, .* NEWSBOT_EMBEDDING_MODEL\."
    with pytest.raises(SettingsError, match=told) as caught:
        Settings()
    assert "secret-part" not in str(caught.value)


def test_a_keyword_that_is_no_setting_is_named_with_the_nearest() -> None:
    with pytest.raises(SettingsError, match=r"^data_dirr, a keyword of Settings, .* is data_dir\.$"):
        Settings(data_dirr="news")
    assert Settings(DISCORD_TOKEN="abc").discord_token is not None, "a setting goes by the name of its variable too"


def test_a_bad_value_in_the_file_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("NEWSBOT_EMBEDDING_RUNTIME=gpu\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"NEWSBOT_EMBEDDING_RUNTIME.*'gpu'"):
        Settings()


def test_a_file_in_another_encoding_is_told(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes("NEWSBOT_EMBEDDING_MODEL=modèle\n".encode("latin-1"))
    with pytest.raises(SettingsError, match=r"\.env"):
        Settings()


def test_the_home_folder_is_understood() -> None:
    assert Settings(data_dir="~/news", prompts_dir="~").data_dir == Path.home() / "news"

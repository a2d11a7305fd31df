"""Every knob, from the environment and `.env`: names begin with NEWSBOT_ or DISCORD_, defaults stand here.

Only wiring and the doors read it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from bot.errors import SettingsError


def default_data_dir() -> Path:
    """./data where there is one, else newsbot's folder in the user's data; ./data too where the user has no home."""
    here = Path("data")
    if here.is_dir():
        return here
    import platformdirs

    users = platformdirs.user_data_path("newsbot")
    return users if users.is_absolute() else here


class Settings(BaseSettings):
    """The knobs. Keyword arguments win over the environment, the environment over `.env` in the working directory.

    Raises SettingsError, which names the setting, where a value cannot be used or nothing here has that name.
    """

    model_config = SettingsConfigDict(
        env_prefix="NEWSBOT_",
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        populate_by_name=True,
    )

    data_dir: Path = Field(default_factory=default_data_dir)
    """Folder of the corpus: catalog, indexes. Empty: ./data where there is one, else newsbot's folder in the user's
    data.
    """
    cache_dir: Path | None = None
    """Folder for prepared models. Empty: newsbot's folder in the user's cache."""
    prompts_dir: Path | None = Field(None, validation_alias=AliasChoices("NEWSBOT_PROMPTS_DIR", "NEWSBOT_PROMPTS"))
    """Folder with your own wordings. Empty: prompts/ of newsbot."""
    database_url: SecretStr | None = None
    """Address of a PostgreSQL database for the catalog: postgresql://user:password@host/news. Empty: a SQLite file in
    the folder of the corpus.
    """
    chroma_url: str | None = None
    """Address of a Chroma server for the vectors: http://127.0.0.1:8000, or with the name of a collection behind a
    slash. Empty: files in the folder of the corpus.
    """
    opensearch_url: SecretStr | None = None
    """Address of an OpenSearch server for words and vectors: http://127.0.0.1:9200, or with the name of an index behind
    a slash. Empty: files in the folder of the corpus.
    """
    ray_address: str | None = Field(None, min_length=1)
    """Address of a Ray cluster that embeds and reads: host:6379, or local for this machine alone. Empty: this process
    does both.
    """
    embedding_model: str = Field("all-MiniLM-L6-v2", min_length=1)
    """Any sentence-transformers model, by name or folder."""
    embedding_runtime: Literal["auto", "int8", "fp32", "torch"] = "auto"
    """What runs the model: auto, int8, fp32 (ONNX Runtime) or torch."""
    embedding_words: Literal["auto", "content", "all"] = "auto"
    """Words of an English passage that are embedded: content (a model reads less than half as much), all, or auto:
    content with all-MiniLM-L6-v2, all with others.
    """
    query_prompt: str | None = None
    """Put before a question when it is embedded. Empty: what the model brings."""
    document_prompt: str | None = None
    """Put before a passage when it is embedded. Empty: what the model brings."""
    threads: int | None = Field(None, ge=1)
    """Processors used to embed. Empty: all."""
    passage_chars: int = Field(800, ge=200, le=4000)
    """Length that passages aim at, in characters."""
    hits: int = Field(10, ge=1, le=100)
    """Passages that an answer is chosen from."""
    reranker: str | None = None
    """A sentence-transformers CrossEncoder, by name or folder, reads the best hits again."""
    reranker_depth: int = Field(20, ge=1, le=200)
    """Hits that the reranker reads."""
    reader: str | None = None
    """What reads the passages found. Empty: newsbot's own model; off: quotes by rank; or another one by folder or name.
    """
    reader_depth: int = Field(10, ge=1, le=100)
    """Passages that the reader reads for a question."""
    question_chars: int = Field(1000, ge=50, le=10_000)
    """Longest question that is taken, in characters."""
    fetch_contact: str | None = Field(None, max_length=200, pattern=r"^[\x21-\x7e]+$")
    """Address or e-mail at which the operators of websites reach you; part of the User-Agent."""
    fetch_delay_seconds: float = Field(1.0, ge=0, le=60)
    """Least pause between two requests to one website, in seconds."""
    lock_wait_seconds: float = Field(600, ge=0)
    """How long a command that writes waits for another one to end."""
    llm: str | None = None
    """Chat model that writes answers, as provider:model (openai:gpt-5-mini). Empty: quotes alone."""
    llm_base_url: str | None = Field(None, pattern=r"^https?://[^\s]+$")
    """Address of an OpenAI-compatible server. Empty: the provider's."""
    llm_concurrency: int = Field(4, ge=1, le=1000)
    """Calls of the chat model at once."""
    llm_deadline_seconds: float = Field(30.0, ge=1, le=600)
    """Time an answer may take; a model that needs longer is answered for by quotes."""
    llm_context_tokens: int = Field(6000, ge=500, le=1_000_000)
    """Tokens of articles that the chat model is given for an answer."""
    llm_history_tokens: int = Field(1000, ge=0, le=100_000)
    """Tokens of conversation that it is given to understand a follow-up."""
    llm_output_tokens: int = Field(1500, ge=50, le=100_000)
    """Tokens that it may write for an answer, its thinking included."""
    llm_temperature: float | None = Field(None, ge=0, le=2)
    """How freely it writes: 0 to 2. Empty: what the provider sets."""
    llm_verify: bool = False
    """Whether the chat model reads its answer again, beside the passages, and takes out what they do not support: one
    more call an answer.
    """
    check_model: str | None = None
    """A lettucedetect model, or a CrossEncoder for entailment, by name or folder, that takes out what a passage does
    not support. Empty: what code can prove.
    """
    llm_price_in: float | None = Field(None, ge=0)
    """US dollars for a million tokens that it reads. Empty: cost is not given."""
    llm_price_out: float | None = Field(None, ge=0)
    """US dollars for a million tokens that it writes."""
    llm_cache: int = Field(256, ge=0, le=100_000)
    """Answers of the chat model that are kept. 0: none."""
    discord_token: SecretStr | None = Field(None, validation_alias="DISCORD_TOKEN")
    """The bot's token, from Discord's developer portal. Secret."""
    discord_api_base: str | None = Field(None, validation_alias="DISCORD_API_BASE", pattern=r"^https?://[^\s]+$")
    """Address of another server that speaks Discord's REST API, for tests. Empty: Discord."""
    discord_gateway_url: str | None = Field(None, validation_alias="DISCORD_GATEWAY_URL", pattern=r"^wss?://[^\s]+$")
    """Address of the gateway that belongs to it. Empty: the one that it names."""
    discord_mention_trigger: bool = True
    """Whether the bot answers where it is mentioned; asks for the message content intent."""
    discord_shards: int | None = Field(None, ge=1, le=4096)
    """Gateway connections of the bot on Discord. Empty: as many as Discord advises."""
    discord_answers_at_once: int = Field(4, ge=1, le=100)
    """Questions from Discord that are answered at once; others wait in a queue."""
    discord_ingest: bool = False
    """Whether the bot's owner and their team may put articles into the corpus from Discord."""
    discord_direct_messages: bool = True
    """Whether the bot answers in direct messages, and may be installed by people for themselves."""
    discord_blocked: str | None = Field(None, pattern=r"^\s*\d+(\s*,\s*\d+)*\s*$")
    """Ids of people and servers that are never answered, with commas between."""
    discord_keep_days: int = Field(180, ge=0, le=10_000)
    """Days that questions and answers on Discord are kept. 0: for ever."""
    discord_user_per_hour_max: int = Field(200, ge=0)
    """Questions of one person in an hour that no server may go beyond. 0: any number."""
    discord_server_per_hour_max: int = Field(3000, ge=0)
    """Questions of one server in an hour that it may not go beyond. 0: any number."""
    discord_model_per_hour_max: int | None = Field(None, ge=0)
    """Answers of the chat model in an hour for one server; then quotes. Empty: any number."""
    discord_health_port: int | None = Field(None, ge=0, le=65_535)
    """Port for health and metrics of the bot on Discord. Empty: none."""
    discord_health_address: str = Field("127.0.0.1", min_length=1)
    """Address that health and metrics are given on; 0.0.0.0 for all."""

    server_host: str = Field("127.0.0.1", min_length=1)
    """Address that newsbot serve and newsbot mcp --http open on."""
    server_port: int = Field(8080, ge=0, le=65_535)
    """Port that they open on. 0: any free one."""
    server_token: SecretStr | None = None
    """Token that callers of the servers must show; needed to open them beyond this machine. Secret."""
    server_names: str | None = Field(None, pattern=r"^[A-Za-z0-9.:\[\]-]+(\s*,\s*[A-Za-z0-9.:\[\]-]+)*$")
    """Host names that the servers are reached by through a proxy, with commas between. Empty: no proxy."""
    server_per_minute: int = Field(60, ge=0, le=1_000_000)
    """Requests of one caller that a server takes in a minute. 0: any number."""
    server_answers_at_once: int = Field(4, ge=1, le=100)
    """Questions that a server answers at once; others wait, and too many are refused."""
    server_answer_seconds: float = Field(60.0, ge=1, le=600)
    """Time that a server gives an answer, waiting included, in seconds."""
    server_body_kilobytes: int = Field(256, ge=1, le=16_384)
    """Largest body of a request that a server reads, in kB of 1,000 bytes."""

    def __init__(self, **values: Any) -> None:
        known = {*type(self).model_fields, *map(variable_of, type(self).model_fields)}
        _require_known((name for name in values if not name.startswith("_")), known, "a keyword of Settings")
        try:
            super().__init__(**values)
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0]) if first["loc"] else "settings"
            variable = variable_of(name)
            if variable in SECRETS:
                # Neither the text nor the error that it comes from may show what was given.
                raise SettingsError(f"The setting {variable} cannot be used: {first['msg']}.") from None
            raise SettingsError(
                f"The setting {variable} cannot be used: {_expected(name, first['msg'])} (got {first.get('input')!r})."
            ) from error
        except UnicodeDecodeError as error:
            raise _not_utf8(error) from error

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], *sources: PydanticBaseSettingsSource, **named: PydanticBaseSettingsSource
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """pydantic's own sources, in their order, once every NEWSBOT_ variable in them is known to be a setting."""
        aliases = [field.validation_alias for field in cls.model_fields.values()]
        known = {str(choice) for alias in aliases if isinstance(alias, AliasChoices) for choice in alias.choices}
        known |= {variable_of(name) for name in cls.model_fields}
        for source, place in ((named["env_settings"], "the environment"), (named["dotenv_settings"], ".env")):
            assert isinstance(source, EnvSettingsSource)
            ours = (name.upper() for name in source.env_vars if name.lower().startswith("newsbot_"))
            _require_known(ours, known, f"a variable in {place}")
        return super().settings_customise_sources(settings_cls, *sources, **named)

    @property
    def discord_blocked_ids(self) -> frozenset[int]:
        """The ids in `discord_blocked`."""
        return frozenset(int(each) for each in (self.discord_blocked or "").split(",") if each.strip())

    @field_validator("data_dir", "cache_dir", "prompts_dir")
    @classmethod
    def _expand(cls, path: Path | None) -> Path | None:
        return path.expanduser() if path is not None else None

    @field_validator("server_token")
    @classmethod
    def _long_enough(cls, token: SecretStr | None) -> SecretStr | None:
        text = token.get_secret_value().strip() if token is not None else ""
        if text and (len(text) < 16 or not all("!" <= character <= "~" for character in text)):
            raise ValueError("a token has 16 characters or more, ASCII without blanks; openssl rand -hex 32 makes one")
        return SecretStr(text) if text else None

    @field_validator("discord_token")
    @classmethod
    def _clean(cls, token: SecretStr | None) -> SecretStr | None:
        bare = token.get_secret_value().strip().removeprefix("Bot ") if token is not None else ""
        if not all("!" <= character <= "~" for character in bare):
            raise ValueError("a token has no blanks and ASCII characters only")
        return SecretStr(bare) if bare else None


def _expected(name: str, otherwise: str) -> str:
    """What a number or a choice may be, in words; else pydantic's own."""
    field = Settings.model_fields.get(name)
    if field is None:
        return otherwise
    kinds = [kind for kind in get_args(field.annotation) or [field.annotation] if kind is not type(None)]
    if all(isinstance(kind, str) for kind in kinds):
        return f"it is one of {', '.join(map(str, kinds))}"
    if bool in kinds:
        return "it is true or false"
    if int not in kinds and float not in kinds:
        return otherwise
    said = "it is a whole number" if int in kinds else "it is a number"
    for word, bound in (("from", "ge"), ("to", "le")):
        said += "".join(f" {word} {getattr(part, bound):g}" for part in field.metadata if hasattr(part, bound))
    return said


def _not_utf8(error: UnicodeDecodeError) -> SettingsError:
    return SettingsError(f"The file .env in {Path.cwd()} is not UTF-8 text ({error}). Save it as UTF-8.")


def _require_known(names: Iterable[str], known: set[str], what: str) -> None:
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1, 0.0)
            raise SettingsError(f"{name}, {what}, is no setting of newsbot. The nearest one is {near[0]}.")


SECRETS = {"DISCORD_TOKEN", "NEWSBOT_LLM_BASE_URL", "NEWSBOT_SERVER_TOKEN"}
"""Variables whose values are shown in no error: they are keys, or a key may have slipped into them."""


def variable_of(name: str) -> str:
    """The environment variable of a setting, from its name or its alias."""
    field = Settings.model_fields.get(name)
    if field is not None and isinstance(field.validation_alias, str):
        return field.validation_alias
    return name if field is None and name.isupper() else f"NEWSBOT_{name.upper()}"


def provider_variables(families: tuple[str, ...]) -> dict[str, str]:
    """Variables of `.env` whose names begin so: the libraries of chat models read the environment alone.

    Raises SettingsError where `.env` is not UTF-8 text.
    """
    from dotenv import dotenv_values

    try:
        found = dotenv_values(".env", encoding="utf-8")
    except UnicodeDecodeError as error:
        raise _not_utf8(error) from error
    return {name: value for name, value in found.items() if value and name.startswith(families)}

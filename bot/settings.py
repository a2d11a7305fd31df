"""Every knob, from the environment and `.env`: names begin with NEWSBOT_, defaults stand here and in `.env.example`.

Knows nothing about what the knobs turn; only wiring and the doors read it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.errors import SettingsError


class Settings(BaseSettings):
    """The knobs. Keyword arguments win over the environment, the environment over `.env` in the working directory.

    Raises SettingsError, which names the setting, where a value cannot be used.
    """

    model_config = SettingsConfigDict(
        env_prefix="NEWSBOT_", env_file=".env", env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore"
    )

    data_dir: Path = Field(Path("data"), description="Folder of the corpus: catalog, indexes.")
    cache_dir: Path | None = Field(
        None, description="Folder for prepared models. Empty: newsbot's folder in the user's cache."
    )
    prompts_dir: Path | None = Field(None, description="Folder with your own wordings. Empty: prompts/ of newsbot.")
    embedding_model: str = Field(
        "all-MiniLM-L6-v2", min_length=1, description="Any sentence-transformers model, by name or folder."
    )
    embedding_runtime: Literal["auto", "int8", "fp32", "torch"] = Field(
        "auto", description="What runs the model: auto, int8, fp32 (ONNX Runtime) or torch."
    )
    query_prompt: str | None = Field(
        None, description="Put before a question when it is embedded. Empty: what the model brings."
    )
    document_prompt: str | None = Field(
        None, description="Put before a passage when it is embedded. Empty: what the model brings."
    )
    threads: int | None = Field(None, ge=1, description="Processors used to embed. Empty: all.")
    passage_chars: int = Field(800, ge=200, le=4000, description="Length that passages aim at, in characters.")
    hits: int = Field(10, ge=1, le=100, description="Passages that an answer is chosen from.")
    question_chars: int = Field(1000, ge=50, le=10_000, description="Longest question that is taken, in characters.")
    fetch_contact: str | None = Field(
        None,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="Address or e-mail at which the operators of websites reach you; part of the User-Agent.",
    )
    fetch_delay_seconds: float = Field(
        1.0, ge=0, le=60, description="Least pause between two requests to one website, in seconds."
    )
    lock_wait_seconds: float = Field(
        600, ge=0, description="How long a command that writes waits for another one to end."
    )

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0]) if first["loc"] else "settings"
            raise SettingsError(
                f"The setting NEWSBOT_{name.upper()} cannot be used: {first['msg']} (got {first.get('input')!r})."
            ) from error
        except UnicodeDecodeError as error:
            raise SettingsError(
                f"The file .env in {Path.cwd()} is not UTF-8 text ({error}). Save it as UTF-8."
            ) from error

    @field_validator("data_dir", "cache_dir", "prompts_dir")
    @classmethod
    def _expand(cls, path: Path | None) -> Path | None:
        return path.expanduser() if path is not None else None

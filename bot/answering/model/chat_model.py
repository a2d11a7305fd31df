"""Loads the chat model that is set, of any provider that LangChain knows."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.errors import ModelError, SettingsError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel


@dataclass(frozen=True, slots=True)
class Provider:
    """What is particular to a provider: our extra, its key, and how it calls what we set.

    `keys`: the variables that may hold its key; `families`: how the variables that it reads begin; `output_tokens`:
    its name for the bound on what it writes.
    """

    extra: str
    keys: tuple[str, ...]
    families: tuple[str, ...]
    has_timeout: bool = True
    attempts: int | None = 0
    """Value of its `max_retries` with which its library asks once: retrying is ours. None: it takes none."""
    output_tokens: str = "max_tokens"
    ends_named: bool = False
    """Whether it names the reason why a text ends, so that one without was cut off."""


PROVIDERS: Mapping[str, Provider] = {
    "openai": Provider("openai", ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY"), ("OPENAI_",), ends_named=True),
    "anthropic": Provider("anthropic", ("ANTHROPIC_API_KEY",), ("ANTHROPIC_",)),
    "google_genai": Provider("google", ("GOOGLE_API_KEY", "GEMINI_API_KEY"), ("GOOGLE_", "GEMINI_"), attempts=1),
    "mistralai": Provider("mistral", ("MISTRAL_API_KEY",), ("MISTRAL_",), attempts=1),
    "ollama": Provider("ollama", (), ("OLLAMA_",), has_timeout=False, attempts=None, output_tokens="num_predict"),
}
"""Those with an extra of newsbot's; others work too, with the provider's own package and its own bounds."""
TRACING_FAMILIES = ("LANGSMITH_", "LANGCHAIN_")
NO_KEY = "none"
"""Stands in for the key where a server of one's own needs none and the provider's library insists."""
_KEY_NAME = re.compile(r"\b[A-Z][A-Z0-9]*_(?:API_)?(?:KEY|TOKEN)\b")


def provider_of(name: str) -> str:
    """The provider of "provider:model"."""
    return name.partition(":")[0]


def variable_families(name: str) -> tuple[str, ...]:
    """How the environment variables begin that a provider's library reads, tracing included."""
    provider = provider_of(name)
    known = PROVIDERS.get(provider)
    return (*(known.families if known else (f"{provider.split('_')[0].upper()}_",)), *TRACING_FAMILIES)


def load_chat_model(
    name: str,
    *,
    base_url: str | None = None,
    deadline_seconds: float = 30.0,
    output_tokens: int = 1500,
    temperature: float | None = None,
) -> BaseChatModel:
    """The model "provider:model" as LangChain makes it; our own calls bound its time and retry it.

    Raises SettingsError for an unknown provider, ModelError where the package or the key is missing.
    """
    provider = provider_of(name)
    known = PROVIDERS.get(provider)
    given: dict[str, Any] = {}
    if known:
        given[known.output_tokens] = output_tokens
        if known.has_timeout:
            given["timeout"] = math.ceil(deadline_seconds)
        if known.attempts is not None:
            given["max_retries"] = known.attempts
    if base_url:
        given["base_url"] = base_url
    if temperature is not None:
        given["temperature"] = temperature
    if provider == "openai":
        # A model on a CPU may read longer than the two minutes that LangChain waits for the first piece of a stream.
        given["stream_chunk_timeout"] = float(given["timeout"])
    if provider == "openai" and base_url:
        # A server of one's own speaks the older of OpenAI's two interfaces, and tells token counts when asked.
        given |= {"use_responses_api": False, "stream_usage": True}
        if not key_variable(name):
            given["api_key"] = NO_KEY
    try:
        from langchain.chat_models import init_chat_model
    except ImportError as error:
        raise ModelError(f"The chat model {name} needs the package langchain. {_install(provider)}") from error
    try:
        made: BaseChatModel = init_chat_model(name, **given)
    except ImportError as error:
        missing = re.search(r"`pip install ([\w.-]+)`", str(error))
        raise ModelError(
            f"The chat model {name} needs the package {missing[1] if missing else error.name or 'of its provider'}. "
            f"{_install(provider, missing[1] if missing else '')}"
        ) from error
    except Exception as error:
        raise _unmade(name, error) from None
    return made


def key_variable(name: str, environment: Mapping[str, str] | None = None) -> str | None:
    """The variable that holds the provider's key, None where none is set. Its value is shown nowhere."""
    known = PROVIDERS.get(provider_of(name))
    have = os.environ if environment is None else environment
    candidates = known.keys if known else (f"{provider_of(name).split('_')[0].upper()}_API_KEY",)
    return next((variable for variable in candidates if have.get(variable)), None)


def without_credentials(url: str) -> str:
    """An address fit to show: without user, password, query and fragment."""
    from yarl import URL

    return str(URL(url).with_user(None).with_query(None).with_fragment(None))


def _install(provider: str, package: str = "") -> str:
    known = PROVIDERS.get(provider)
    wanted = f'"newsbot[{known.extra}]"' if known else package or f"langchain-{provider.replace('_', '-')}"
    return f"Install it: pip install {wanted}"


def _unmade(name: str, error: Exception) -> ModelError | SettingsError:
    """Why a provider's library refuses to make its model; its text may hold what was given, so it is not shown."""
    provider, text = provider_of(name), str(error)
    if "model_provider" in text or "Unsupported provider" in text:
        known = ", ".join(PROVIDERS)
        return SettingsError(
            f"The setting NEWSBOT_LLM names the provider {provider!r}, which LangChain does not know. "
            f"Write it as provider:model, with a provider such as {known}."
        )
    known_provider = PROVIDERS.get(provider)
    found = _KEY_NAME.search(text)
    variable = known_provider.keys[0] if known_provider and known_provider.keys else found[0] if found else None
    if variable and re.search(r"key|credential|token", text, re.IGNORECASE) and not key_variable(name):
        return ModelError(f"The chat model {name} needs a key. Set {variable} in the environment or in .env.")
    return ModelError(
        f"The chat model {name} cannot be set up ({type(error).__name__}). Check NEWSBOT_LLM and the other settings "
        "that begin with NEWSBOT_LLM_."
    )

"""Holds requests to Discord against Discord's own description of its API, and against the limits that it leaves out.

The description (OpenAPI) is read from beside the checkout, where it is there.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

DESCRIPTION = Path(__file__).resolve().parents[2] / "shared" / "discord" / "openapi.json"
CONTENT_CHARS_MAX, EMBEDS_CHARS_MAX = 2000, 6000
SAFE_INTEGER = 2**53


class Contract:
    """Discord's description of its API, asked about one body at a time."""

    def __init__(self, path: Path = DESCRIPTION) -> None:
        self._paths: dict[str, Any] = (document := json.loads(path.read_text(encoding="utf-8")))["paths"]
        resource = Resource.from_contents(document, default_specification=DRAFT202012)
        self._registry: Registry[Any] = Registry().with_resource("urn:discord", resource)
        self._validators: dict[str, Draft202012Validator] = {}
        # What is spelled out wins over a hole: /users/@me before /users/{user_id}.
        self._templates = [
            (re.compile(re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(template))), template)
            for template in sorted(self._paths, key=lambda template: template.count("{"))
        ]

    def of_request(self, method: str, path: str, body: Any) -> str | None:
        """What is wrong with a request, or None."""
        operation, pointer = self._operation(method, path)
        if operation is None:
            return f"Discord has no {method} {path}"
        if "requestBody" not in operation:
            return f"{method} {path} takes no body" if body not in (None, {}, []) else None
        schemas = operation["requestBody"]["content"]
        if "application/json" not in schemas:
            return None
        return self._wrong(f"{pointer}/requestBody/content/application~1json/schema", body)

    def of_response(self, method: str, path: str, status: int, body: Any) -> str | None:
        """What is wrong with a response, or None; what the description does not speak of is right."""
        operation, pointer = self._operation(method, path)
        if operation is None or "application/json" not in operation["responses"].get(str(status), {}).get(
            "content", {}
        ):
            return None
        return self._wrong(f"{pointer}/responses/{status}/content/application~1json/schema", body)

    def _operation(self, method: str, path: str) -> tuple[dict[str, Any] | None, str]:
        for pattern, template in self._templates:
            operation = self._paths[template].get(method.lower())
            if operation is not None and pattern.fullmatch(path):
                escaped = template.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")
                return operation, f"urn:discord#/paths/{escaped}/{method.lower()}"
        return None, ""

    def _wrong(self, pointer: str, body: Any) -> str | None:
        if pointer not in self._validators:
            self._validators[pointer] = Draft202012Validator({"$ref": pointer}, registry=self._registry)
        error = best_match(self._validators[pointer].iter_errors(spelled_out(body)))
        while error is not None and error.context:
            # Of the forms that a value may have, the one that fits furthest down is the one that was meant.
            error = max(
                error.context, key=lambda each: (len(each.absolute_path), each.validator not in {"type", "enum"})
            )
        return f"{error.json_path}: {error.message[:300]}" if error is not None else None


def spelled_out(value: Any, name: str = "") -> Any:
    """Ids as strings: discord.py sends them as integers, which Discord takes and its description does not."""
    if isinstance(value, dict):
        numbers = {"id"} if name == "attachments" else set()
        return {key: str(each) if key in numbers else spelled_out(each, key) for key, each in value.items()}
    if isinstance(value, list):
        return [spelled_out(each, name) for each in value]
    return str(value) if type(value) is int and value > SAFE_INTEGER else value


def message_in(method: str, path: str, body: Any) -> dict[str, Any] | None:
    """The message that a request makes or changes, if it does."""
    if method not in {"POST", "PATCH"} or not isinstance(body, dict):
        return None
    if path.endswith("/callback"):
        return body.get("data") or {} if body.get("type") in {4, 7} else None
    if re.fullmatch(r"/channels/\d+/messages(/\d+)?|/webhooks/\d+/[^/]+(/messages/[^/]+)?", path):
        return body
    return None


def broken_limits(message: dict[str, Any]) -> str | None:
    """Which of the limits that the description lacks a message breaks: 2,000 characters of content, 6,000 of embeds."""
    if len(content := message.get("content") or "") > CONTENT_CHARS_MAX:
        return f"$.content has {len(content)} characters"
    if (chars := sum(map(embed_chars, message.get("embeds") or []))) > EMBEDS_CHARS_MAX:
        return f"$.embeds have {chars} characters"
    return None


def embed_chars(embed: dict[str, Any]) -> int:
    """The characters of an embed that count towards the 6,000."""
    texts = [embed.get("title"), embed.get("description")]
    texts += [(embed.get(part) or {}).get(name) for part, name in (("footer", "text"), ("author", "name"))]
    texts += [field.get(name) for field in embed.get("fields") or [] for name in ("name", "value")]
    return sum(len(text or "") for text in texts)


def unsafe_mentions(message: dict[str, Any]) -> bool:
    """Whether a message could ping somebody: a body that does not forbid every kind of mention."""
    allowed = message.get("allowed_mentions")
    return not (isinstance(allowed, dict) and allowed.get("parse") == [] and set(allowed) <= {"parse", "replied_user"}
                and not allowed.get("replied_user"))  # fmt: skip

"""How Discord takes the answers to interactions: one acknowledgement in time, then edits and follow-ups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fake_discord_rest import NO_CONTENT, Refused, Reply, Request, rewritten, route, says_something, written
from tests.fake_discord_world import EPHEMERAL, LOADING, Json, without_thread

if TYPE_CHECKING:
    from tests.fake_discord import FakeDiscord
    from tests.fake_discord_people import Interaction


@route("POST", "/interactions/{interaction}/{token}/callback")
async def _callback(fake: FakeDiscord, request: Request, holes: dict[str, str]) -> Reply:
    found = fake.interactions.get(holes["token"])
    if found is None or found.id != holes["interaction"] or found.age_seconds > fake.acknowledge_seconds:
        raise Refused(404, 10062, "Unknown interaction")
    if found.acknowledged is not None:
        raise Refused(400, 40060, "Interaction has already been acknowledged.")
    kind, data = request.body["type"], request.body.get("data") or {}
    if kind not in found.may_be_answered_by:
        raise Refused(400, 50035, f"Invalid Form Body: a callback of type {kind} does not answer this interaction")
    if kind in {4, 7} and not says_something(data, request) and not (kind == 7 and data):
        raise Refused(400, 50006, "Cannot send an empty message")
    found.acknowledged, found.acknowledged_after_seconds = kind, found.age_seconds
    channel, message = fake.world.channels[found.channel_id], found.source
    if kind in {4, 5}:
        flags = (data.get("flags") or 0) | (LOADING if kind == 5 else 0)
        fields = _of_interaction(fake, found)
        message = written(fake, request, channel, {**data, "flags": flags}, **fields)
        if not flags & EPHEMERAL:
            await fake.tell("MESSAGE_CREATE", channel, fake.world.seen(message))
    elif kind == 7:
        assert message is not None
        await rewritten(fake, request, channel, message, data)
    elif kind == 8:
        found.choices = data.get("choices") or []
        message = None
    elif kind == 9:
        found.modal, message = data, None
    found.original = message
    if request.query.get("with_response", "") not in {"1", "true"}:
        return NO_CONTENT, None
    told: Json = {"id": found.id, "type": found.kind}
    if message is not None:
        told |= {"response_message_id": message["id"], "response_message_loading": kind == 5,
                 "response_message_ephemeral": bool(message["flags"] & EPHEMERAL)}  # fmt: skip
    shown = {"resource": {"type": kind, "message": message}} if kind in {4, 7} else {}
    return 200, {"interaction": told, **shown}


@route("POST", "/webhooks/{application}/{token}")
async def _follow_up(fake: FakeDiscord, request: Request, holes: dict[str, str]) -> Reply:
    found = _interaction_of(fake, holes)
    channel = fake.world.channels[found.channel_id]
    if found.original is not None and found.original["flags"] & LOADING and not found.followups:
        # The first follow-up of a deferred answer takes the place of "thinking...".
        message = await rewritten(fake, request, channel, found.original, request.body)
        return 200, message
    message = written(fake, request, channel, request.body, **_of_interaction(fake, found))
    found.followups.append(message)
    if not message["flags"] & EPHEMERAL:
        await fake.tell("MESSAGE_CREATE", channel, fake.world.seen(message))
    return 200, message


@route("GET", "/webhooks/{application}/{token}/messages/{message}")
@route("PATCH", "/webhooks/{application}/{token}/messages/{message}")
@route("DELETE", "/webhooks/{application}/{token}/messages/{message}")
async def _of_webhook(fake: FakeDiscord, request: Request, holes: dict[str, str]) -> Reply:
    found = _interaction_of(fake, holes)
    original = holes["message"] == "@original"
    message = found.original if original else fake.world.messages.get(holes["message"])
    if message is None or message["id"] not in fake.world.messages:
        raise Refused(404, 10008, "Unknown Message")
    if request.method == "PATCH":
        channel = fake.world.channels[found.channel_id]
        return 200, await rewritten(fake, request, channel, message, request.body)
    if request.method == "DELETE":
        await fake.delete(message)
        return NO_CONTENT, None
    return 200, message


def _interaction_of(fake: FakeDiscord, holes: dict[str, str]) -> Interaction:
    found = fake.interactions.get(holes["token"])
    if found is None or found.age_seconds > fake.token_seconds:
        raise Refused(401, 50027, "Invalid Webhook Token")
    if found.acknowledged is None:
        raise Refused(404, 10015, "Unknown Webhook")
    return found


def _of_interaction(fake: FakeDiscord, found: Interaction) -> Json:
    about = {
        "id": found.id, "type": found.kind, "user": found.user, "authorizing_integration_owners": {},
        "name": found.data.get("name"),
    }  # fmt: skip
    fields: Json = {
        "type": 20 if found.kind == 2 else 0,
        "webhook_id": fake.application_id,
        "application_id": fake.application_id,
    }
    if found.kind == 2:
        fields["interaction_metadata"] = {name: value for name, value in about.items() if value is not None}
    if found.source is not None:
        reference = {"type": 0, "message_id": found.source["id"], "channel_id": found.channel_id}
        fields |= {"message_reference": reference, "referenced_message": without_thread(found.source)}
    return fields

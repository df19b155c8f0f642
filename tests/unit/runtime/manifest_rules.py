"""What Slack takes for an app manifest, and what each thing it declares is for: written down from Slack's reference
(docs.slack.dev: App manifest reference, the Web API methods' and the events' pages), not from our code."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tools.contracts.common import JsonObject


def text(most: int, *, least: int = 1, pattern: str = "") -> JsonObject:
    found: JsonObject = {"type": "string", "minLength": least, "maxLength": most}
    return found | ({"pattern": pattern} if pattern else {})


def fields(required: list[str] | None = None, **properties: JsonObject) -> JsonObject:
    """An object that has no other keys."""
    return {"type": "object", "additionalProperties": False, "required": required or [], "properties": properties}


def rows(of: JsonObject, *, most: int) -> JsonObject:
    return {"type": "array", "items": of, "minItems": 1, "maxItems": most, "uniqueItems": True}


FLAG: JsonObject = {"type": "boolean"}
NAME = text(50, pattern=r"^[a-z_]+([.:][a-z_.:]+)?$")

SCHEMA: JsonObject = fields(
    ["display_information"],
    display_information=fields(
        ["name"],
        name=text(35),
        description=text(140),
        background_color=text(7, least=4, pattern="^#[0-9a-fA-F]{3}([0-9a-fA-F]{3})?$"),
        long_description=text(4000, least=175),
    ),
    features=fields(
        app_home=fields(home_tab_enabled=FLAG, messages_tab_enabled=FLAG, messages_tab_read_only_enabled=FLAG),
        bot_user=fields(["display_name"], display_name=text(80), always_online=FLAG),
        assistant_view=fields(
            ["assistant_description"],
            assistant_description=text(255),
            suggested_prompts=rows(fields(["title", "message"], title=text(75), message=text(2000)), most=4),
        ),
        shortcuts=rows(
            fields(
                ["name", "type", "callback_id", "description"],
                name=text(24),
                type={"enum": ["message", "global"]},
                callback_id=text(255),
                description=text(150),
            ),
            most=10,
        ),
        slash_commands=rows(
            fields(
                ["command", "description"],
                command=text(32, least=2, pattern="^/"),
                url=text(3000, pattern="^https?://"),
                description=text(2000),
                usage_hint=text(1000),
                should_escape=FLAG,
            ),
            most=50,
        ),
        unfurl_domains=rows(text(255, pattern=r"^(?![.-])[-a-z0-9.]+[a-z0-9]$"), most=5),
    ),
    oauth_config=fields(redirect_urls=rows(text(2500), most=1000), scopes=fields(bot=rows(NAME, most=255))),
    settings=fields(
        event_subscriptions=fields(request_url=text(3500, pattern="^https?://"), bot_events=rows(NAME, most=100)),
        interactivity=fields(["is_enabled"], is_enabled=FLAG, request_url=text(3500, pattern="^https?://")),
        org_deploy_enabled=FLAG,
        socket_mode_enabled=FLAG,
        token_rotation_enabled=FLAG,
    ),
)

HISTORY = frozenset({"channels:history", "groups:history", "im:history"})
READ = frozenset({"channels:read", "groups:read"})
"""Of the kinds of conversations that are asked for: public and private channels."""

SCOPES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "apps.connections.open": frozenset[str](),  # the app token's own
        "auth.revoke": frozenset[str](),
        "auth.teams.list": frozenset[str](),  # no scope is required
        "auth.test": frozenset[str](),
        "assistant.threads.setStatus": frozenset({"assistant:write"}),
        "assistant.threads.setSuggestedPrompts": frozenset({"assistant:write"}),
        "assistant.threads.setTitle": frozenset({"assistant:write"}),
        "chat.appendStream": frozenset({"chat:write"}),
        "chat.getPermalink": frozenset(),  # "Required scopes: no scopes required"
        "chat.postEphemeral": frozenset({"chat:write"}),
        "chat.postMessage": frozenset({"chat:write"}),
        "chat.startStream": frozenset({"chat:write"}),
        "chat.stopStream": frozenset({"chat:write"}),
        "chat.unfurl": frozenset({"links:write"}),
        "chat.update": frozenset({"chat:write"}),
        "conversations.history": HISTORY,
        "conversations.info": READ,
        "conversations.list": READ,
        "conversations.open": frozenset({"im:write"}),
        "conversations.replies": HISTORY,
        "files.completeUploadExternal": frozenset({"files:write"}),
        "files.getUploadURLExternal": frozenset({"files:write"}),
        "files.info": frozenset({"files:read"}),
        "usergroups.list": frozenset({"usergroups:read"}),
        "views.open": frozenset[str](),
        "views.publish": frozenset[str](),
    }
)
"""Method → the bot scopes that a call of it needs here."""

EVENTS: Mapping[str, Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "app_home_opened": {"app_home_opened": frozenset[str]()},
        "app_mention": {"app_mention": frozenset({"app_mentions:read"})},
        "app_uninstalled": {"app_uninstalled": frozenset[str]()},
        "link_shared": {"link_shared": frozenset({"links:read"})},
        "message": {
            "message.channels": frozenset({"channels:history"}),
            "message.groups": frozenset({"groups:history"}),
            "message.im": frozenset({"im:history"}),
        },
        "tokens_revoked": {"tokens_revoked": frozenset[str]()},
        "assistant": {
            "assistant_thread_started": frozenset({"assistant:write"}),
            "assistant_thread_context_changed": frozenset({"assistant:write"}),
            "message.im": frozenset({"im:history"}),
        },
    }
)
"""What a listener is registered for → the subscriptions that bring it, each with the scopes it needs."""

COMMANDS_SCOPE = "commands"
"""Of slash commands and of shortcuts."""

"""Where a provider lists its models. Asking there costs nothing, and shows whether it is reached and takes the key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from agents.orchestrator.chat import Member
from agents.orchestrator.providers.catalog import provider_of


@dataclass(frozen=True)
class Listing:
    url: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    whole: bool = True
    """Whether a model that is not on it cannot be asked. Azure lists models, and deployments have other names."""


def listing_of(member: Member) -> Listing | None:
    """None: there is none that its key alone opens (Bedrock), or nobody knows where (a provider that is not ours)."""
    key, base = member.api_key or "", (member.api_base or "").rstrip("/")
    match provider_of(member):
        case "claude":
            headers = {"x-api-key": key, "anthropic-version": "2023-06-01"}
            return Listing(f"{base or 'https://api.anthropic.com'}/v1/models?limit=1000", headers)
        case "openai" | "compatible":
            return Listing(f"{base or 'https://api.openai.com/v1'}/models", {"Authorization": f"Bearer {key}"})
        case "gemini":
            base = base or "https://generativelanguage.googleapis.com/v1beta"
            return Listing(f"{base}/models?pageSize=1000", {"x-goog-api-key": key})
        case "azure":
            version = quote(dict(member.extra).get("api_version", ""))
            return Listing(f"{base}/openai/models?api-version={version}", {"api-key": key}, whole=False)
        case "ollama":
            return Listing(f"{base}/api/tags")
        case _:
            return None

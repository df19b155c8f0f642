"""Which engine decides."""

from __future__ import annotations

from policies.bundle import Bundle, load_bundle
from policies.engine import PolicyEngine
from policies.tenants import WithTenants


async def open_engine(
    opa_url: str | None, *, bundle: Bundle | None = None, token: str | None = None, timeout_seconds: float = 1.5
) -> PolicyEngine:
    """The OPA server at `opa_url`, or regorus in this process when it is None.

    With a server there is no falling back: raises :class:`policies.engine.PolicyUnavailable` when it is away, and
    `ValueError` for an address that is none (the empty string too). Close it with `aclose`.
    """
    policies = load_bundle() if bundle is None else bundle
    # Each engine's library is imported only where it is used.
    if opa_url is None:
        from policies.regorus_engine import RegorusEngine

        engine: PolicyEngine = RegorusEngine(policies)
    else:
        from policies.opa import open_opa

        engine = await open_opa(opa_url, policies, token=token, timeout_seconds=timeout_seconds)
    return WithTenants(engine, policies.tenants) if policies.tenants else engine

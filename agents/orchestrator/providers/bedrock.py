"""AWS Bedrock. Which models an account may ask, and in which region, is its owner's to say."""

from __future__ import annotations

from collections.abc import Sequence

from agents.orchestrator.providers.vendor import Connection, Environment, Missing, Vendor, and_list


class Bedrock(Vendor):
    identifier = "bedrock"
    name = "Bedrock"
    prefix = "bedrock"
    family = "amazon"
    needs = "AWS_BEARER_TOKEN_BEDROCK (or AWS keys), AWS_REGION and GAVEL_MODEL_BEDROCK"

    def connect(self, env: Environment, models: Sequence[str]) -> Connection | Missing | None:
        named = self.models(models)
        token = env.get("AWS_BEARER_TOKEN_BEDROCK")
        signed = "AWS_ACCESS_KEY_ID" in env and "AWS_SECRET_ACCESS_KEY" in env
        region = env.get("AWS_REGION") or env.get("AWS_REGION_NAME") or env.get("AWS_DEFAULT_REGION")
        if token is None and (not signed or not named):
            # AWS keys alone are on many machines for other reasons: only naming a model asks for Bedrock.
            asked = ", ".join(named)
            nothing = f"GAVEL_MODEL_BEDROCK is {asked} but there are no AWS credentials: Bedrock is not used."
            return Missing(nothing) if named else None
        missing = [name for name, value in (("AWS_REGION", region), ("GAVEL_MODEL_BEDROCK", named)) if not value]
        if region is None or not named:
            return Missing(f"AWS credentials are set but {and_list(missing)} is not: Bedrock is not used.")
        extra = [("aws_region_name", region)]
        if endpoint := env.get("AWS_ENDPOINT_URL_BEDROCK_RUNTIME"):
            extra.append(("aws_bedrock_runtime_endpoint", endpoint))
        # Signing keys stay in the environment, where botocore reads them; they are in nobody's configuration here.
        return Connection(named, api_key=token, extra=tuple(extra))

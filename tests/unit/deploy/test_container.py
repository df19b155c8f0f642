"""What the container, the compose file and the manifests promise. Their schemas are held by `make deploy`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from pydantic import SecretStr

from bot.alerts.names import WEBHOOK_PATH
from bot.settings import CONFIG_VARIABLE, SECTIONS, Settings
from bot.settings_alerts import AlertSettings
from bot.settings_slack import SlackSettings
from bot.settings_values import decode_key
from tools.contracts.common import JsonObject

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
MANIFESTS = DEPLOY / "kubernetes"
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")


def manifests(kind: str) -> list[JsonObject]:
    return [
        document
        for path in sorted(MANIFESTS.glob("*.yaml"))
        for document in yaml.safe_load_all(path.read_text("utf-8"))
        if document["kind"] == kind
    ]


def compose() -> JsonObject:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))


def variables() -> set[str]:
    """Every variable that the settings tree reads, and those of the models' providers and of traces."""
    trees = [
        ("GAVEL_", Settings),
        *((section.model_config.get("env_prefix", ""), section) for section in SECTIONS.values()),
    ]
    return {f"{prefix}{name}".upper() for prefix, tree in trees for name in tree.model_fields} | {CONFIG_VARIABLE}


OTHERS = re.compile(r"[A-Z]+_API_KEY|OTEL_[A-Z_]+|POSTGRES_[A-Z]+")


def test_the_image_runs_as_nobody_and_is_made_of_the_lock() -> None:
    stages = DOCKERFILE.split("\nFROM ")
    final = stages[-1]
    assert len(stages) == 3, "a stage that builds, and one that runs"
    assert re.search(r"^USER 10001:10001$", final, re.MULTILINE)
    for word in ("pip install", "uv", "apt-get", "gcc"):
        assert word not in final.replace("/opt/gavel", ""), f"{word} has no place in the image that runs"
    assert DOCKERFILE.count("uv sync --locked") == 2
    for base in re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE):
        assert re.fullmatch(r"python:\d+\.\d+-slim-[a-z]+", base)
    requires = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    for package in requires["packages"]:
        assert f"COPY {package} {package}\n" in DOCKERFILE
    uv = re.search(r"^UV_VERSION := (\S+)", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert uv is not None
    assert f"uv=={uv[1]}" in DOCKERFILE


def pods() -> Iterator[JsonObject]:
    for deployment in manifests("Deployment"):
        yield deployment["spec"]["template"]["spec"]


def test_pods_may_do_nothing_that_they_need_not() -> None:
    assert len(list(pods())) == 2
    for pod in pods():
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert f"USER {pod['securityContext']['runAsUser']}:" in DOCKERFILE
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert set(container["resources"]["requests"]) == {"cpu", "memory"}
            assert "memory" in container["resources"]["limits"]
            paths = {
                name: container[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "liveness", "readiness")
            }
            assert paths == {"startup": "/healthz", "liveness": "/healthz", "readiness": "/readyz"}
            # Longer than the listener asks its parts: it must get to say which does not answer.
            assert container["readinessProbe"]["timeoutSeconds"] > 6
            written = {mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")}
            assert {"/var/lib/gavel", "/tmp"} <= written
            # A mount's own mode lets its group write, too: the data directory is one that Gavel makes below it.
            (config,) = manifests("ConfigMap")
            assert any(Path(mount) in Path(config["data"]["GAVEL_DATA_DIR"]).parents for mount in written)


def test_each_deployment_is_selected_kept_up_and_fenced_in() -> None:
    budgets = {budget["metadata"]["name"]: budget["spec"] for budget in manifests("PodDisruptionBudget")}
    (fence,) = manifests("NetworkPolicy")
    assert set(fence["spec"]["policyTypes"]) == {"Ingress", "Egress"}
    for deployment in manifests("Deployment"):
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        assert deployment["spec"]["selector"]["matchLabels"].items() <= labels.items()
        budget = budgets[deployment["metadata"]["name"]]
        assert budget["selector"]["matchLabels"] == deployment["spec"]["selector"]["matchLabels"]
        assert deployment["spec"]["replicas"] > budget["minAvailable"]
        assert fence["spec"]["podSelector"]["matchLabels"].items() <= labels.items()
    allowed = {port["port"] for rule in fence["spec"]["ingress"] for port in rule["ports"]}
    for service in manifests("Service"):
        selected = service["spec"]["selector"].items()
        (bot,) = [
            one for one in manifests("Deployment") if selected <= one["spec"]["template"]["metadata"]["labels"].items()
        ]
        listening = {
            port["name"]: port["containerPort"] for port in bot["spec"]["template"]["spec"]["containers"][0]["ports"]
        }
        assert {listening[port["targetPort"]] for port in service["spec"]["ports"]} <= allowed


def test_alertmanager_reaches_the_webhook_by_the_name_that_is_written_down() -> None:
    [(name, namespace, port)] = [
        (one["metadata"]["name"], one["metadata"]["namespace"], one["spec"]["ports"][0]["port"])
        for one in manifests("Service")
        if one["spec"]["ports"][0]["targetPort"] == "alerts"
    ]
    assert port == AlertSettings.model_fields["webhook_port"].default
    url = f"http://{name}.{namespace}.svc:{port}{WEBHOOK_PATH}"
    for page in (ROOT / "docs" / "alerts.md", MANIFESTS / "bot.yaml"):
        assert url in page.read_text("utf-8")
    assert re.search(r"\bGAVEL_ALERTS_WEBHOOK_HOST=0\.0\.0\.0\b", DOCKERFILE)


def _key(value: str) -> None:
    decode_key(value)


def _webhook(value: str) -> None:
    AlertSettings(webhook_token=SecretStr(value), channels=["alerts"])


OPENS = {"GAVEL_SECRET_KEY": _key, "GAVEL_ALERTS_WEBHOOK_TOKEN": _webhook}
"""What lets others in or stands for Gavel itself: by a value that stands in a public file, anybody would be."""


@pytest.mark.parametrize("name", OPENS)
def test_what_opens_something_is_refused_as_the_example_has_it(name: str) -> None:
    (secret,) = manifests("Secret")
    with pytest.raises(ValueError, match=r"at least 16|32 bytes"):
        OPENS[name](secret["stringData"][name])


def test_no_other_that_opens_something_has_a_value_in_the_example() -> None:
    (secret,) = manifests("Secret")
    goes_out = {"SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "DATABASE_URL", "REDIS_URL", "GAVEL_ESTATE_TOKEN"}
    # A new one is either what Gavel shows to others, and stands here, or is refused as it is.
    assert set(secret["stringData"]) - goes_out - set(OPENS) == {"ANTHROPIC_API_KEY"}


def test_everything_is_applied_but_the_example_of_the_secret() -> None:
    listed = yaml.safe_load((MANIFESTS / "kustomization.yaml").read_text("utf-8"))["resources"]
    there = {path.name for path in MANIFESTS.glob("*.yaml")}
    assert set(listed) == there - {"kustomization.yaml", "secret.example.yaml"}


def given() -> Iterator[str]:
    (config,) = manifests("ConfigMap")
    (secret,) = manifests("Secret")
    yield from (name for name in config["data"] if not name.endswith(".yaml"))
    yield from secret["stringData"]
    yield from compose()["services"]["gavel"]["environment"]
    yield from re.findall(r"((?:GAVEL|SLACK)_[A-Z_]+)=", DOCKERFILE)


@pytest.mark.parametrize("name", sorted(set(given())))
def test_every_variable_that_is_set_is_one_that_gavel_reads(name: str) -> None:
    assert name in variables() or OTHERS.fullmatch(name)


def test_everything_of_the_env_file_reaches_the_composed_gavel() -> None:
    gavel = compose()["services"]["gavel"]
    # Beside the compose file's folder: where docs/operate.md has it.
    assert gavel["env_file"] == [{"path": "../.env", "required": True}], "no tokens are no reason to simulate Slack"
    own = dict(re.findall(r"(GAVEL_(?:DATA|OPS)_[A-Z]+)=(\S+)", DOCKERFILE))
    assert own
    # The volume, the published port and the health check count on these, whatever the file says.
    assert own.items() <= gavel["environment"].items()


def test_the_composed_gavel_demands_no_more_than_every_mode_needs_and_says_nothing_twice() -> None:
    environment = compose()["services"]["gavel"]["environment"]
    demanded = {name for text in environment.values() for name in re.findall(r"\$\{([A-Z_]+):\?", str(text))}
    # Slack's tokens are another set in Socket Mode, in HTTP mode and where workspaces install the app.
    assert demanded == {"GAVEL_SECRET_KEY", "POSTGRES_PASSWORD"}
    # The env file hands these over already, and one that is empty here would win over it.
    assert [name for name, text in environment.items() if str(text).endswith(":-}")] == []


def test_http_mode_can_be_reached_from_outside_the_container() -> None:
    assert "# SLACK_SIGNING_SECRET:" in (MANIFESTS / "secret.example.yaml").read_text("utf-8")
    port = SlackSettings.model_fields["port"].default
    assert f'"127.0.0.1:{port}:{port}"' in (DEPLOY / "compose.yaml").read_text("utf-8").partition("\nname:")[0]
    for name in ("SLACK_HOST", "GAVEL_OPS_HOST"):
        assert re.search(rf"\b{name}=0\.0\.0\.0\b", DOCKERFILE)


def test_the_composed_servers_are_pinned_hardened_and_not_published() -> None:
    services = compose()["services"]
    assert set(services) == {"gavel", "temporal", "postgres", "redis", "opa"}
    for name, service in services.items():
        assert re.search(r":[\w.-]*\d[\w.-]*$", service["image"]), f"{name} is not pinned"
        assert service["security_opt"] == ["no-new-privileges:true"]
        published = service.get("ports", [])
        assert all(port.startswith("127.0.0.1:") for port in published)
        assert not published or name == "gavel"
        assert not service.get("privileged")
        if name != "gavel":
            assert service["networks"] == ["inside"]
    assert compose()["networks"]["inside"]["internal"] is True
    assert services["gavel"]["read_only"] is True
    assert services["gavel"]["cap_drop"] == ["ALL"]

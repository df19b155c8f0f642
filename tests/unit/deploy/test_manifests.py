"""What the manifests name is there: settings, ports, paths, commands, and each other's objects."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from aiohttp.test_utils import TestClient, TestServer
from typer.core import TyperGroup
from typer.main import get_command

from bot.cli import app
from bot.settings import Settings, load_settings
from bot.telemetry.health import Readiness
from bot.telemetry.listener import operations_app
from bot.telemetry.metrics import Metrics
from tests.unit.deploy.test_container import DOCKERFILE, MANIFESTS, manifests, pods
from tools.contracts.common import JsonObject


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """As a pod has them: the image's variables, the config map, the secret with values that may be, the file."""
    for name in list(os.environ):
        if re.match(r"GAVEL_|SLACK_|TEMPORAL_|OPA_|REDIS_|DATABASE_|LLM_", name):
            monkeypatch.delenv(name)
    (config,), (secret,) = manifests("ConfigMap"), manifests("Secret")
    given = {**dict(re.findall(r"((?:GAVEL|SLACK)_[A-Z_]+)=(\S+)", DOCKERFILE)), **config["data"]}
    given |= secret["stringData"] | {"GAVEL_SECRET_KEY": "ab" * 32, "GAVEL_ALERTS_WEBHOOK_TOKEN": "t" * 16}
    files = {name: given.pop(name) for name in list(given) if "." in name}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    given["GAVEL_CONFIG"] = str(tmp_path / Path(given["GAVEL_CONFIG"]).name)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return load_settings()


def containers() -> Iterator[JsonObject]:
    for pod in pods():
        yield from pod["containers"]


def test_the_settings_of_a_pod_can_be_read_and_what_it_writes_is_mounted(settings: Settings) -> None:
    assert settings.temporal.address
    for container in containers():
        written = {mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")}
        for place in (settings.data_dir, settings.anchor_dir):
            assert any(place.is_relative_to(mount) for mount in written), place
        (config,) = manifests("ConfigMap")
        assert any(
            Path(config["data"]["GAVEL_CONFIG"]).is_relative_to(mount["mountPath"])
            for mount in container["volumeMounts"]
        )


def test_gavel_listens_on_every_port_that_a_pod_names_and_is_scraped_where_its_metrics_are(settings: Settings) -> None:
    listens = {"ops": settings.ops.port, "slack": settings.slack.port, "alerts": settings.alerts.webhook_port}
    for host in (settings.ops.host, settings.slack.host, settings.alerts.webhook_host):
        assert ip_address(host).is_unspecified, "else nobody outside of the pod reaches it"
    for deployment in manifests("Deployment"):
        template = deployment["spec"]["template"]
        annotations = template["metadata"]["annotations"]
        assert annotations["prometheus.io/port"] == str(listens["ops"])
        assert annotations.get("prometheus.io/path", "/metrics") == "/metrics"
        for container in template["spec"]["containers"]:
            named = {port["name"]: port["containerPort"] for port in container["ports"]}
            assert named.items() <= listens.items()
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                assert container[probe]["httpGet"]["port"] in named


async def test_every_path_that_is_probed_or_scraped_is_answered() -> None:
    async def look() -> None: ...

    paths = {
        container[probe]["httpGet"]["path"]
        for container in containers()
        for probe in ("startupProbe", "livenessProbe", "readinessProbe")
    }
    checked = re.search(r"http://127\.0\.0\.1:9464(/\w+)", DOCKERFILE)
    assert checked is not None
    metrics = Metrics()
    server = operations_app(metrics.registry, Readiness(), before_scrape=look)
    async with TestClient(TestServer(server)) as client:
        for path in {*paths, checked[1], "/metrics"}:
            assert (await client.get(path)).status != 404, path


def test_a_pods_command_is_one_of_gavels() -> None:
    command = get_command(app)
    assert isinstance(command, TyperGroup)
    for container in containers():
        (name,) = container["args"]
        assert name in command.commands


def test_what_one_manifest_names_of_another_is_there() -> None:
    (config,), (secret,), (account,) = manifests("ConfigMap"), manifests("Secret"), manifests("ServiceAccount")
    claims = {one["metadata"]["name"] for one in manifests("PersistentVolumeClaim")}
    for pod in pods():
        assert pod["serviceAccountName"] == account["metadata"]["name"]
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        for volume in volumes.values():
            if "persistentVolumeClaim" in volume:
                assert volume["persistentVolumeClaim"]["claimName"] in claims
            if "configMap" in volume:
                assert volume["configMap"]["name"] == config["metadata"]["name"]
                assert {item["key"] for item in volume["configMap"]["items"]} <= set(config["data"])
        for container in pod["containers"]:
            assert container["envFrom"] == [
                {"configMapRef": {"name": config["metadata"]["name"]}},
                {"secretRef": {"name": secret["metadata"]["name"]}},
            ]
            assert {mount["name"] for mount in container["volumeMounts"]} == set(volumes)


def test_every_server_that_is_named_may_be_reached(settings: Settings) -> None:
    (fence,) = manifests("NetworkPolicy")
    allowed = {port["port"] for rule in fence["spec"]["egress"] for port in rule["ports"]}
    assert settings.redis.url is not None
    assert settings.database.url is not None
    named = (
        f"tcp://{settings.temporal.address}",
        *(settings.opa.url, settings.estate.url),
        *(settings.redis.url.get_secret_value(), settings.database.url.get_secret_value()),
    )
    for url in named:
        assert url is not None
        found = urlsplit(url)
        assert (found.port or {"https": 443}[found.scheme]) in allowed, found.hostname


def test_every_object_is_in_the_namespace_that_is_made() -> None:
    (namespace,) = manifests("Namespace")
    for path in MANIFESTS.glob("*.yaml"):
        for document in yaml.safe_load_all(path.read_text("utf-8")):
            named = document["metadata"].get("namespace") if "metadata" in document else document["namespace"]
            if document["kind"] != "Namespace":
                assert named == namespace["metadata"]["name"], path.name

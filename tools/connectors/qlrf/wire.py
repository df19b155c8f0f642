"""QL-RF's JSON. Assets, images and drift are written in snake_case, the rest in camelCase: both are read everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypeVar, cast

from pydantic import AliasGenerator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from tools.connectors.qlrf.errors import QlrfError
from tools.contracts.common import Platform
from tools.contracts.estate import ImageStatus
from tools.contracts.incident import AlertSeverity, AlertStatus
from tools.contracts.recovery import ReplicationStatus

Model = TypeVar("Model", bound="WireRow")


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _empty_is_none(value: object) -> object:
    return None if value == "" else value


Maybe = Annotated[str | None, BeforeValidator(_empty_is_none)]
MaybeMoment = Annotated[AwareDatetime | None, BeforeValidator(_empty_is_none)]


class Wire(BaseModel):
    """What is read of an object. Other fields may come and go."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", populate_by_name=True, alias_generator=AliasGenerator(validation_alias=to_camel)
    )


class WireRow(Wire):
    """A thing with an id of its own."""

    id: Annotated[str, Field(min_length=1, max_length=128)]


class WireAsset(WireRow):
    org_id: Maybe = None
    env_id: Maybe = None
    site_id: Maybe = None
    platform: Annotated[Platform, BeforeValidator(_lower)]
    account: Maybe = None
    region: Maybe = None
    site: Maybe = None
    instance_id: Maybe = None
    name: Maybe = None
    image_ref: Maybe = None
    """The image family."""
    image_version: Maybe = None
    state: str
    tags: dict[str, str] | None = None
    updated_at: MaybeMoment = None


class WireCoordinate(Wire):
    platform: Annotated[Platform, BeforeValidator(_lower)]


class WireImage(WireRow):
    org_id: Maybe = None
    family: str
    version: str
    os_name: Maybe = None
    os_version: Maybe = None
    cis_level: int | None = None
    sbom_url: Maybe = None
    signed: bool
    status: Annotated[ImageStatus, BeforeValidator(_lower)]
    coordinates: list[WireCoordinate] | None = None
    created_at: MaybeMoment = None


class WireSite(WireRow):
    org_id: Maybe = None
    name: Maybe = None
    environment: Maybe = None


class WireAlert(WireRow):
    org_id: Maybe = None
    severity: Annotated[AlertSeverity, BeforeValidator(_lower)]
    title: str
    description: str = ""
    source: str
    site_id: Maybe = None
    asset_id: Maybe = None
    status: Annotated[AlertStatus, BeforeValidator(_lower)]
    created_at: AwareDatetime
    acknowledged_at: MaybeMoment = None
    acknowledged_by: Maybe = None
    resolved_at: MaybeMoment = None


class WirePair(WireRow):
    org_id: Maybe = None
    primary_site_id: str
    dr_site_id: str
    status: str
    replication_status: Annotated[ReplicationStatus, BeforeValidator(_lower)]
    rpo: int
    """Minutes."""
    rto: int
    """Minutes."""
    last_failover_test: MaybeMoment = None
    last_sync_at: MaybeMoment = None


def read_object(model: type[Model], value: object, asked: str) -> Model:
    """Raises `QlrfError` for an object that lacks what is needed: where, and what was wrong."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        row = error.errors()[0]
        where = "/".join(map(str, row["loc"])) or "the object"
        raise QlrfError("malformed", asked, f"its answer cannot be read: {where}: {row['msg'][:160]}.") from error


def read_objects(model: type[Model], values: Sequence[object], asked: str) -> list[Model]:
    """All of them, or an error: an answer of which a part is left out would be read as the whole."""
    return [read_object(model, value, asked) for value in values]


def rows_in(value: object, name: str, asked: str) -> list[object]:
    """The rows of a list answer: a bare list, or under the resource's name, `data` or `items`."""
    if isinstance(value, list):
        return cast("list[object]", value)
    if isinstance(value, dict):
        found = cast("dict[str, object]", value)
        for key in (name, to_camel(name), "data", "items"):
            rows = found.get(key)
            if isinstance(rows, list):
                return cast("list[object]", rows)
    raise QlrfError("malformed", asked, f"its answer holds no list of {name}.")


def total_in(value: object, asked: str) -> int | None:
    """How many rows there are in all pages, where the answer says."""
    if not isinstance(value, dict):
        return None
    found = cast("dict[str, object]", value)
    for key in ("total", "total_count", "totalCount"):
        total = found.get(key)
        if total is None:
            continue
        if isinstance(total, bool) or not isinstance(total, int) or total < 0:
            # What it is instead is not quoted: it may be a secret, cut so that no pattern knows it.
            what = "below zero" if type(total) is int else f"a {type(total).__name__}"
            raise QlrfError("malformed", asked, f"{key} is {what}, which is no count.")
        return total
    return None

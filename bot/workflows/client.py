"""The connection to Temporal, with the data converter that every process must share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from temporalio.client import Client, Interceptor
from temporalio.contrib.pydantic import PydanticJSONPlainPayloadConverter
from temporalio.converter import (
    CompositePayloadConverter,
    DataConverter,
    DefaultFailureConverterWithEncodedAttributes,
    DefaultPayloadConverter,
    JSONPlainPayloadConverter,
)
from temporalio.service import TLSConfig

from bot.settings import TemporalSettings
from bot.workflows.codec import EncryptingCodec, UnreadableConverter

_JSON = PydanticJSONPlainPayloadConverter()


class _SharedConverter(CompositePayloadConverter):
    """The SDK makes a converter for each workflow run, and the one for Pydantic begins by building the validators of
    all that the run is sent. This one shares them."""

    def __init__(self) -> None:
        standard = DefaultPayloadConverter.default_encoding_payload_converters
        shared = (_JSON if isinstance(each, JSONPlainPayloadConverter) else each for each in standard)
        super().__init__(*shared, UnreadableConverter())


def data_converter(codec_key: bytes) -> DataConverter:
    """Pydantic models and dataclasses as JSON, then encrypted; so are the words of errors, which quote anything."""
    return DataConverter(
        payload_converter_class=_SharedConverter,
        payload_codec=EncryptingCodec(codec_key),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )


async def connect(
    settings: TemporalSettings,
    *,
    address: str,
    codec_key: bytes,
    lazy: bool = False,
    interceptors: Sequence[Interceptor] = (),
) -> Client:
    """Connect. `lazy`: do so at the first call, so that a bot may start while Temporal is away.

    `interceptors`: around every call; a worker on this client has them, too.

    Raises RuntimeError when it is away.
    """
    return await Client.connect(
        address,
        namespace=settings.namespace,
        api_key=settings.api_key.get_secret_value() if settings.api_key else None,
        tls=tls_config(settings) if settings.use_tls else False,
        data_converter=data_converter(codec_key),
        lazy=lazy,
        interceptors=interceptors,
    )


def tls_config(settings: TemporalSettings) -> TLSConfig:
    """The certificates named in the settings. Reads files: blocking, and short."""

    def read(path: Path | None) -> bytes | None:
        return path.read_bytes() if path else None

    return TLSConfig(
        server_root_ca_cert=read(settings.tls_server_ca_cert_path),
        client_cert=read(settings.tls_client_cert_path),
        client_private_key=read(settings.tls_client_key_path),
    )

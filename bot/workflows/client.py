"""The connection to Temporal, with the data converter that every process must share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from temporalio.client import Client, Interceptor
from temporalio.converter import DataConverter
from temporalio.service import TLSConfig

from bot.settings import TemporalSettings
from bot.workflows.codec import EncryptingCodec
from bot.workflows.converting import BriefFailures, converter_of
from bot.workflows.shape import SHAPE


def data_converter(codec_key: bytes, *, shape: int = SHAPE) -> DataConverter:
    """Pydantic models and dataclasses as JSON, then encrypted; so are the words of errors, which quote anything.

    `shape`: of the Gavel that this process is.
    """
    return DataConverter(
        payload_converter_class=converter_of(shape),
        payload_codec=EncryptingCodec(codec_key),
        failure_converter_class=BriefFailures,
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

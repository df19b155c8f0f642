"""The master key and the keys derived from it, one for each purpose, so that a leak of one is not a leak of all."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from bot.settings import Settings, SettingsError
from bot.settings_values import MIN_KEY_BYTES, decode_key

KeyPurpose = Literal["decision", "grant", "ledger", "codec", "anchor", "keystore", "cache", "files"]
"""Who uses it: the MAC of a click, of an execution grant, the ledger's chains, Temporal payloads, chain heads, the
providers' keys in SQL, models' answers in Redis, attached files in SQL."""

KEY_FILE = "secret.key"
"""In the data directory, mode 0600, hex. Made only for an installation whose records are all in that directory."""

DERIVED_BYTES = 32


@dataclass(frozen=True)
class Keys:
    """Derives keys by HKDF-SHA256 (RFC 5869). The master never leaves this object."""

    _master: bytes = field(repr=False)

    def derive(self, purpose: KeyPurpose) -> bytes:
        """32 bytes, the same for the same master and purpose. Raises ValueError for an unknown purpose."""
        if purpose not in get_args(KeyPurpose):
            raise ValueError(f"got purpose {purpose!r}; must be one of {', '.join(get_args(KeyPurpose))}")
        # Late: cryptography takes a tenth of a second to import, and `gavel --help` has no use for it.
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        info = f"gavel/v1/{purpose}".encode()
        return HKDF(algorithm=SHA256(), length=DERIVED_BYTES, salt=None, info=info).derive(self._master)


def load_keys(settings: Settings) -> Keys:
    """The keys of this installation: from `GAVEL_SECRET_KEY`, else from the data directory's key file.

    The file is made when it is absent, except where a Temporal or SQL of one's own is configured: other processes
    share those, and each with its own invented key would refuse the others' decisions. Blocking; raises
    :class:`SettingsError`.
    """
    if settings.secret_key is not None:
        return Keys(decode_key(settings.secret_key.get_secret_value()))
    path = settings.data_dir / KEY_FILE
    shared = shared_records(settings)
    if shared:
        raise SettingsError(
            [
                f"GAVEL_SECRET_KEY is not set, but {' and '.join(shared)} is; every process that shares "
                "it needs the same key: make one with `openssl rand -hex 32` and set it everywhere"
            ]
        )
    try:
        if not path.exists():
            _create(path)
    except OSError as error:
        raise SettingsError(
            [f"GAVEL_DATA_DIR: {path} cannot be made ({error.strerror}); it must be a directory this user may write"]
        ) from None
    return Keys(_read(path))


def shared_records(settings: Settings) -> list[str]:
    """The settings that place records outside the data directory."""
    named = {"TEMPORAL_ADDRESS": settings.temporal.address, "DATABASE_URL": settings.database.url}
    return [name for name, value in named.items() if value is not None]


def _create(path: Path) -> None:
    """Whole or not at all: written beside it and linked, so that two starts at once agree on one key."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(MIN_KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(part, path)
        except FileExistsError:
            return  # another process was first; its key is the one
    finally:
        part.unlink()


def _read(path: Path) -> bytes:
    if path.stat().st_mode & 0o077:
        raise SettingsError([f"{path}: others on this machine may read it; run `chmod 600 {path}`"])
    try:
        return decode_key(path.read_text(encoding="ascii"))
    except ValueError as error:
        raise SettingsError(
            [f"{path}: {error}; restore it from your backup: without it nothing can be verified"]
        ) from None
    except OSError as error:
        raise SettingsError([f"{path}: cannot be read ({error.strerror}); it must be readable by this user"]) from None

"""Where the master keys come from, and how a new one comes in.

1. `GAVEL_KEYSTORE_MASTER_KEYS`, the current one first.
2. Else `keystore.keys` in the data directory, where `gavel keys rotate` put new ones; only for an installation whose
   records are all in that directory, as with `secret.key`.
3. Last, always: one derived from the installation's own key. It is the current one until there is another, and stays
   readable after it.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from bot.keys import Keys, shared_records
from bot.keystore.sealing import MasterKey, Ring
from bot.settings import Settings, SettingsError
from bot.settings_values import MIN_KEY_BYTES, decode_key

RING_FILE = "keystore.keys"
"""In the data directory, mode 0600: one key a line as hex, the current one first."""


@dataclass(frozen=True)
class RingSource:
    """Read anew each time: another process may have rotated."""

    configured: tuple[MasterKey, ...]
    file: Path | None
    """None: the installation shares its records with others, who would not see a file here."""
    derived: MasterKey

    def read(self) -> Ring:
        """Blocking. Raises `SettingsError` for a damaged file."""
        return Ring((*self.configured, *self._filed(), self.derived))

    @property
    def makes_keys(self) -> bool:
        """Whether a rotation here makes its own new key. Else whoever configures Gavel brings one."""
        return self.file is not None and not self.configured

    def begin(self) -> None:
        """Put a new key first, unless an earlier rotation did and was not finished. Nothing is sealed under it yet."""
        filed = self._filed()
        if len(filed) < 2:
            self._write([MasterKey(secrets.token_bytes(MIN_KEY_BYTES)), *(filed or [self.derived])])

    def finish(self) -> None:
        """Nothing is sealed under the older ones any more: forget them."""
        self._write(self._filed()[:1])

    def _filed(self) -> list[MasterKey]:
        if self.file is None or self.configured or not self.file.exists():
            return []
        if self.file.stat().st_mode & 0o077:
            raise SettingsError([f"{self.file}: others on this machine may read it; run `chmod 600 {self.file}`"])
        try:
            lines = self.file.read_text(encoding="ascii").split()
            return [MasterKey(decode_key(line)) for line in lines]
        except (ValueError, OSError):
            raise SettingsError(
                [
                    f"{self.file}: cannot be read as master keys; restore it from your backup: without it no saved "
                    "key of a provider can be used"
                ]
            ) from None

    def _write(self, keys: list[MasterKey]) -> None:
        """Whole or not at all, and on the disk when this returns."""
        if self.file is None:
            raise ValueError("there is no file to write master keys to")
        part = self.file.with_name(f"{self.file.name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write("".join(f"{key.material.hex()}\n" for key in keys))
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.file)
        directory = os.open(self.file.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


def ring_source(settings: Settings, keys: Keys) -> RingSource:
    """As the installation is configured."""
    return RingSource(
        configured=tuple(MasterKey(decode_key(key.get_secret_value())) for key in settings.keystore.master_keys),
        file=None if shared_records(settings) else settings.data_dir / RING_FILE,
        derived=MasterKey(keys.derive("keystore")),
    )

"""One master key; a derived key for each purpose; never invented where others share the records."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import get_args

import pytest
from pydantic import SecretStr

from bot.keys import KeyPurpose, Keys, load_keys
from bot.settings import DatabaseSettings, Settings, SettingsError, TemporalSettings

PURPOSES: tuple[KeyPurpose, ...] = get_args(KeyPurpose)


def settings_in(directory: Path) -> Settings:
    return Settings.embedded(data_dir=directory)


def test_every_purpose_has_its_own_key_and_none_is_the_master() -> None:
    master = bytes(range(32))
    keys = {Keys(master).derive(purpose) for purpose in PURPOSES}
    assert len(keys) == len(PURPOSES)
    assert master not in keys
    assert {len(key) for key in keys} == {32}


def test_derived_keys_do_not_change_from_one_version_to_the_next() -> None:
    derived = Keys(bytes(range(32))).derive("decision").hex()
    assert derived == "680e92cf606dbdb210faa32b4cfeb8d62951326e59385cc7da9e51f15298d333"


def test_the_master_is_not_printed() -> None:
    assert repr(Keys(b"hunter2" * 5)) == "Keys()"


def test_the_key_file_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    first = load_keys(settings_in(tmp_path / "data")).derive("ledger")
    mode = (tmp_path / "data" / "secret.key").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600
    assert load_keys(settings_in(tmp_path / "data")).derive("ledger") == first
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["secret.key"]


def test_starts_at_the_same_time_agree_on_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        started = [pool.submit(load_keys, settings_in(tmp_path)) for _ in range(16)]
        derived = {keys.result().derive("codec") for keys in started}
    assert len(derived) == 1


@pytest.mark.parametrize("encoded", ["ab" * 32, "q" * 43, "q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s="])
def test_the_configured_key_is_hex_or_base64(tmp_path: Path, encoded: str) -> None:
    settings = settings_in(tmp_path).model_copy(update={"secret_key": SecretStr(encoded)})
    assert len(load_keys(settings).derive("anchor")) == 32
    assert not (tmp_path / "secret.key").exists()


@pytest.mark.parametrize(
    ("update", "name"),
    [
        ({"temporal": TemporalSettings.model_construct(address="x.example:7233")}, "TEMPORAL_ADDRESS"),
        ({"database": DatabaseSettings.model_construct(url=SecretStr("postgresql://db/x"))}, "DATABASE_URL"),
    ],
)
def test_no_key_is_invented_beside_a_real_temporal_or_sql(tmp_path: Path, update: dict[str, object], name: str) -> None:
    load_keys(settings_in(tmp_path))  # a key file left over from the embedded stack must not be taken either
    with pytest.raises(SettingsError, match=f"GAVEL_SECRET_KEY is not set, but {name} is"):
        load_keys(settings_in(tmp_path).model_copy(update=update))


def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    load_keys(settings_in(tmp_path))
    (tmp_path / "secret.key").chmod(0o640)
    with pytest.raises(SettingsError, match="chmod 600"):
        load_keys(settings_in(tmp_path))


def test_a_damaged_key_file_is_refused_not_replaced(tmp_path: Path) -> None:
    load_keys(settings_in(tmp_path))
    (tmp_path / "secret.key").write_text("abcd\n")
    with pytest.raises(SettingsError, match="holds 2 bytes"):
        load_keys(settings_in(tmp_path))
    assert (tmp_path / "secret.key").read_text() == "abcd\n"

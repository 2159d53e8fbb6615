"""The key that encrypts channel secrets."""

from __future__ import annotations

import multiprocessing
import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet, InvalidToken

from gateway.secret_key import FILE_NAME, SecretKeyInvalid, check_secret_key, open_secret_key


def _created(data_dir: Path) -> str:
    open_secret_key(None, data_dir)
    return (data_dir / FILE_NAME).read_text()


def test_a_generated_key_is_kept_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    token = open_secret_key(None, data_dir).encrypt(b"secret")
    assert open_secret_key(None, data_dir).decrypt(token) == b"secret"
    assert stat.S_IMODE((data_dir / FILE_NAME).stat().st_mode) == 0o600
    assert [path.name for path in data_dir.iterdir()] == [FILE_NAME]


def test_processes_that_start_at_once_get_one_key(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        assert len(set(pool.map(_created, [tmp_path] * 16, chunksize=1))) == 1


def test_a_new_key_in_front_encrypts_and_the_old_one_still_decrypts(tmp_path: Path) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    before = open_secret_key(old, tmp_path).encrypt(b"secret")
    rotated = open_secret_key(f"{new}, {old}", tmp_path)
    assert rotated.decrypt(before) == b"secret"
    after = rotated.encrypt(b"secret")
    assert open_secret_key(new, tmp_path).decrypt(after) == b"secret"
    with pytest.raises(InvalidToken):
        open_secret_key(old, tmp_path).decrypt(after)


@pytest.mark.parametrize("given", ["", " , ", "hunter2", "hunter2" * 10])
def test_what_is_no_key_is_refused_without_being_repeated(tmp_path: Path, given: str) -> None:
    with pytest.raises(SecretKeyInvalid) as refused:
        open_secret_key(given, tmp_path)
    assert "GATEWAY_SECRET_KEY" in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_a_damaged_key_file_is_named_and_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    path.write_text("half a k")
    with pytest.raises(SecretKeyInvalid, match=FILE_NAME):
        open_secret_key(None, tmp_path)
    with pytest.raises(SecretKeyInvalid, match=FILE_NAME):
        check_secret_key(None, tmp_path)
    assert path.read_text() == "half a k"


def test_checking_makes_no_key(tmp_path: Path) -> None:
    check_secret_key(None, tmp_path)
    check_secret_key(Fernet.generate_key().decode(), tmp_path)
    assert not [*tmp_path.iterdir()]

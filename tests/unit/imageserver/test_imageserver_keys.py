from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.errors import UsageError
from pipeline.imageserver.billing.keys import ServerKeys, add_key, list_keys, revoke_key


def test_a_key_works_from_the_moment_it_is_added_until_it_is_revoked(tmp_path: Path):
    ring = ServerKeys(tmp_path, own="sk-own")
    key = add_key(tmp_path, "ana")
    assert ring.caller(f"Bearer {key}") == "ana"
    revoke_key(tmp_path, "ana")
    assert ring.caller(f"Bearer {key}") is None


def test_the_servers_own_key_always_works(tmp_path: Path):
    add_key(tmp_path, "ana")
    assert ServerKeys(tmp_path, own="sk-own").caller("Bearer sk-own") == "server"


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "sk-own", "Basic sk-own", "Bearer sk-ow", "Bearer \udcff"]
)
def test_anything_else_is_nobody(tmp_path: Path, header: str):
    assert ServerKeys(tmp_path, own="sk-own").caller(header) is None


def test_the_key_itself_is_kept_nowhere(tmp_path: Path):
    key = add_key(tmp_path, "ana")
    assert key not in (tmp_path / "keys.json").read_text()
    assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600
    (record,) = list_keys(tmp_path)
    assert (record.name, record.tail) == ("ana", key[-4:])


def test_a_name_is_given_once_at_a_time(tmp_path: Path):
    add_key(tmp_path, "ana")
    with pytest.raises(UsageError, match="a key named ana already"):
        add_key(tmp_path, "ana")
    revoke_key(tmp_path, "ana")
    add_key(tmp_path, "ana")
    assert [record.revoked is None for record in list_keys(tmp_path)] == [False, True]


@pytest.mark.parametrize("name", ["", "server", "a b", "-a", "../x", "a" * 65])
def test_a_senseless_name_is_refused(tmp_path: Path, name: str):
    with pytest.raises(UsageError):
        add_key(tmp_path, name)


def test_a_key_that_is_not_there_cannot_be_revoked(tmp_path: Path):
    with pytest.raises(UsageError, match="no key named ana"):
        revoke_key(tmp_path, "ana")


def test_a_key_file_that_breaks_while_the_server_runs_takes_no_key_away(tmp_path: Path):
    ring = ServerKeys(tmp_path, own="sk-own")
    key = add_key(tmp_path, "ana")
    assert ring.caller(f"Bearer {key}") == "ana"
    (tmp_path / "keys.json").write_text("{")
    assert ring.caller(f"Bearer {key}") == "ana"


def test_a_key_file_that_breaks_is_told_in_a_line_without_a_trace(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    (tmp_path / "keys.json").write_text("{")
    assert ServerKeys(tmp_path, own="sk-own").caller("Bearer sk-own") == "server"
    (said,) = caplog.records
    assert "keys.json" in said.getMessage()
    assert said.exc_info is None


def test_of_keys_added_at_the_same_time_some_were_lost(tmp_path: Path):
    names = [f"key-{number}" for number in range(24)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: add_key(tmp_path, name), names))
    assert sorted(record.name for record in list_keys(tmp_path)) == sorted(names)

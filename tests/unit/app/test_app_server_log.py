"""The log of the server inside a run, on a disk that is full."""

import logging

import pytest

from pipeline.app import open_account as opening


@pytest.mark.parametrize("words", ["a picture could not be painted"])
def test_a_full_disk_under_the_servers_log_prints_no_traceback(tmp_path, capsys, words):
    """`--- Logging error --- Traceback` came in the middle of a run."""
    (tmp_path / "server.log").symlink_to("/dev/full")
    with opening._log_in(tmp_path):
        logging.getLogger("pipeline.imageserver").warning(words)
    assert capsys.readouterr().err == ""

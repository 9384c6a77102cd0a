"""Where a ledger may lie."""

from pathlib import Path

import pytest

from pipeline.errors import LocalFault
from pipeline.ledger.sqlite import opening

MOUNTS = r"""
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:40 / /home/ada/cloud rw,relatime - fuse.sshfs ada@host: rw
31 22 0:41 / /srv/shared\040files rw,relatime shared:7 - nfs4 10.0.0.1:/files rw,vers=4.2
32 31 0:42 / /srv/shared\040files/fast rw - tmpfs tmpfs rw
nonsense
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/output/ledger.db", "ext4"),
        ("/home/ada/cloud/output/ledger.db", "fuse.sshfs"),
        ("/home/ada/cloudy/ledger.db", "ext4"),
        ("/srv/shared files/ledger.db", "nfs4"),
        ("/srv/shared files/fast/ledger.db", "tmpfs"),
    ],
)
def test_the_innermost_mount_names_the_file_system(path, kind):
    assert opening.file_system_of(Path(path), MOUNTS) == kind


def test_a_network_file_system_is_refused_with_its_kind(tmp_path, monkeypatch):
    table = tmp_path / "mountinfo"
    mount = str(tmp_path.resolve()).replace(" ", r"\040")
    table.write_text(f"31 22 0:41 / {mount} rw - nfs4 10.0.0.1:/files rw\n")
    monkeypatch.setattr(opening, "MOUNTS", table)
    with pytest.raises(LocalFault, match=r"network file system \(nfs4\)"):
        opening.refuse_network(tmp_path / "ledger.db")


def test_where_the_system_does_not_tell_nothing_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "MOUNTS", tmp_path / "none")
    assert opening.refuse_network(tmp_path / "ledger.db") is None

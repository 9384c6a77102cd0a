"""Which kind of file system a path lies on, where the system tells it."""

from pathlib import Path

from pipeline.errors import LocalFault

_NETWORK = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ncpfs", "ceph", "lustre", "beegfs"),
        *("gpfs", "orangefs", "pvfs2", "glusterfs", "davfs", "fuse.sshfs", "fuse.glusterfs"),
        *("fuse.s3fs", "fuse.gcsfuse", "fuse.rclone", "fuse.davfs", "fuse.ceph", "fuse.juicefs"),
    }
)
_TABLE = Path("/proc/self/mountinfo")


def refuse_network(path: Path) -> None:
    """`LocalFault` where the path is known to lie on a network file system.

    There locks and shared memory do not hold between machines, and a ledger could be torn.
    """
    if not _TABLE.exists():
        return
    kind = kind_of(path, _TABLE.read_text(errors="replace"))
    if kind in _NETWORK:
        raise LocalFault(
            f"the ledger {path} would lie on a network file system ({kind}), which cannot keep it "
            "safe. Choose a local folder with --output."
        )


def kind_of(path: Path, mountinfo: str) -> str:
    """The file system type of the innermost mount over a path; see proc(5), mountinfo."""
    resolved = str(path.resolve())
    best, kind = "", ""
    for line in mountinfo.splitlines():
        fields, separator, rest = line.partition(" - ")
        if not separator:
            continue
        # the fifth field; a space in it is written as \040
        mount = fields.split(" ")[4].replace("\\040", " ")
        inside = resolved == mount or resolved.startswith(mount.rstrip("/") + "/")
        if inside and len(mount) >= len(best):
            best, kind = mount, rest.split(" ", 1)[0]
    return kind

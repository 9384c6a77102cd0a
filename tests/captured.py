"""What an image server charged, read from its state file by somebody outside of the server."""

from pathlib import Path

import apsw

from pipeline.imageserver.billing.tables import charges


def audit(credit_account: Path):
    """Everything that was charged, oldest first."""
    connection = apsw.Connection(str(credit_account), flags=apsw.SQLITE_OPEN_READWRITE)
    connection.set_busy_timeout(10_000)
    try:
        return tuple(charges(connection))
    finally:
        connection.close()

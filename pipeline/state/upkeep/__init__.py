"""What an output folder keeps for months: snapshots of feeds, and what may be removed."""

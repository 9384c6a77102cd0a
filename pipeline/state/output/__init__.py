"""Files that runs leave in the output folder, and the lock that guards them."""

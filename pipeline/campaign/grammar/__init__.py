"""The keys that a campaign file may contain, and the messages about mistakes in them."""

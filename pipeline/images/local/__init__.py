"""Images in a folder on this machine."""

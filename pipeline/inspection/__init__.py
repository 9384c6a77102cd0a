"""What an image shows: decoding, checks of what was decoded, and the task that does both."""

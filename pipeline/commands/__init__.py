"""The front door: one file per command, words in, exit code out. A command decides nothing."""

"""The overlay of ad files as a campaign describes it: its parts, and the files of its brand."""

"""Contact sheets: HTML pages without scripts, to open from disk, print or mail."""

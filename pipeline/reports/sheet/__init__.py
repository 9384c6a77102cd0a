"""Contact sheets: one page without scripts, to open from disk, print or mail."""

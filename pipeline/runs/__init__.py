"""One run: its folder, its lock, what is due, and the run manifest it leaves behind."""

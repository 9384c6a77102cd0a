"""Which keys a campaign file may hold, and what is said about all others."""

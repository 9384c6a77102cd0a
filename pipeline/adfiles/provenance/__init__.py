"""Saying how an ad file was made: XMP metadata, a visible mark, and signed content credentials."""

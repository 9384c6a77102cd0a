"""The image host: signed URLs on a port of its own."""

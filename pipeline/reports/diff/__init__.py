"""What changed between two runs of a campaign: read, compared, and told as a page."""

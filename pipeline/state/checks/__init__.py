"""The checks that a campaign asks for: their results, and the re-rolls that follow."""

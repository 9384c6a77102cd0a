"""Objects in the stores of clouds, S3-compatible servers and shared folders."""

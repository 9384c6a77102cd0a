"""OpenAI's Files and Batch APIs: files on disk, batches that survive a restart."""

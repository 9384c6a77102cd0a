"""The guarded HTTP client: addresses, proxies and limits."""

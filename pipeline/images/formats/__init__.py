"""PNG, JPEG and WebP, checked by structure alone while the bytes arrive."""

"""The OpenAI Images API and servers of its shape, whose replies hold the picture itself."""

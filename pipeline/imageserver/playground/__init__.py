"""The pages for people on the API's port: the playground and the API reference."""

"""The HTTP API: authorisation, reading requests, endpoints and answers."""

"""The HTTP API: authorisation, parsing of requests, endpoints and answers."""

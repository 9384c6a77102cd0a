"""How answers and refusals look in each style of the API."""

"""Reading requests: every field is checked before anything is reserved or painted."""

"""Tables from files: read once, checked row by row, and kept in compact form."""

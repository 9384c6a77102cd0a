"""Tables from files: read once, checked row by row, held in little memory."""

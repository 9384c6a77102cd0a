"""A page on the API's own port that paints, prices and shows the code."""

"""The playground: a page on the API's own port that paints, prices and gives the code."""

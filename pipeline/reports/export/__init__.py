"""What leaves the output folder: ad files with their names, originals, and tables about them."""

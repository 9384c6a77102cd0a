"""What an image API takes, makes and charges, as values."""

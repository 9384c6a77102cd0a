"""What a picture is: decoding, and the checks of what was decoded."""

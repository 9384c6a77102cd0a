"""Copy on the picture: its place, its typeface and its ink."""

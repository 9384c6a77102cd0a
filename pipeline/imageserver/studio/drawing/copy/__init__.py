"""Copy on the picture: where it stands, its typeface and its ink."""

"""The studio renderer: the same scene, modelled in three dimensions and path-traced."""

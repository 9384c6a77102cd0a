"""From words to a picture: a prompt is read into a scene, and a scene is painted."""

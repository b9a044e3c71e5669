"""What is in the frame: models from the manifest, and motion where there is no model."""

"""Looking through a camera by hand: for the installer who aims it, and for who tries a recorded clip."""

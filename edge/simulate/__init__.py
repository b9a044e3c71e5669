"""Speaks each sensor's real protocol toward a running box: for walk tests, demonstrations and drills of the installer."""

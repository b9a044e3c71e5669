"""What the devices of each family can be made to say, and in which bytes. Pure."""

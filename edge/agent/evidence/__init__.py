"""One picture of an alarm, in which nobody can be recognised: blurred before it is written or sent anywhere."""

"""Is it an event? Pure judgement over time: no IO, no clock; every step is given its moment and returns what to say."""

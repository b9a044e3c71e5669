"""What a box can do: sirens, relays, loudspeakers, gate releases. An adapter each, and a worker that drives it."""

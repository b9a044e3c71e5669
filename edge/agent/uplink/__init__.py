"""The way from the outbox to the server over MQTT 5: `sender.Uplink` is the adapter."""

"""From MQTT into the database, in one transaction a batch, acknowledged after the commit."""

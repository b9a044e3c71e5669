"""What goes over the wire, one file a subject. The OpenAPI document, and so the console's client, is made from these."""

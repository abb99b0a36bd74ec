"""Where rooms live: one module per place, behind the protocol in `base`."""

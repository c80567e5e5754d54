"""The service: an image classifier behind an HTTP API, run by Ray Serve. ARCHITECTURE.md shows the way through it."""

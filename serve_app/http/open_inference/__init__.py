"""The Open Inference Protocol over REST: the routes under /v2. What they mean is `serve_app.open_inference`'s."""

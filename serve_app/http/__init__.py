"""The HTTP edge: routes, problems and limits. Knows `Backend`; nothing of Ray, torch or OpenVINO."""

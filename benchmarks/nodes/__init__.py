"""Argus on a Ray cluster of several nodes: nodes that join, a node that is lost, and what its clients see."""

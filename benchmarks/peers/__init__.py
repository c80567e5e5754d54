"""Servers of our own writing, on other people's frameworks, with the same weights; each in an environment of its own.

All take one raw JPEG as the body of a POST and answer the five best labels as JSON. Two variants where that makes
sense: `openvino` has the same artifact and the same Pillow steps as the in-process ceiling; `documented` is eager torch
with torchvision's transforms, batched where the framework's documentation advises it.

Nothing here is imported by the rest of the benchmarks: the frameworks are not installed there.
"""

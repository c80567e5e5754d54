"""The protocol's messages, made from the .proto files here by `make proto`."""

"""The running service: the only package that knows gRPC, HTTP, or both `engine` and `safety`."""

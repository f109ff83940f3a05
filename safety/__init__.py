"""May this be made, how is it marked, what is this video. Knows nothing of gRPC or the engine."""

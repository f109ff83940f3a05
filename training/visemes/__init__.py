"""The viseme network: corpus, training, evaluation. See README.md."""

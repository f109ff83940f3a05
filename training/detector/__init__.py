"""The network that tells how a face's pixels came about: its data, training and evaluation."""

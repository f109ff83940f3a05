"""What is heard: a small causal network from sound to what it does on the lips."""

"""The decoding process: started fresh for one input, with nothing in it worth stealing and nowhere to go."""

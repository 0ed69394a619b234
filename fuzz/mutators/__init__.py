"""What is done to a valid message; each is a class of input."""

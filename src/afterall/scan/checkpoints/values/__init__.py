"""Read weights as numbers and say what no trained model holds: the values tier."""

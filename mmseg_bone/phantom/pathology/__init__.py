"""What is wrong with a patient, and where."""

"""A digital patient, a gamma camera, and the report a colleague could have written."""

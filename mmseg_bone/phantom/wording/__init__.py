"""The report a colleague could have written."""

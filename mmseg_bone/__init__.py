"""Segment bone metastases on whole-body bone scans from the image and the report together."""

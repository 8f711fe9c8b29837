"""Figures: of studies as a reader sees them, and for the paper."""

from mmseg_bone.analysis.figures.studies import figure_of, gallery, to_png

__all__ = ["figure_of", "gallery", "to_png"]

"""The realism test: a scan, of a patient or a phantom, measured against a real one.

Known-answer rulers live in ``noise``, ``spectrum`` and ``edges``; where on the body they are laid
in ``body`` and ``regions``; what is measured in ``measure``; what it should be in ``targets``.
"""

from mmseg_bone.imaging.realism.judge import Item, Verdict, judge
from mmseg_bone.imaging.realism.targets import SOURCE, TARGETS, Target

__all__ = ["SOURCE", "TARGETS", "Item", "Target", "Verdict", "judge"]

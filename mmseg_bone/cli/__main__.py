"""``python -m mmseg_bone.cli`` is ``mmseg-bone``."""

from mmseg_bone.cli import main

if __name__ == "__main__":
    main()

"""Qt draws off the screen here, with or without a display."""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

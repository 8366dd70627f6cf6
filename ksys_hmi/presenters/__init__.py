"""One presenter a page: QtCore only, one signal `changed(State)`; run without a display."""

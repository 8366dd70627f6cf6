"""A simulated two-stage reverse-osmosis plant: the same values at the same instant, whoever asks and in what order."""

"""The horn: tones and the audio device. No Qt, no SQL."""

"""Images of discs, and those who read them: what tests/images.py compares."""

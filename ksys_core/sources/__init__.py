"""Field data: where readings come from."""

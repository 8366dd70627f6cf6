"""Use cases: short async functions over store and domain, called by both programs."""

"""Gradient boosted trees (XGBoost): features, training, the stored model and its checks, the engine."""

"""The headless service: the only process that writes readings, evaluates alarms and forecasts."""

"""Lifetimes, rates and forecasts: arrays in, frozen dataclasses out; no files, no clock, no orchestration."""

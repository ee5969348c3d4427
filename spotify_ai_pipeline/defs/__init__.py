"""Dagster: one folder a stage, assets and their checks side by side. Nothing else imports Dagster."""

"""Files into logs: plan, confirm, run. ``plan_import`` says what it would do, ``run_import`` does it."""

"""WHERE jobs run. An executor spreads work; it never decides what is due and never pays."""

"""What may stand in a campaign file, and what is said about everything else."""

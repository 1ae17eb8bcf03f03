"""The inside of scripts/gpu_check: programs under limits of time, what they print, the steps, and the report."""

"""What runs pods: one runtime per file."""

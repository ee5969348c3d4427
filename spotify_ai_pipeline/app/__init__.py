"""What the program does: use cases without a framework. Faces and assets call these."""

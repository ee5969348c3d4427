"""The program's use cases without a framework. Faces and assets call these."""

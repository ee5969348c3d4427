"""The stand-in services and the world they serve.

Stands apart from the rest of the project: nothing above imports it but the demo and the tests, and it imports
nothing of theirs.
"""

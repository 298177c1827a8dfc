"""What runs in the process of the user's program: wrappers around losses, and the recorder they report to.

`start` is the way in. Nothing here imports the linter or, before the program does, a framework.
"""

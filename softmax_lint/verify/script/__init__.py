"""``softmax-lint verify SCRIPT``: run a program of the user as it is and fixed, and compare what its losses see.

`run` is the way in. `prepare` lints and fixes, `workspace` lays out copies, `launch` runs them in processes of their
own; what happens there is in `inside`. `records` reads what the runs left, `compare` judges it, `show` prints it.
"""

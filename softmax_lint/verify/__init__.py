"""Show with numbers that a fix is right: train what was written and what the fixer made of it.

The only part that runs code, and the only one that may import TensorFlow, Keras or torch; what it needs besides the
linter is the extra `verify`. The bundled programs are run by `default`, a program of the user by `script`.
"""

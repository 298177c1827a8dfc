"""Edits: what changes in the text of a project so that both ends of a pair agree.

    tree        a statement parsed, with the place of every node
    primitives  the ten things that can happen to a node, as changes of text
    names       a spelling of a library's name that is valid at a place
    site        how an activation sits in its code, and how it goes
    switches    how a loss changes what it expects
    metrics     what the metrics of a `compile` need when the model gives logits
    planner     findings to fixes
    written     changes to the bytes of scripts and notebooks

Imported only when fixes are wanted: LibCST comes with it.
"""

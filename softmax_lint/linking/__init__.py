"""Linking: lowered code run on abstract values, to pairs."""

"""The language server: `analysis` checks buffers, `convert` speaks the protocol's types, `server` serves."""

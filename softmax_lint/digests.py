"""Digests of bytes. Python's own BLAKE2 is asked directly: `hashlib` would load OpenSSL, which takes longer than
a small run.
"""

from __future__ import annotations

try:
    from _blake2 import blake2b
except ImportError:  # another Python
    from hashlib import blake2b


def digest(data: bytes, size: int = 16) -> str:
    """Twice `size` hexadecimal digits."""
    found: str = blake2b(data, digest_size=size).hexdigest()
    return found

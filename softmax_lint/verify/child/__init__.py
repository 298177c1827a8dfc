"""What runs in a process of its own: one program, before and after the fix, on one backend."""

"""The commands, one file each: ``run(…) -> exit status``. They are imported when they are called."""

"""What has become of processes that a command started."""
import psutil


def is_over(process):
    """Whether a psutil.Process has ended, though nobody may have collected what has lost its parent."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True

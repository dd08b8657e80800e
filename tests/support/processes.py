"""What has become of processes that a command started."""
import psutil


def is_over(process):
    """Whether a psutil.Process has ended, though nobody may have collected what has lost its parent."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def children(pid, part=""):
    """The processes below this one that have not ended, and in whose command line a word begins so."""
    return [process for process in psutil.Process(pid).children(recursive=True)
            if not is_over(process) and any(word.startswith(part) for word in _words(process))]


def _words(process):
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:  # by now; a ZombieProcess is one, too
        return []

"""Names of files that outlive a power cut.

To flush a file keeps its bytes. The name by which they are found belongs to its folder, which has
to be flushed for itself.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# What a file system says that knows of no such thing: it keeps names in ways of its own.
_UNKNOWN = (errno.EINVAL, errno.ENOTSUP)


def flush_names(folder: Path) -> None:
    """The names that a folder holds now, and those that it has lost, stay so after a power cut.

    Raises:
        OSError: the folder cannot be read, or the disk does not take it.
    """
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    except OSError as error:
        if error.errno not in _UNKNOWN:
            raise
    finally:
        os.close(opened)

"""``python -m nissl``: the command line."""

import sys

from nissl.cli import main

if __name__ == "__main__":
    sys.exit(main())

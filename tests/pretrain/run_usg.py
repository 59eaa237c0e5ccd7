"""`usg` as a file: Lightning starts the other processes of a training by the command that started the first."""

import sys

from usg.cli import main

if __name__ == "__main__":
    sys.exit(main())

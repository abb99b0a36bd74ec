"""`python -m toolchain.reference` writes docs/reference/."""

from toolchain.reference import write

write()

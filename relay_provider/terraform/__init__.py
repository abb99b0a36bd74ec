"""The provider for OpenTofu and Terraform: the same rooms in HCL."""

from __future__ import annotations

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """The console script `terraform-provider-relay`."""
    from relay_provider import process

    process.start()
    from relay_provider.terraform.server import main as serve

    return serve(arguments)

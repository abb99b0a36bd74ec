"""Terraform's plugin protocol, version 6.9: the file as OpenTofu publishes it (MPL-2.0), and what protoc makes of it.

From `docs/plugin-protocol/tfplugin6.9.proto` of OpenTofu 1.12.6. Made in this folder by grpcio-tools 1.76.0, the newest
whose code Pulumi's SDK can share a protobuf with: `python -m grpc_tools.protoc -I. --python_out=. --pyi_out=. *.proto`.
"""

from relay_provider.terraform.protocol import tfplugin6_pb2

__all__ = ["tfplugin6_pb2"]

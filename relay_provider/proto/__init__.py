"""Pulumi's protocol modules, without the rest of its SDK.

The SDK's own package imports itself whole, which would cost most of the plugin's start-up time; the generated
modules import only each other. So this package lends its name to their folder. Registering them beside the SDK's
own is harmless: the descriptors, and the classes made from them, are the same.
"""

from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pulumi.runtime.proto import (
        engine_pb2,
        engine_pb2_grpc,
        plugin_pb2,
        provider_pb2,
        provider_pb2_grpc,
        status_pb2,
    )
else:
    _sdk = find_spec("pulumi")
    if _sdk is None or not _sdk.submodule_search_locations:
        raise ImportError("the package `pulumi` is not installed")
    __path__ += [f"{folder}/runtime/proto" for folder in _sdk.submodule_search_locations]

    from relay_provider.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

__all__ = ["engine_pb2", "engine_pb2_grpc", "plugin_pb2", "provider_pb2", "provider_pb2_grpc", "status_pb2"]

"""Declares every room of rooms.yaml; `pulumi up` makes them so.

Started without Pulumi's language host, as PulumiPlugin.yaml has it, it is the plugin."""

import sys

if "pulumi" in sys.modules:
    import pulumi

    import relay_provider as relay

    rooms = relay.declare_rooms("rooms.yaml")

    pulumi.export("rooms", sorted(rooms))
else:
    from relay_provider.plugin import main

    sys.exit(main())

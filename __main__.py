"""Declares every room of rooms.yaml; `pulumi up` makes them so."""

import pulumi

import relay_provider as relay

rooms = relay.declare_rooms("rooms.yaml")

pulumi.export("rooms", sorted(rooms))

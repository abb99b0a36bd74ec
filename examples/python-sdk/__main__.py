"""Rooms in Python through the plugin and its generated SDK (`examples/` has the dynamic provider, too)."""

import pulumi
import pulumi_relay as relay

standup = relay.Room(
    "standup",
    max_participants=12,
    empty_timeout=900,
    metadata={"team": "core", "agenda": ["news", "blockers"]},
)
lobby = relay.Room("lobby")

limit: pulumi.Output[int] = lobby.max_participants  # 0: no limit
pulumi.export("sid", standup.sid)
pulumi.export("limit", limit)

# `pulumi config set evict user-123` disconnects somebody with the next `pulumi up`; a preview never does.
if evict := pulumi.Config().get("evict"):
    gone = relay.remove_participant_output(room=standup.name, identity=evict)
    pulumi.export("removed", gone.removed)

"""Rooms in Python with the package's own dynamic provider."""

import pulumi

import relay_provider as relay

standup = relay.Room(
    "standup",
    max_participants=12,
    empty_timeout=900,
    metadata={"team": "core", "agenda": ["news", "blockers"]},
)
lobby = relay.Room("lobby")

# Rooms behind another key than RELAY_API_KEY. The program and its state name the variable, and never hold the key;
# KeyRef("config", "lessonsKey") is what `pulumi config set --secret lessonsKey …` has set.
lessons = relay.ProjectRef("lessons", api_key=relay.KeyRef("env", "LESSONS_RELAY_KEY"))
courses = relay.RoomSet("courses", rooms={"math": {"max_participants": 30}, "physics": {}}, project=lessons)

# A function asks when it is called: inside `apply` once the rooms are made, and not in their first preview.
live = pulumi.Output.all(standup.sid, lobby.sid).apply(lambda _: relay.list_rooms())
pulumi.export("sid", standup.sid)
pulumi.export("live", live.apply(lambda rooms: [room.name for room in rooms]))

# `pulumi config set evict user-123` disconnects somebody with the next `pulumi up`; a preview never does.
if evict := pulumi.Config().get("evict"):
    gone = relay.remove_participant(standup.name, pulumi.Output.from_input(evict))
    pulumi.export("removed", gone.removed)

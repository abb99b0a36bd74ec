"""The examples in the schema's descriptions: per resource and function, in YAML, Python and TypeScript."""

from __future__ import annotations

from typing import Final


def _usage(*examples: tuple[str, str, str, str]) -> str:
    """The registry's markup for examples; the code generators keep each language's own."""
    shown = "".join(
        f"{{{{% example %}}}}\n### {title}\n\n"
        f"```typescript\n{typescript.strip()}\n```\n"
        f"```python\n{python.strip()}\n```\n"
        f"```yaml\n{yaml.strip()}\n```\n{{{{% /example %}}}}\n"
        for title, typescript, python, yaml in examples
    )
    return f"\n\n{{{{% examples %}}}}\n## Example Usage\n{shown}{{{{% /examples %}}}}\n"


_IMPORT: Final = """
## Import

A live room is imported by its name, which is its ID:

```sh
$ pulumi import relay:index:Room standup standup
```
"""

ROOM_USAGE: Final = (
    _usage(
        (
            "A room with settings",
            """
import * as relay from "pulumi-relay";

const standup = new relay.Room("standup", {
    maxParticipants: 12,
    emptyTimeout: 900,
    metadata: { team: "core" },
});
export const sid = standup.sid;
""",
            """
import pulumi
import pulumi_relay as relay

standup = relay.Room("standup", max_participants=12, empty_timeout=900, metadata={"team": "core"})
pulumi.export("sid", standup.sid)
""",
            """
resources:
  standup:
    type: relay:Room
    properties:
      maxParticipants: 12
      emptyTimeout: 900
      metadata:
        team: core
outputs:
  sid: ${standup.sid}
""",
        ),
        (
            "Rooms of two projects",
            """
import * as pulumi from "@pulumi/pulumi";
import * as relay from "pulumi-relay";

const webinars = new relay.Provider("webinars", {
    apiKey: new pulumi.Config().requireSecret("webinarsKey"),
});
const allHands = new relay.Room("all-hands", {}, { provider: webinars });
""",
            """
import pulumi
import pulumi_relay as relay

webinars = relay.Provider("webinars", api_key=pulumi.Config().require_secret("webinarsKey"))
all_hands = relay.Room("all-hands", opts=pulumi.ResourceOptions(provider=webinars))
""",
            """
config:
  webinarsKey:
    type: string
    secret: true
resources:
  webinars:
    type: pulumi:providers:relay
    properties:
      apiKey: ${webinarsKey}
  all-hands:
    type: relay:Room
    options:
      provider: ${webinars}
""",
        ),
    )
    + _IMPORT
)

GET_ROOM: Final = _usage(
    (
        "Who is in the room",
        """
import * as relay from "pulumi-relay";

const standup = relay.getRoomOutput({ name: "standup" });
export const people = standup.participants.apply(all => all.map(one => one.identity));
""",
        """
import pulumi
import pulumi_relay as relay

standup = relay.get_room_output(name="standup")
pulumi.export("people", standup.participants.apply(lambda all: [one.identity for one in all]))
""",
        """
variables:
  standup:
    fn::invoke:
      function: relay:getRoom
      arguments:
        name: standup
outputs:
  people: ${standup.participants}
""",
    )
)

GET_SAYNA_ROOM: Final = _usage(
    (
        "Agents in a room",
        """
import * as relay from "pulumi-relay";

const standup = relay.getSaynaRoomOutput({ name: "p_acme__standup" });
export const agents = standup.participants.apply(all => all.filter(one => one.kind === "AGENT").length);
""",
        """
import pulumi
import pulumi_relay as relay

standup = relay.get_sayna_room_output(name="p_acme__standup")
pulumi.export("agents", standup.participants.apply(lambda all: sum(one.kind == "AGENT" for one in all)))
""",
        """
variables:
  standup:
    fn::invoke:
      function: relay:getSaynaRoom
      arguments:
        name: p_acme__standup
outputs:
  people: ${standup.participants}
""",
    )
)

LIST_ROOMS: Final = _usage(
    (
        "Every active room",
        """
import * as relay from "pulumi-relay";

export const names = relay.listRoomsOutput().rooms.apply(all => all.map(room => room.name));
""",
        """
import pulumi
import pulumi_relay as relay

pulumi.export("names", relay.list_rooms_output().rooms.apply(lambda all: [room.name for room in all]))
""",
        """
variables:
  active:
    fn::invoke:
      function: relay:listRooms
      arguments: {}
outputs:
  rooms: ${active.rooms}
""",
    )
)

REMOVE_PARTICIPANT: Final = _usage(
    (
        "Disconnect somebody",
        """
import * as relay from "pulumi-relay";

export const removed = relay.removeParticipantOutput({ room: "standup", identity: "user-123" }).removed;
""",
        """
import pulumi
import pulumi_relay as relay

pulumi.export("removed", relay.remove_participant_output(room="standup", identity="user-123").removed)
""",
        """
variables:
  eviction:
    fn::invoke:
      function: relay:removeParticipant
      arguments:
        room: standup
        identity: user-123
outputs:
  removed: ${eviction.removed}
""",
    )
)

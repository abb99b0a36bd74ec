"""The programs and the manifest whose stacks are kept: two projects, keys as config secrets, secret metadata, sets."""

from __future__ import annotations

PYTHON = {
    "Pulumi.yaml": "name: rooms\nruntime: {name: python}\noptions: {refresh: always}\n",
    "__main__.py": """
import pulumi

import relay_provider as relay

standup = relay.Room("standup", max_participants=12, empty_timeout=900, metadata={"team": "core", "size": 12})
relay.Room("board", metadata={"agenda": pulumi.Config().require_secret("agenda")})
other = relay.ProjectRef("other", api_key=relay.KeyRef("config", "otherKey"))
relay.Room("of-other", name="lobby", project=other, force_destroy=True)
relay.RoomSet("classes", rooms={"math": {"max_participants": 30, "metadata": [1, 2]}, "physics": {}})
pulumi.export("standup", standup.name)
""",
}

YAML = {
    "Pulumi.yaml": """
name: rooms
runtime: yaml
options: {refresh: always}
plugins: {providers: [{name: relay, path: PLUGIN}]}
config:
  agenda: {type: string, secret: true}
  otherKey: {type: string, secret: true}
resources:
  standup:
    type: relay:Room
    properties: {maxParticipants: 12, emptyTimeout: 900, metadata: {team: core, size: 12}}
  board:
    type: relay:Room
    properties: {metadata: {agenda: "${agenda}"}}
  other:
    type: pulumi:providers:relay
    properties: {apiKey: "${otherKey}"}
  of-other:
    type: relay:Room
    properties: {name: lobby, forceDestroy: true}
    options: {provider: "${other}"}
  classes:
    type: relay:RoomSet
    properties:
      rooms: {math: {maxParticipants: 30, metadata: [1, 2]}, physics: {}}
outputs: {standup: "${standup.name}"}
""",
}

MANIFEST = """
version: 1
name: rooms
projects:
  acme:
    apiKey: KEY
    baseUrl: http://127.0.0.1:PORT/v1
    rooms:
      standup: {maxParticipants: 12, emptyTimeout: 900, metadata: {team: core, size: 12}}
      board: {metadata: {agenda: hiring}}
  other:
    apiKey: {env: OTHER_KEY}
    baseUrl: http://127.0.0.1:PORT/v1
    rooms: {lobby: {forceDestroy: true}}
  classes:
    apiKey: KEY
    baseUrl: http://127.0.0.1:PORT/v1
    grouped: true
    rooms: {math: {maxParticipants: 30, metadata: [1, 2]}, physics: }
"""
PASSPHRASE = {"PULUMI_CONFIG_PASSPHRASE": "of old"}
CHANGED = ("12,", "20,")
"""A limit of standup, in each of them."""
CONFIG = ("{config: acmeKey}", "{env: ACME_KEY}")

import pulumi

import relay_provider as relay

standup = relay.Room("standup", max_participants=12, empty_timeout=900, metadata={"team": "core", "size": 12})
relay.Room("board", metadata={"agenda": pulumi.Config().require_secret("agenda")})
other = relay.ProjectRef("other", api_key=relay.KeyRef("config", "otherKey"))
relay.Room("of-other", name="lobby", project=other, force_destroy=True)
relay.RoomSet("classes", rooms={"math": {"max_participants": 30, "metadata": [1, 2]}, "physics": {}})
pulumi.export("standup", standup.name)

resource "relay_room" "standup" {
  name             = "standup"
  max_participants = 12
  empty_timeout    = 900
  metadata         = { team = "core" } # a string, or any object
}

# On LiveKit:
resource "relay_room" "support" {
  provider = relay.livekit

  name = "support"
  livekit = {
    departure_timeout = 60
    agents            = [{ agent_name = "notes", metadata = jsonencode({ language = "en" }) }]
  }
}
